from a2wsgi import WSGIMiddleware
from mangum import Mangum

from contenders.werkzeug_app import app

handler = Mangum(WSGIMiddleware(app), lifespan="off")
