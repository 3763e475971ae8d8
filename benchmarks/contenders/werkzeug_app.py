"""The WSGI application behind the adapters: werkzeug routes, a Request, a Response."""

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

routes = Map(
    [
        Rule("/duck/<app_id>", methods=["GET"], endpoint="duck"),
        Rule("/echo", methods=["POST"], endpoint="echo"),
        Rule("/binary", methods=["POST"], endpoint="binary"),
    ]
)


def duck(request, values):
    def generator():
        yield f"{values['app_id']} <br>"

    return Response(generator(), status=200, content_type="text/html")


def echo(request, values):
    return Response(request.get_data(), content_type="application/json")


def binary(request, values):
    return Response(request.get_data(), content_type="application/octet-stream")


views = {"duck": duck, "echo": echo, "binary": binary}


def app(environ, start_response):
    adapter = routes.bind_to_environ(environ)
    try:
        endpoint, values = adapter.match()
        response = views[endpoint](Request(environ), values)
    except HTTPException as fault:
        response = fault
    return response(environ, start_response)
