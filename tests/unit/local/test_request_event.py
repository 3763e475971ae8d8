"""Events made of HTTP requests: whole shapes, and the way back through the runtime."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint_runtime.gateway.environ import environ_of
from endpoint_runtime.gateway.unknown_events import source_of
from packager.errors import UsageError
from packager.local.request_event import (
    PAYLOADS,
    Arrival,
    Payload,
    make_event,
    parse_header,
    parse_request,
)

NOW = 1583348638.390
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
TRACE = "Root=1-5e5ffb9e-c6af9ac67b6111e69a4193e8"
URL = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws"
HEADERS = [
    ("Cookie", "a=1; b=2"),
    ("X-Twice", "1"),
    ("X-Twice", "2"),
    ("Content-Type", "application/json"),
]


def event(
    method: str,
    target: str,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    payload: Payload = "2.0",
) -> dict[str, Any]:
    return make_event(method, target, headers or [], body, payload, Arrival(NOW, REQUEST_ID))


def test_a_rest_api_event() -> None:
    assert event("POST", "/duck/4%2F2?a=1&a=%C3%A9&b", HEADERS, b'{"x": 1}', "1.0") == {
        "resource": "/{proxy+}",
        "path": "/duck/4%2F2",
        "httpMethod": "POST",
        "headers": {
            "Accept": "*/*",
            "Host": "api.example.com",
            "User-Agent": "packager",
            "Content-Length": "8",
            "Cookie": "a=1; b=2",
            "X-Twice": "2",
            "Content-Type": "application/json",
            "X-Amzn-Trace-Id": TRACE,
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Port": "443",
            "X-Forwarded-Proto": "https",
        },
        "multiValueHeaders": {
            "Accept": ["*/*"],
            "Host": ["api.example.com"],
            "User-Agent": ["packager"],
            "Content-Length": ["8"],
            "Cookie": ["a=1; b=2"],
            "X-Twice": ["1", "2"],
            "Content-Type": ["application/json"],
            "X-Amzn-Trace-Id": [TRACE],
            "X-Forwarded-For": ["127.0.0.1"],
            "X-Forwarded-Port": ["443"],
            "X-Forwarded-Proto": ["https"],
        },
        "queryStringParameters": {"a": "é", "b": ""},
        "multiValueQueryStringParameters": {"a": ["1", "é"], "b": [""]},
        "pathParameters": {"proxy": "duck/4%2F2"},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "extendedRequestId": "c6af9ac67b6111e=",
            "httpMethod": "POST",
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": "127.0.0.1",
                "user": None,
                "userAgent": "packager",
                "userArn": None,
            },
            "path": "/duck/4%2F2",
            "protocol": "HTTP/1.1",
            "requestId": REQUEST_ID,
            "requestTime": "04/Mar/2020:19:03:58 +0000",
            "requestTimeEpoch": 1583348638390,
            "resourceId": "a1b2c3",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": '{"x": 1}',
        "isBase64Encoded": False,
    }


def test_an_http_api_event() -> None:
    assert event("POST", "/duck/%C3%A9?a=1&a=%C3%A9&b", HEADERS, b'{"x": 1}') == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/duck/é",
        "rawQueryString": "a=1&a=%C3%A9&b",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "accept": "*/*",
            "host": "api.example.com",
            "user-agent": "packager",
            "content-length": "8",
            "x-twice": "1,2",
            "content-type": "application/json",
            "x-amzn-trace-id": TRACE,
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"a": "1,é", "b": ""},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": "POST",
                "path": "/duck/é",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "packager",
            },
            "requestId": REQUEST_ID,
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "body": '{"x": 1}',
        "isBase64Encoded": False,
    }


def test_a_function_url_event() -> None:
    assert event("GET", "/duck/%C3%A9", payload="url") == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/duck/%C3%A9",
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "host": URL,
            "user-agent": "packager",
            "x-amzn-trace-id": TRACE,
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "domainName": URL,
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {
                "method": "GET",
                "path": "/duck/%C3%A9",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "packager",
            },
            "requestId": REQUEST_ID,
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("payload", "content_type", "body", "expected"),
    [
        ("1.0", "image/png", b"text", ("text", False)),
        ("1.0", "text/plain", b"\xff", ("/w==", True)),
        ("1.0", "", b"", (None, False)),
        ("2.0", "image/png", b"text", ("dGV4dA==", True)),
        ("2.0", "text/plain; charset=latin-1", b"\xff", ("/w==", True)),
        ("2.0", "", "é".encode(), ("é", False)),
        ("2.0", "", b"", (None, False)),
        ("url", "multipart/form-data; boundary=x", b"--x--", ("LS14LS0=", True)),
        ("url", "application/json; charset=utf-8", b"{}", ("{}", False)),
    ],
)
def test_bodies(
    payload: Payload, content_type: str, body: bytes, expected: tuple[str | None, bool]
) -> None:
    headers = [("Content-Type", content_type)] if content_type else []
    made = event("POST", "/", headers, body, payload)
    assert (made.get("body"), made["isBase64Encoded"]) == expected


def test_the_gateway_s_headers_can_t_be_forged() -> None:
    forged = [
        ("X-Forwarded-For", "1.2.3.4"),
        ("x-forwarded-proto", "gopher"),
        ("X-Forwarded-Port", "70"),
        ("X-Amzn-Trace-Id", "mine"),
    ]
    headers = event("GET", "/", forged)["headers"]
    assert headers["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-port"] == "443"
    assert headers["x-amzn-trace-id"] == TRACE


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_the_client_says_goes_before_what_clients_usually_say(payload: Payload) -> None:
    given_headers = [("host", "cats.test:8443"), ("user-agent", "curl/8"), ("accept", "a/b")]
    made = event("PUT", "/", given_headers, b"x", payload)
    assert {name.lower(): value for name, value in made["headers"].items()} == {
        "content-length": "1",
        "host": "cats.test:8443",
        "user-agent": "curl/8",
        "accept": "a/b",
        "x-amzn-trace-id": TRACE,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    domain = URL if payload == "url" else "cats.test"
    assert made["requestContext"]["domainName"] == domain


def test_each_event_has_an_id_and_a_time_of_its_own() -> None:
    first, second = (make_event("GET", "/")["requestContext"] for _ in range(2))
    assert first["requestId"] != second["requestId"]
    assert first["timeEpoch"] > 1_700_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /duck/42", ("GET", "/duck/42")),
        ("post   /a b?c=d e ", ("POST", "/a b?c=d e")),
        ("/duck", (None, "/duck")),
    ],
)
def test_parse_request(text: str, expected: tuple[str | None, str]) -> None:
    assert parse_request(text) == expected


@pytest.mark.parametrize("text", ["", "GET", "duck", "GET duck", "G3T /", "/a /b"])
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_request(text)
    assert (str(raised.value), raised.value.hint) == (
        f"a request is a method and a path, not {text!r}",
        "for example 'GET /duck/42?x=1'",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("A: b: c ", ("A", "b: c")), ("X-Empty:", ("X-Empty", "")), ("a:b", ("a", "b"))],
)
def test_parse_header(text: str, expected: tuple[str, str]) -> None:
    assert parse_header(text) == expected


@pytest.mark.parametrize("text", ["", ":", "no colon", " A: b", "A : b", "é: b"])
def test_what_is_no_header(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_header(text)
    assert str(raised.value) == f"a header is a name, a colon and a value, not {text!r}"


def test_a_target_is_a_path() -> None:
    with pytest.raises(UsageError) as raised:
        make_event("GET", "duck")
    assert str(raised.value) == "a request's path starts with /, not 'duck'"


SEGMENT = st.text(st.characters(exclude_characters="/?#%", exclude_categories=["Cs"]), min_size=1)


@given(
    payload=st.sampled_from(PAYLOADS),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]),
    segments=st.lists(SEGMENT, max_size=3),
    slash=st.booleans(),
    query=st.text("ab=&+%C3A9é ~'\"", max_size=20),
    values=st.lists(st.text("abc;, ", max_size=5).map(str.strip), max_size=3),
    body=st.binary(),
)
def test_the_runtime_sees_the_request_that_was_made(
    payload: Payload,
    method: str,
    segments: list[str],
    slash: bool,
    query: str,
    values: list[str],
    body: bytes,
) -> None:
    path = "/" + "/".join(segments) + ("/" if slash and segments else "")
    made = make_event(
        method, f"{path}?{query}", [("X-Any", value) for value in values], body, payload
    )
    environ = environ_of(made, None, source_of(made))
    assert environ["REQUEST_METHOD"] == method
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"].encode("latin-1").decode() == path
    assert environ["wsgi.input"].read() == body
    assert environ["wsgi.url_scheme"] == "https"
    joined = ("," if payload != "1.0" else ", ").join(values)
    assert environ.get("HTTP_X_ANY", "") == joined
    if payload != "1.0":
        assert environ["QUERY_STRING"].isascii()
        assert environ["QUERY_STRING"] == made["rawQueryString"]
