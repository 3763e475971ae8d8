"""Replies in each source's form, whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.builders import alb, http_1, http_2, rest, url

Answer = Callable[..., dict[str, Any]]
COOKIES = """
response = Response("hi", content_type="text/plain")
response.headers.add("X-A", "1")
response.headers.add("x-a", "2")
response.headers.add("Set-Cookie", "a=1; Path=/")
response.headers.add("Set-Cookie", "b=2")
return response
"""
PLAIN = {"Content-Type": "text/plain", "Content-Length": "2"}


@pytest.mark.parametrize("event", [http_2(), url()])
def test_payload_2_0(answer: Answer, event: dict[str, Any]) -> None:
    assert answer(COOKIES, event) == {
        "statusCode": 200,
        "cookies": ["a=1; Path=/", "b=2"],
        "headers": {**PLAIN, "X-A": "1, 2"},
        "body": "hi",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("event", [rest(), http_1()])
def test_payload_1_0(answer: Answer, event: dict[str, Any]) -> None:
    assert answer(COOKIES, event) == {
        "statusCode": 200,
        "headers": PLAIN,
        "multiValueHeaders": {"X-A": ["1", "2"], "Set-Cookie": ["a=1; Path=/", "b=2"]},
        "body": "hi",
        "isBase64Encoded": False,
    }


def test_load_balancer_multi_value(answer: Answer) -> None:
    assert answer(COOKIES, alb(multi_value=True)) == {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "multiValueHeaders": {
            "Content-Type": ["text/plain"],
            "Content-Length": ["2"],
            "X-A": ["1", "2"],
            "Set-Cookie": ["a=1; Path=/", "b=2"],
        },
        "body": "hi",
        "isBase64Encoded": False,
    }


def test_load_balancer_single_value(answer: Answer) -> None:
    assert answer(COOKIES, alb()) == {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "headers": {**PLAIN, "X-A": "1, 2", "Set-Cookie": "a=1; Path=/", "set-Cookie": "b=2"},
        "body": "hi",
        "isBase64Encoded": False,
    }


def test_one_cookie(answer: Answer) -> None:
    invoke = 'response = Response(b""); response.set_cookie("a", "1"); return response'

    assert answer(invoke, url())["cookies"] == ["a=1; Path=/"]
    assert answer(invoke, rest())["headers"]["Set-Cookie"] == "a=1; Path=/"


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain", "h\u00e9", True),
        ("text/html; charset=latin-1", "h\u00e9", True),  # the bytes are UTF-8, they arrive as such
        ("text/plain", b"h\xe9", False),
        ("application/json", "{}", True),
        ("application/vnd.api+json", "{}", True),
        ("application/xml", "<a/>", True),
        ("application/atom+xml", "<a/>", True),
        ("image/svg+xml", "<svg/>", True),
        ("application/javascript", "1", True),
        ("APPLICATION/JSON", "{}", True),
        ("application/x-www-form-urlencoded", "a=1", True),
        ("application/octet-stream", "text", False),
        ("image/png", b"\x89PNG", False),
        ("application/pdf", b"%PDF", False),
        ("image/png", b"", True),
    ],
)
def test_text_or_base64(answer: Answer, content_type: str, body: str | bytes, text: bool) -> None:
    import base64

    reply = answer(f"return Response({body!r}, content_type={content_type!r})")

    data = body.encode() if isinstance(body, str) else body
    assert reply["isBase64Encoded"] is not text
    assert reply["body"] == (data.decode() if text else base64.b64encode(data).decode())
    assert reply["headers"]["Content-Length"] == str(len(data))


@pytest.mark.parametrize("types", [("text/plain",), ("text/*",), ("*/*",), (" Text/Plain ",)])
def test_binary_types(answer: Answer, types: tuple[str, ...]) -> None:
    reply = answer('return Response("hi", content_type="text/plain")', BINARY_TYPES=types)

    assert (reply["body"], reply["isBase64Encoded"]) == ("aGk=", True)


@pytest.mark.parametrize("types", [("a/x-log",), ("a/*",), ("*/*",), (" A/X-Log ",)])
@pytest.mark.parametrize("event", [http_2(), rest(), alb()])
def test_text_types(answer: Answer, event: dict[str, Any], types: tuple[str, ...]) -> None:
    reply = answer('return Response("hi", content_type="a/x-log; v=1")', event, TEXT_TYPES=types)

    assert (reply["body"], reply["isBase64Encoded"]) == ("hi", False)


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"\xff", {}),  # no UTF-8
        (b"hi", {"BINARY_TYPES": ("a/x-log",)}),
        (b"hi", {"BINARY_TYPES": ("*/*",)}),
        (b"hi", {"TEXT_TYPES": ("a/x-logs", "a/x", "/*x")}),
    ],
)
def test_text_types_that_go_as_base64_all_the_same(
    answer: Answer, body: bytes, more: dict[str, Any]
) -> None:
    options = {"TEXT_TYPES": ("a/x-log",)} | more
    reply = answer(f'return Response({body!r}, content_type="a/x-log")', **options)

    assert reply["isBase64Encoded"] is True


def test_encoded_content_of_a_text_type_is_base64(answer: Answer) -> None:
    headers = '{"Content-Encoding": "br"}'
    invoke = f'return Response("hi", content_type="a/x-log", headers={headers})'

    assert answer(invoke, TEXT_TYPES=("a/x-log",))["isBase64Encoded"] is True


def test_encoded_content_is_base64(answer: Answer) -> None:
    invoke = 'return Response("hi", content_type="text/plain", headers={"Content-Encoding": "br"})'

    assert answer(invoke)["isBase64Encoded"] is True


def test_no_content_type(answer: Answer) -> None:
    invoke = 'response = Response("hi"); del response.headers["Content-Type"]; return response'

    assert answer(invoke) == {
        "statusCode": 200,
        "headers": {"Content-Length": "2"},
        "body": "aGk=",
        "isBase64Encoded": True,
    }


def test_hop_by_hop_headers_are_dropped(answer: Answer) -> None:
    invoke = """
