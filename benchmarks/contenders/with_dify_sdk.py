"""An endpoint of the real SDK, called by hand: the least that a function with it must do."""

from werkzeug import Request, Response

from dify_plugin import Endpoint
from dify_plugin.core.runtime import Session


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        def generator():
            yield f"{values['app_id']} <br>"

        return Response(generator(), status=200, content_type="text/html")


def handler(event, context):
    path = event["rawPath"]
    request = Request({"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.url_scheme": "https"})
    values = {"app_id": path.rpartition("/")[2]}
    response = Duck(Session.empty_session()).invoke(request, values, {})
    return {
        "statusCode": response.status_code,
        "headers": dict(response.headers),
        "body": response.get_data(as_text=True),
    }
