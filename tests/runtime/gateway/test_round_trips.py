"""Requests through each source and back, against werkzeug's own environ; and any event at all."""

from __future__ import annotations

import base64
import io
from contextlib import redirect_stderr
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.gateway.environ import environ_of
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from endpoint_runtime.gateway.unknown_events import source_of
from tests.support.builders import alb, bundle_module, http_1, http_2, rest, url
from tests.support.generated import examples

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
SEGMENT = TEXT.filter(lambda text: text not in (".", ".."))
PATHS = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
PAIRS = st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=4)
NAMES = st.sampled_from(["X-A", "x-b", "Accept", "Authorization", "If-None-Match"])
VALUES = st.text(st.characters(codec="latin-1", min_codepoint=32), max_size=12).map(str.strip)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=5)
BODIES = st.binary(max_size=40)

SAFE = "/!$&'()*+,:;=@~"


def grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def event_of(
    source: str,
    path: str,
    pairs: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    body: bytes,
) -> dict[str, Any]:
    """What a gateway makes of a request with these parts."""
    encoded = quote(path, SAFE)
    query = "&".join(f"{quote(name, '')}={quote(value, '')}" for name, value in pairs)
    common: dict[str, Any] = {"method": "POST"}
    if body:
        common |= {"body": base64.b64encode(body).decode(), "is_base64": True}
    if source in ("http-2.0", "url"):
        joined = {name: ",".join(values) for name, values in grouped(headers).items()}
        make = http_2 if source == "http-2.0" else url
        path = path if source == "http-2.0" else encoded
        return make(path=path, query=query, headers=joined, **common)
    common |= {"headers": grouped(headers)}
    if source == "http-1.0":
        return http_1(path=path, query=grouped(pairs) or None, **common)
    if source == "rest":
        return rest(path=encoded, query=grouped(pairs) or None, **common)
    still_encoded = [(quote(name, ""), quote(value, "")) for name, value in pairs]
    return alb(path=encoded, query=grouped(still_encoded), multi_value=True, **common)


SOURCES = ["rest", "http-1.0", "http-2.0", "url", "alb"]


@pytest.mark.parametrize("source", SOURCES)
@given(path=PATHS, pairs=PAIRS, headers=HEADERS, body=BODIES)
@example(path="/%2F%25/\u00e9+; /", pairs=[("a b", "&=+%")], headers=[("x-b", "\u00e9")], body=b"")
def test_request(
    source: str,
    path: str,
    pairs: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    body: bytes,
) -> None:
    event = event_of(source, path, pairs, headers, body)

    request = Request(environ_of(event, None, source_of(event)))

    # A path with two leading slashes is a host for the builder, and werkzeug matches it as one.
    expected = Request(EnvironBuilder(quote("/" + path.lstrip("/"), "/")).get_environ())
    assert source_of(event) == source
    assert request.path == expected.path
    # Maps keep the values of one name together; between names the order is the first's.
    assert list(request.args.lists()) == list(grouped(pairs).items())
    assert request.get_data() == body
    for name, values in grouped([(name.lower(), value) for name, value in headers]).items():
        text = request.headers[name].encode("latin-1").decode("utf-8")
        assert text.replace(", ", ",") == ",".join(values).replace(", ", ",")


def echo_application() -> Application:
    """An application without a file: its class stands in the cache of loaded ones."""

    from werkzeug.wrappers import Response

    from dify_plugin import Endpoint

    class Echo(Endpoint):
        def _invoke(self, r: Request, values: Any, settings: Any) -> Response:
            response = Response(r.get_data(), content_type=r.headers.get("X-Type", "text/plain"))
            response.headers["X-Status"] = str(len(r.args))
            return response

    routes = [("/", "GET", "e"), ("/<path:p>", "GET", "e"), ("/<path:p>", "POST", "e")]
    application = Application(bundle_module(ROUTES=routes), "/")
    application._classes["e"] = Echo
    return application


@pytest.mark.parametrize("source", SOURCES)
@given(body=BODIES, content_type=st.sampled_from(["text/plain", "image/png", "application/json"]))
def test_body_comes_back(source: str, body: bytes, content_type: str) -> None:
    event = event_of(source, "/a", [], [("X-Type", content_type)], body)

    with redirect_stderr(io.StringIO()):
        reply = answer_event(echo_application(), event, None)

    text = reply["body"]
    assert (base64.b64decode(text) if reply["isBase64Encoded"] else text.encode()) == body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
EVENT = sorted({*http_2(), *rest(), "cookies"})
CONTEXT = sorted({*http_2()["requestContext"], *rest()["requestContext"], "elb", "customDomain"})


@examples(100)
@given(
    base=st.sampled_from(["rest", "http-1.0", "http-2.0", "url", "alb"]),
    changes=st.dictionaries(st.sampled_from(EVENT), JSON, max_size=4),
    context=st.dictionaries(st.sampled_from(CONTEXT), JSON, max_size=3),
)
def test_any_event_has_a_valid_reply(
    base: str, changes: dict[str, Any], context: dict[str, Any]
) -> None:
    event = event_of(base, "/a", [("a", "b")], [("X-A", "1")], b"x")
    event["requestContext"] |= context
    event |= changes

    with redirect_stderr(io.StringIO()):
        try:
            reply = answer_event(echo_application(), event, None)
        except NotAnHttpEvent:
            return

    assert isinstance(reply["statusCode"], int) and reply["statusCode"] in (200, 308, 400, 404, 405)
    assert isinstance(reply["body"], str) and isinstance(reply["isBase64Encoded"], bool)
    for values in (reply.get("headers", {}).values(), *reply.get("multiValueHeaders", {}).values()):
        assert all(isinstance(value, str) for value in values)
    assert not reply["isBase64Encoded"] or base64.b64decode(reply["body"], validate=True)