return Response("hi", content_type="text/plain", headers={
    "Connection": "close, X-Private", "Keep-Alive": "1", "Transfer-Encoding": "chunked",
    "TE": "trailers", "Trailer": "X", "Upgrade": "h2c", "Proxy-Connection": "close",
    "Proxy-Authenticate": "Basic", "X-Private": "1", "X-Public": "2"})
"""

    assert answer(invoke)["headers"] == {"Content-Type": "text/plain", "X-Public": "2"} | PLAIN


def test_wrong_content_length_is_put_right(answer: Answer) -> None:
    invoke = """
return Response("hi", content_type="text/plain", headers={"Content-Length": "999"})
"""

    assert answer(invoke)["headers"] == PLAIN


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("HEAD", 200, PLAIN),
        ("GET", 204, {"Content-Type": "text/plain"}),
        ("GET", 304, {}),
    ],
)
def test_no_body(answer: Answer, method: str, status: int, headers: dict[str, str]) -> None:
    reply = answer(
        f'return Response("hi", status={status}, content_type="text/plain")', url(method=method)
    )

    assert reply == {
        "statusCode": status,
        "headers": headers,
        "body": "",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ('Response(part for part in ["a", b"b", "c"])', "abc"),
        ('Response({"a": 1, "b": 2})', "ab"),
        ("Response(None)", ""),
        ("Response(bytearray(b'x'))", "x"),
        ("Response([b'x', memoryview(b'y')])", "xy"),
    ],
)
def test_kinds_of_bodies(answer: Answer, value: str, body: str) -> None:
    reply = answer(f"return {value}")

    assert (reply["statusCode"], reply["body"]) == (200, body)


@pytest.mark.parametrize(
    ("value", "body"), [("b'xy'", "xy"), ("'xy'", "xy"), ("None", ""), ("bytearray(b'x')", "x")]
)
def test_response_attribute_set_later(answer: Answer, value: str, body: str) -> None:
    reply = answer(f"response = Response(); response.response = {value}; return response")

    assert (reply["statusCode"], reply["body"]) == (200, body)


def test_files_ranges_and_etags(answer: Answer) -> None:
    invoke = """
import os
from werkzeug.utils import send_from_directory
return send_from_directory(os.getcwd(), "e1.py", r.environ)
"""

    whole = answer(invoke)
    part = answer(invoke, url(headers={"range": "bytes=0-3"}))
    etag = whole["headers"]["ETag"]
    unchanged = answer(invoke, url(headers={"if-none-match": etag}))

    assert whole["statusCode"] == 200 and whole["body"].startswith("from dify_plugin import")
    assert (part["statusCode"], part["body"], part["headers"]["Content-Length"]) == (
        206,
        "from",
        "4",
    )
    assert (unchanged["statusCode"], unchanged["body"]) == (304, "")


def test_reply_over_the_limit(answer: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    fits = answer("return Response(b'x' * 4_700_000, content_type='image/png')")
    reply = answer("return Response(b'x' * 4_800_000, content_type='image/png')")

    assert len(fits["body"]) == 6_266_668
    assert (reply["statusCode"], reply["headers"]["Content-Type"]) == (
        500,
        "text/html; charset=utf-8",
    )
    assert "the reply has 6400" in capsys.readouterr().err


def test_reply_over_the_limit_of_a_load_balancer(answer: Answer) -> None:
    invoke = "return Response('x' * 2_000_000, content_type='text/plain')"

    assert answer(invoke, alb())["statusCode"] == 500
    assert answer(invoke, rest())["statusCode"] == 200


def test_characters_that_json_escapes_count(answer: Answer) -> None:
    invoke = "return Response(chr(0) * 1_500_000, content_type='text/plain')"

    assert answer(invoke)["statusCode"] == 500
