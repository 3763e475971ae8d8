"""The ways past werkzeug: an event's reply is what WSGI, and the general way, make of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request, Response

from dify_plugin import Endpoint
from endpoint_runtime.app import invocation
from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from tests.support.builders import alb, bundle_module, http_1, http_2, rest, url
from tests.support.generated import examples

Make = Callable[[], Response]
EVENTS: dict[str, Callable[..., dict[str, Any]]] = {
    "rest": rest,
    "http-1.0": http_1,
    "http-2.0": http_2,
    "url": url,
    "alb": alb,
}


class OtherResponse(Response):
    """As frameworks have their own: headers and body made late."""

    default_mimetype = "text/html"
    autocorrect_location_header = True

    def get_wsgi_headers(self, environ: Any) -> Any:
        headers = super().get_wsgi_headers(environ)
        headers["X-Late"] = "1"
        return headers

    def iter_encoded(self) -> Iterator[bytes]:
        yield b"("
        yield from super().iter_encoded()
        yield b")"


PARTS = st.sampled_from(["", "a", "\u00e9", b"", b"b", b"\xff\x00", "x" * 50])
BODIES = st.one_of(
    st.none(),
    PARTS,
    st.lists(PARTS, max_size=3),
    st.lists(PARTS, max_size=3).map(tuple),
    st.lists(PARTS, max_size=3).map(lambda parts: ("generator", parts)),
)
HEADERS = st.lists(
    st.sampled_from(
        [
            ("X-A", "1"),
            ("x-a", "2"),
            ("X-B", "\u00e9"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Location", "/caf\u00e9?q=\u00fc"),
            ("Content-Location", "/x"),
            ("Content-Length", "999"),
            ("Content-Type", "application/json"),
            ("Content-Encoding", "identity"),
            ("Content-Encoding", "br"),
            ("Connection", "close, X-A"),
            ("Transfer-Encoding", "chunked"),
            ("ETag", '"e"'),
        ]
    ),
    max_size=5,
)
TYPES = st.sampled_from(
    [None, "text/plain", "text/html; charset=latin-1", "image/png", "application/vnd.a+json", "x"]
)
STATUSES: st.SearchStrategy[int | str] = st.sampled_from(
    [200, 201, 204, 206, 304, 404, 500, "299 Odd", 100]
)


@st.composite
def responses(draw: st.DrawFn) -> Make:
    """A function that makes the same response again and again."""
    cls = draw(st.sampled_from([Response, Response, Response, OtherResponse]))
    body, headers = draw(BODIES), draw(HEADERS)
    status, content_type = draw(STATUSES), draw(TYPES)
    passthrough, counted = draw(st.booleans()), draw(st.booleans())

    def make() -> Response:
        content: Any = body
        if isinstance(body, tuple) and body[:1] == ("generator",):
            content = (part for part in body[1])
        response = cls(content, status=status, content_type=content_type)
        for name, value in headers:
            response.headers.add(name, value)
        response.automatically_set_content_length = counted
        # What passes through is bytes by contract.
        whole = content if isinstance(content, list | tuple) else ()
        if passthrough and whole and all(isinstance(part, bytes) for part in whole):
            response.direct_passthrough = True
        return response

    return make


def application_of(make: Make) -> Application:
    class Made(Endpoint):
        def _invoke(self, r: Request, values: Any, settings: Any) -> Response:
            return make()

    routes = [("/a", "GET", "e")]
    application = Application(bundle_module(ROUTES=routes), "/")
    application._classes["e"] = Made
    return application


def in_general(application: Application, event: dict[str, Any]) -> dict[str, Any]:
    """The reply without what is there for plain responses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(invocation, "plain_reply", lambda *parts: None)
        return answer_event(application, event, None)


def plain(reply: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [*reply["headers"].items()]
    for name, values in reply.get("multiValueHeaders", {}).items():
        headers += [(name, value) for value in values]
    headers += [("Set-Cookie", value) for value in reply.get("cookies", ())]
    body = reply["body"]
    data = base64.b64decode(body) if reply["isBase64Encoded"] else body.encode()
    return reply["statusCode"], sorted(headers), data


@pytest.mark.parametrize("source", EVENTS)
@examples(80)
@given(make=responses(), method=st.sampled_from(["GET", "GET", "HEAD"]))
def test_a_plain_reply_is_the_general_one(source: str, make: Make, method: str) -> None:
    application, event = application_of(make), EVENTS[source](method=method)

    with redirect_stderr(io.StringIO()):
        reply = answer_event(application, event, None)
        expected = in_general(application, event)

    assert reply == expected
    assert [*reply["headers"]] == [*expected["headers"]]


@examples(200)
@given(make=responses(), method=st.sampled_from(["GET", "GET", "HEAD"]))
def test_wsgi_answers_alike(make: Make, method: str) -> None:
    application = application_of(make)
    # A stream's own Content-Length is sent before the stream is known.
    assume(make().is_sequence or "Content-Length" not in make().headers)
    event = rest(method=method)
    base_url = f"https://{event['requestContext']['domainName']}/prod"
    environ = EnvironBuilder("/a", base_url, method=method).get_environ()

    with redirect_stderr(io.StringIO()):
        reply = answer_event(application, event, None)
        body, status, headers = run_wsgi_app(application, environ, buffered=True)

    # Through WSGI values are latin-1; a repeated header (case apart) keeps its first spelling here.
    first: dict[str, str] = {}
    sent = []
    for name, value in headers:
        name = first.setdefault(name.lower(), name)
        sent.append((name, value.encode("latin-1").decode("utf-8")))
    answer = int(status.split()[0]), sorted(sent), b"".join(body)
    code, expected, data = plain(reply)
    if code == 204:  # whose type WSGI's own check refuses
        expected = [header for header in expected if header[0].lower() != "content-type"]
    assert answer == (code, expected, data)
