import base64
import os

os.environ["POWERTOOLS_TRACE_DISABLED"] = "1"
from aws_lambda_powertools.event_handler import (
    APIGatewayHttpResolver,
    APIGatewayRestResolver,
    Response,
)

v1, v2 = APIGatewayRestResolver(), APIGatewayHttpResolver()
for app in (v1, v2):

    @app.get("/duck/<app_id>")
    def duck(app_id):
        return Response(200, "text/html", f"{app_id} <br>")

    @app.post("/echo")
    def echo(app=app):
        return Response(200, "application/json", app.current_event.body)

    @app.post("/binary")
    def binary(app=app):
        # `decoded_body` fails on bytes that are not UTF-8.
        body = base64.b64decode(app.current_event.body)
        return Response(200, "application/octet-stream", body)


def handler(event, context):
    return (v2 if event.get("version") == "2.0" else v1).resolve(event, context)
