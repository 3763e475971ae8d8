"""The group as a WSGI application: the same answers as through events, generators streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest
from werkzeug.test import Client, EnvironBuilder

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from tests.support.builders import endpoint, url

MakeApplication = Callable[..., Application]
SOURCES = {
    "text.py": endpoint("""
response = Response(f"{r.url} {r.get_data()!r}", content_type="text/plain")
response.headers.add("Set-Cookie", "a=1")
response.headers.add("Set-Cookie", "b=2")
response.headers["Connection"] = "close"
return response
"""),
    "stream.py": endpoint("return Response(part for part in ['a', b'b', bytearray(b'c')])"),
    "early.py": endpoint("return Response(str(1 / part) for part in [0, 1])"),
    "late.py": endpoint("return Response(str(1 / part) for part in [1, 0])"),
    "none.py": endpoint("return None"),
    "raise.py": endpoint("raise KeyError('x')"),
    "empty.py": endpoint("return Response('x', status=204)"),
    "file.py": endpoint("""
import os
from werkzeug.utils import send_from_directory
return send_from_directory(os.getcwd(), "empty.py", r.environ)
"""),
}


@pytest.fixture
def application(make_application: MakeApplication) -> Application:
    routes = [
        (f"/{source[:-3]}", method, source) for source in SOURCES for method in ("GET", "POST")
    ]
    return make_application(SOURCES, ROUTES=[*routes, ("/slash/", "GET", "text.py")])


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "path", [*(f"/{source[:-3]}" for source in SOURCES if source != "late.py"), "/slash", "/no"]
)
def test_same_answers_as_through_events(application: Application, method: str, path: str) -> None:
    event = url(method=method, path=path, query="a=1", body="b\u00e9" if method == "POST" else None)
    reply = answer_event(application, event, None)
    builder = EnvironBuilder(
        path,
        "https://abc.lambda-url.eu-west-1.on.aws/",
        query_string="a=1",
        method=method,
        data="b\u00e9".encode() if method == "POST" else None,
    )

    response = Client(application).open(builder)

    assert response.status_code == reply["statusCode"]
    headers = {name: value for name, value in response.headers if name != "Set-Cookie"}
    if response.status_code == 204:  # WSGI's own check refuses the type of a 204
        headers["Content-Type"] = "text/plain; charset=utf-8"
    assert headers == reply["headers"]
    assert response.headers.getlist("Set-Cookie") == reply.get("cookies", [])
    assert response.get_data(as_text=True) == reply["body"]
    response.close()


@pytest.mark.parametrize("path", [f"/{source[:-3]}" for source in SOURCES if source != "late.py"])
def test_validates(application: Application, path: str) -> None:
    environ = EnvironBuilder(path, method="GET").get_environ()
    statuses: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[..., None]:
        statuses.append(status)
        return lambda data: None

    body = validator(application)(environ, start_response)
    b"".join(body)
    body.close()  # type: ignore[attr-defined]

    assert statuses


def test_streams(application: Application) -> None:
    pieces = run(application, "/stream")

    assert (next(pieces), next(pieces), next(pieces)) == (b"a", b"b", b"c")


def test_a_stream_that_fails_later_is_cut(
    application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = run(application, "/late")

    assert next(pieces) == b"1.0"
    # The server logs what it gets, and masks nothing: no text of the plugin's.
    with pytest.raises(RuntimeError, match=r"^the response's body failed; the runtime's log"):
        next(pieces)
    assert "ZeroDivisionError: " in capsys.readouterr().err


def run(application: Application, path: str) -> Iterator[bytes]:
    environ = EnvironBuilder(path).get_environ()
    return iter(application(environ, lambda *args: None))


def test_headers_of_a_server_are_treated_alike(make_application: MakeApplication) -> None:
    source = endpoint("return Response(repr(sorted(r.headers.items())))")
    application = make_application({"e.py": source}, ROUTES=(("/", "GET", "e.py"),))
    forged = {
        "Dify-Hook-Id": "forged",
        "X-Forwarded-For": "forged",
        "X-Real-Ip": "forged",
        "X-Original-Url": "forged",
        "X-Other": "1",
    }

    text = Client(application).get("/", headers=forged, base_url="http://x.test/p/").text

    assert text == repr(
        [
            ("Dify-Hook-Id", "TestFunction"),
            ("Dify-Hook-Url", "http://x.test/p/"),
            ("Host", "x.test"),
            ("X-Other", "1"),
        ]
    )


def test_body_over_the_limit(make_application: MakeApplication) -> None:
    application = make_application(MAX_BODY=5, ROUTES=(("/", "POST", "endpoints/echo.py"),))
    client = Client(application)

    assert client.post("/", data=b"12345").status_code == 200
    assert client.post("/", data=b"123456").status_code == 413
