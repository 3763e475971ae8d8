"""`gzip = true`: what is compressed, for whom, and what else that changes."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from werkzeug.test import Client

from endpoint_runtime.app.application import Application
from endpoint_runtime.gateway.compression import accepts_gzip, compress
from tests.support.builders import alb, endpoint, http_1, http_2, rest, url

Answer = Callable[..., dict[str, Any]]
TEXT = 'Response("a\u00e9" * 2000, content_type="text/plain")'
ACCEPTED: dict[str, Any] = {"headers": {"accept-encoding": "gzip, br"}}
IN_LISTS: dict[str, Any] = {"headers": {"accept-encoding": ["gzip, br"]}}


@pytest.mark.parametrize(
    "event",
    [
        http_2(**ACCEPTED),
        url(**ACCEPTED),
        rest(**IN_LISTS),
        http_1(**IN_LISTS),
        alb(**IN_LISTS),
        alb(**IN_LISTS, multi_value=True),
    ],
)
def test_a_compressed_reply(answer: Answer, event: dict[str, Any]) -> None:
    reply = answer(f"return {TEXT}", event, GZIP=True)

    body = base64.b64decode(reply["body"])
    headers = reply.get("headers") or {n: v for n, [v] in reply["multiValueHeaders"].items()}
    assert (reply["statusCode"], reply["isBase64Encoded"]) == (200, True)
    assert headers == {
        "Content-Type": "text/plain",
        "Content-Length": str(len(body)),
        "Vary": "Accept-Encoding",
        "Content-Encoding": "gzip",
    }
    assert gzip.decompress(body) == ("a\u00e9" * 2000).encode()


@pytest.mark.parametrize(("types", "encoding"), [(("a/x-log",), "gzip"), ((), None)])
def test_what_text_types_names_is_text(
    answer: Answer, types: tuple[str, ...], encoding: str | None
) -> None:
    invoke = 'return Response("a" * 2000, content_type="a/x-log")'

    reply = answer(invoke, url(**ACCEPTED), GZIP=True, TEXT_TYPES=types)

    assert reply["headers"].get("Content-Encoding") == encoding


def test_not_without_being_asked_to(answer: Answer) -> None:
    assert answer(f"return {TEXT}", url(**ACCEPTED))["headers"] == {
        "Content-Type": "text/plain",
        "Content-Length": "6000",
    }


def test_a_client_that_does_not_accept_it(answer: Answer) -> None:
    reply = answer(f"return {TEXT}", url(), GZIP=True)

    assert reply == {
        "statusCode": 200,
        "headers": {
            "Content-Type": "text/plain",
            "Content-Length": "6000",
            "Vary": "Accept-Encoding",
        },
        "body": "a\u00e9" * 2000,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("change", "method"),
    [
        ("response.status_code = 204", "GET"),
        ("response.status_code = 304", "GET"),
        ("response.status_code = 206", "GET"),
        ("pass", "HEAD"),
        ("response.data = 'x' * 1023", "GET"),
        ("response.data = __import__('os').urandom(2000)", "GET"),
        ("response.mimetype = 'image/png'", "GET"),
        ("response.headers['Content-Encoding'] = 'br'", "GET"),
        ("response.headers['Content-Range'] = 'bytes 0-3/10'", "GET"),
        ("response.headers['Cache-Control'] = 'public, no-transform'", "GET"),
    ],
)
def test_what_is_left_as_it_is(answer: Answer, change: str, method: str) -> None:
    invoke = f"response = {TEXT}\n{change}\nreturn response"

    reply = answer(invoke, url(method=method, **ACCEPTED), GZIP=True)

    assert reply["headers"].get("Content-Encoding") in (None, "br")


def test_an_etag_becomes_weak_and_ranges_go(answer: Answer) -> None:
    invoke = f"""
response = {TEXT}
response.headers.update({{"ETag": '"1"', "Accept-Ranges": "bytes", "Vary": "Origin"}})
return response
"""

    reply = answer(invoke, url(**ACCEPTED), GZIP=True)

    assert reply["headers"]["ETag"] == 'W/"1"'
    assert reply["headers"]["Vary"] == "Origin, Accept-Encoding"
    assert "Accept-Ranges" not in reply["headers"]


@pytest.mark.parametrize(
    ("vary", "sent"), [("*", ["*"]), ("Origin, accept-encoding", ["Origin, accept-encoding"])]
)
def test_vary_that_says_so_already(vary: str, sent: list[str]) -> None:
    headers, _ = compress([("Content-Type", "text/plain"), ("Vary", vary)], b"x" * 2000, 200, "")

    assert [value for name, value in headers if name == "Vary"] == sent


def test_a_weak_etag_stays() -> None:
    headers, _ = compress(
        [("Content-Type", "text/plain"), ("ETag", 'W/"1"')], b"x" * 2000, 200, "gzip"
    )

    assert ("ETag", 'W/"1"') in headers


def test_a_reply_that_is_too_large_otherwise(answer: Answer) -> None:
    invoke = "return Response('x' * 7_000_000, content_type='text/plain')"

    assert answer(invoke, url(), GZIP=True)["statusCode"] == 500
    assert answer(invoke, url(**ACCEPTED), GZIP=True)["statusCode"] == 200


def test_through_wsgi(make_application: Callable[..., Application]) -> None:
    source = endpoint(f"return {TEXT}")
    routes = [("/", "GET", "e.py")]
    client = Client(make_application({"e.py": source}, ROUTES=routes, GZIP=True))

    response = client.get("/", headers={"Accept-Encoding": "gzip"})

    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Length"] == str(len(response.data))
    assert gzip.decompress(response.data).decode() == "a\u00e9" * 2000
    assert client.get("/").text == "a\u00e9" * 2000
    assert client.head("/", headers={"Accept-Encoding": "gzip"}).headers["Content-Length"] == "6000"


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip;q=0.001", True),
        ("gzip ; q = 0.5", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip", True),
        ("gzip;q=x", False),
        ("gzip;level=1", True),
    ],
)
def test_accepting(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


CODINGS = st.sampled_from(["gzip", "br", "*", "deflate"])
WEIGHTS = st.sampled_from([0, 0.1, 0.5, 1])


@given(entries=st.lists(st.tuples(CODINGS, WEIGHTS), max_size=4, unique_by=lambda entry: entry[0]))
def test_accepting_as_werkzeug_reads_it(entries: list[tuple[str, float]]) -> None:
    header = ", ".join(f"{coding};q={weight}" for coding, weight in entries)

    weights = dict(parse_accept_header(header, Accept))

    assert accepts_gzip(header) is (weights.get("gzip", weights.get("*", 0)) > 0)
