from apig_wsgi import make_lambda_handler

from contenders.werkzeug_app import app

handler = make_lambda_handler(app, binary_support=True)
