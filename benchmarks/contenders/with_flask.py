from apig_wsgi import make_lambda_handler
from flask import Flask, Response

app = Flask(__name__)


@app.get("/duck/<app_id>")
def duck(app_id):
    def generator():
        yield f"{app_id} <br>"

    return Response(generator(), status=200, content_type="text/html")


handler = make_lambda_handler(app, binary_support=True)
