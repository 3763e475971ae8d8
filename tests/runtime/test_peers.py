"""Differential tests: where other adapters are right, the application answers alike under them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from endpoint_runtime.application import Application
from endpoint_runtime.invocation import answer_event
from tests.runtime.builders import endpoint, http_2, rest, url

mangum = pytest.importorskip("mangum")
a2wsgi = pytest.importorskip("a2wsgi")
awsgi = pytest.importorskip("awsgi")

SOURCE = endpoint("""
response = Response(
    f"{r.method} {r.path} {sorted(r.args.items(multi=True))} {r.get_data()} {r.headers.get('x-a')}",
    content_type="text/plain; charset=utf-8",
)
response.headers["X-B"] = "b"
return response
""")


@pytest.fixture
def application(make_application: Callable[..., Application]) -> Application:
    routes = [(rule, method, "e.py") for rule in ("/", "/<p>/") for method in ("GET", "POST")]
    return make_application({"e.py": SOURCE}, ROUTES=routes)


def plain(reply: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    """A reply without its form: names in lower case, as HTTP compares them."""
    headers = {name.lower(): value for name, value in (reply.get("headers") or {}).items()}
    for name, values in (reply.get("multiValueHeaders") or {}).items():
        headers[name.lower()] = ", ".join(values)
    return int(reply["statusCode"]), headers, reply["body"]


class Context:
    aws_request_id = "id"


EVENTS: dict[str, dict[str, Any]] = {
    "get": {"path": "/"},
    "not found": {"path": "/a/b/c"},
    "post": {"path": "/x/", "method": "POST", "body": "h\u00e9"},
    "binary": {"path": "/x/", "method": "POST", "body": "AP8=", "is_base64": True},
    "method": {"path": "/x/", "method": "PUT"},
}


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("make", [rest, http_2, url])
def test_mangum_with_a2wsgi(
    application: Application, make: Callable[..., dict[str, Any]], name: str
) -> None:
    event = make(**EVENTS[name])
    length = {"post": "3", "binary": "2"}.get(name, "0")  # any client says it, a2wsgi needs it
    event["headers"]["content-length"] = length
    if "multiValueHeaders" in event:
        event["multiValueHeaders"]["content-length"] = [length]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of event loops, theirs
        handler = mangum.Mangum(a2wsgi.WSGIMiddleware(application), lifespan="off")
        theirs = handler(event, Context())

    assert plain(theirs) == plain(answer_event(application, event, None))


@pytest.mark.parametrize("name", [name for name in EVENTS if name != "binary"])
def test_aws_wsgi(application: Application, name: str) -> None:
    event = rest(**EVENTS[name])
    event["queryStringParameters"] = {"a": "b c"}
    event["multiValueQueryStringParameters"] = {"a": ["b c"]}

    theirs = awsgi.response(application, dict(event), Context())

    assert plain(theirs) == plain(answer_event(application, event, None))
