"""The environ, rule by rule: paths, prefixes, headers that could be forged, bodies."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from endpoint_runtime.gateway.environ import environ_of
from endpoint_runtime.gateway.errors import BodyTooLarge, MalformedEvent
from endpoint_runtime.gateway.unknown_events import source_of
from tests.support.builders import alb, http_1, http_2, rest, url


def environ(event: dict[str, Any], **options: Any) -> dict[str, Any]:
    return environ_of(event, None, source_of(event), **options)


def path_of(event: dict[str, Any], **options: Any) -> tuple[str, str]:
    result = environ(event, **options)
    return result["SCRIPT_NAME"], result["PATH_INFO"]


API = "abc.execute-api.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        # Decoded here: what REST APIs, function URLs and load balancers leave encoded.
        (rest(path="/a%2Fb%25+%C3%A9;x"), ("/prod", "/a/b%+\u00c3\u00a9;x")),
        (url(path="/a%2Fb%25+%C3%A9;x"), ("", "/a/b%+\u00c3\u00a9;x")),
        (alb(path="/a%2Fb%25+%C3%A9;x"), ("", "/a/b%+\u00c3\u00a9;x")),
        (url(path="/%ff"), ("", "/\u00ff")),
        # Decoded by HTTP APIs already.
        (http_2(path="/a/b%25+\u00e9;x"), ("", "/a/b%25+\u00c3\u00a9;x")),
        (http_1(path="/a/b%25+\u00e9;x"), ("", "/a/b%25+\u00c3\u00a9;x")),
        # Nothing else is changed.
        (url(path="//a/../b/./c//"), ("", "//a/../b/./c//")),
        (url(path=""), ("", "/")),
        (url(path="a"), ("", "/a")),
    ],
)
def test_path_is_decoded_once(event: dict[str, Any], expected: tuple[str, str]) -> None:
    assert path_of(event) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        # REST: the stage is in requestContext.path, not in path.
        (rest(path="/prod/x"), ("/prod", "/prod/x")),
        (rest(path="/", whole="/prod/"), ("/prod", "/")),
        (rest(path="/", whole="/prod"), ("/prod", "/")),
        (rest(path="/x", whole="/x"), ("", "/x")),
        (rest(path="/x", whole="/x", domain="api.example.com"), ("", "/x")),
        # HTTP API: the path starts with the stage, on a segment boundary.
        (http_2(stage="prod", path="/prod/x"), ("/prod", "/x")),
        (http_2(stage="prod", path="/prod"), ("/prod", "/")),
        (http_2(stage="prod", path="/prod/prod/x"), ("/prod", "/prod/x")),
        (http_2(stage="prod", path="/products"), ("", "/products")),
        (http_2(stage="$default", path="/$default/x"), ("", "/$default/x")),
        (http_1(stage="dev", path="/dev/x"), ("/dev", "/x")),
        (http_1(stage="dev", path="/devices"), ("", "/devices")),
        # Function URLs and load balancers have neither.
        (url(stage="a", path="/a/b"), ("", "/a/b")),
        (alb(path="/a/b"), ("", "/a/b")),
    ],
)
def test_stage(event: dict[str, Any], expected: tuple[str, str]) -> None:
    assert path_of(event) == expected


def custom(path: str, proxy: str = "", **changes: Any) -> dict[str, Any]:
    """An event of a REST API on a domain of its own."""
    return rest(path=path, whole=path, domain="api.example.com", proxy=proxy, **changes)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (custom("/v1/a/b", "a/b"), ("/v1", "/a/b")),
        (custom("/v1/a/b/", "a/b"), ("/v1", "/a/b/")),
        (custom("/v1/a%20b", "a b"), ("/v1", "/a b")),
        (custom("/v1/a%20b", "a%20b"), ("/v1", "/a b")),
        (custom("/x/v1/a", "a"), ("/x/v1", "/a")),
        (custom("/v1", resource="/"), ("/v1", "/")),
        (custom("/", resource="/"), ("", "/")),
        (custom("/a", "a"), ("", "/a")),
        (custom("/v1/a", "other"), ("", "/v1/a")),
        (custom("/v1/hooks", resource="/hooks"), ("/v1", "/hooks")),
        (
            http_2(
                domain="api.example.com",
                path="/v1/a",
                stage="prod",
                route="ANY /{proxy+}",
                parameters={"proxy": "a"},
            ),
            ("/v1", "/a"),
        ),
        (http_2(domain="api.example.com", path="/prod/a", stage="prod"), ("/prod", "/a")),
        (http_2(domain="api.example.com", path="/v1/a"), ("", "/v1/a")),
    ],
)
def test_base_path_of_a_custom_domain(event: dict[str, Any], expected: tuple[str, str]) -> None:
    assert path_of(event) == expected


@pytest.mark.parametrize(
    ("matched", "expected"), [("v1", ("/v1", "/a")), ("(none)", ("", "/v1/a"))]
)
def test_base_path_that_the_event_names(matched: str, expected: tuple[str, str]) -> None:
    event = custom("/v1/a", "other")
    event["requestContext"]["customDomain"] = {"basePathMatched": matched}

    assert path_of(event) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("/v1/a", ("/v1", "/a")), ("/v1", ("/v1", "/")), ("/v10", ("", "/v10"))]
)
def test_configured_base_path(path: str, expected: tuple[str, str]) -> None:
    event = http_2(domain="api.example.com", path=path)

    assert path_of(event, base_path="/v1") == expected


def test_version_1_0_of_a_rest_api_is_still_encoded() -> None:
    event = rest(path="/a%20b")
    event["version"] = "1.0"

    assert source_of(event) == "rest"
    assert path_of(event) == ("/prod", "/a b")


def test_headers_that_could_forge_others_are_dropped() -> None:
    forged = {
        "dify-hook-id": "forged",
        "dify-hook-url": "forged",
        "dify_hook_id": "forged",
        "x-forwarded-for": "forged",
        "X-Real-IP": "forged",
        "x-forwarded": "forged",
        "x-original-url": "forged",
        "X-Original-Host": "forged",
        "transfer-encoding": "chunked",
        "content_length": "1",
        "x_y": "forged",
        "\u017f": "forged",
        "": "forged",
        "x-y": "right",
    }

    result = environ(http_2(headers=forged), hook_id="Hook")

    assert {key: value for key, value in result.items() if key.startswith("HTTP_")} == {
        "HTTP_HOST": API,
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_Y": "right",
        "HTTP_DIFY_HOOK_ID": "Hook",
        "HTTP_DIFY_HOOK_URL": f"https://{API}/a",
    }
    assert result["REMOTE_ADDR"] == "192.0.2.7"
    assert "CONTENT_LENGTH" not in result


def test_repeated_headers_are_joined() -> None:
    many = {"X-A": ["1", "2"], "x-a": ["3"], "Cookie": ["a=1", "b=2"], "X-None": [None]}

    result = environ(rest(headers=many))  # type: ignore[arg-type]

    assert (result["HTTP_X_A"], result["HTTP_COOKIE"]) == ("1, 2, 3", "a=1; b=2")
    assert "HTTP_X_NONE" not in result


@pytest.mark.parametrize(
    ("name", "values", "key", "expected"),
    [
        ("Host", ["a.test", "b.test"], "HTTP_HOST", "a.test"),
        ("Host", [None, "b.test", "c.test"], "HTTP_HOST", "b.test"),
        ("Content-Type", ["a/b", "c/d"], "CONTENT_TYPE", "a/b"),
        ("X-A", [None, 1, "\u00e9"], "HTTP_X_A", "1, \u00c3\u00a9"),
        ("Cookie", ["a=1", None, "b=2"], "HTTP_COOKIE", "a=1; b=2"),
    ],
)
def test_values_of_one_header(name: str, values: list[Any], key: str, expected: str) -> None:
    event = rest()
    event["headers"], event["multiValueHeaders"] = None, {name: values}

    assert environ(event)[key] == expected


def test_single_value_headers_fill_what_the_multi_value_map_lacks() -> None:
    event = rest(headers={"X-A": ["1", "2"]})
    event["headers"]["X-B"] = "3"

    result = environ(event)

    assert (result["HTTP_X_A"], result["HTTP_X_B"]) == ("1, 2", "3")


def test_headers_beyond_ascii_are_wsgi_strings() -> None:
    result = environ(http_2(headers={"x-a": "caf\u00e9 \u65e5"}))

    assert result["HTTP_X_A"].encode("latin-1").decode() == "caf\u00e9 \u65e5"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ("https", API, "443", f"https://{API}")),
        ({"x-forwarded-proto": "http"}, ("http", API, "80", f"http://{API}")),
        ({"x-forwarded-proto": "http, https"}, ("https", API, "443", f"https://{API}")),
        ({"x-forwarded-proto": "gopher"}, ("https", API, "443", f"https://{API}")),
        ({"host": "x.test:8443"}, ("https", "x.test", "8443", "https://x.test:8443")),
        ({"host": "x.test:443"}, ("https", "x.test", "443", "https://x.test")),
        ({"host": "[::1]"}, ("https", "[::1]", "443", "https://[::1]")),
        ({"host": "[::1]:3000"}, ("https", "[::1]", "3000", "https://[::1]:3000")),
        ({"x-forwarded-port": "444"}, ("https", API, "444", f"https://{API}")),
    ],
)
def test_scheme_host_and_port(headers: dict[str, str], expected: tuple[str, str, str, str]) -> None:
    result = environ(http_2(headers=headers))

    assert (
        result["wsgi.url_scheme"],
        result["SERVER_NAME"],
        result["SERVER_PORT"],
        result["HTTP_DIFY_HOOK_URL"].removesuffix("/a"),
    ) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (http_2(path="/"), "/"),
        (http_2(path="/a/", query="b=c"), "/a/"),
        (http_2(stage="st\u00e4ge", path="/st\u00e4ge/a"), "/st\u00c3\u00a4ge/a"),
        (rest(path="/a"), "/prod/a"),
        (rest(path="/"), "/prod/"),
        # As the daemon has it: decoded, blanks for line breaks and none at the end.
        (rest(path="/a%20b%2Fc%25"), "/prod/a b/c%"),
        (rest(path="/caf%C3%A9"), "/prod/caf\u00c3\u00a9"),
        (rest(path="/a%0D%0AX-Y: 1%0a%20"), "/prod/a  X-Y: 1"),
    ],
)
def test_hook_url_is_that_of_this_request(event: dict[str, Any], expected: str) -> None:
    assert environ(event)["HTTP_DIFY_HOOK_URL"] == f"https://{API}{expected}"


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
        (["1.1.1.1", "192.0.2.7"], "192.0.2.7"),
        (["1.1.1.1, 192.0.2.7:8080"], "192.0.2.7"),
        (["2001:db8::1"], "2001:db8::1"),
        (["[2001:db8::1]:8080"], "2001:db8::1"),
        ([], ""),
    ],
)
def test_address_behind_a_load_balancer_is_the_last_hop(
    forwarded: list[str], expected: str
) -> None:
    event = alb(headers={"x-forwarded-for": forwarded}, multi_value=True)

    assert environ(event)["REMOTE_ADDR"] == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (url(query="a=%20&b&&c=+"), "a=%20&b&&c=+"),
        (url(query="a=\u00e9"), "a=\u00c3\u00a9"),
        (rest(query={"a b": ["1&2", "3"], "\u00e9": ["x/y"]}), "a+b=1%262&a+b=3&%C3%A9=x/y"),
        (alb(query={"a%20b": ["1%262"]}), "a%20b=1%262"),
        (alb(query={"a%20b": ["1", "+"]}, multi_value=True), "a%20b=1&a%20b=+"),
        (rest(), ""),
    ],
)
def test_query(event: dict[str, Any], expected: str) -> None:
    assert environ(event)["QUERY_STRING"] == expected


def test_query_of_a_2_0_event_without_the_raw_one() -> None:
    event = http_2()
    del event["rawQueryString"]
    event["queryStringParameters"] = {"a": "b c"}

    assert environ(event)["QUERY_STRING"] == "a=b+c"


@pytest.mark.parametrize(
    ("event", "body", "length"),
    [
        (url(method="POST", body="h\u00e9"), b"h\xc3\xa9", "3"),
        (url(method="POST", body="AP/+", is_base64=True), b"\x00\xff\xfe", "3"),
        (url(method="POST", body="abc", headers={"content-length": "999"}), b"abc", "3"),
        (url(headers={"content-length": "0"}), b"", "0"),
        (url(), b"", None),
        (url(body="", is_base64=True), b"", None),
    ],
)
def test_body(event: dict[str, Any], body: bytes, length: str | None) -> None:
    result = environ(event)

    assert (result["wsgi.input"].read(), result.get("CONTENT_LENGTH")) == (body, length)
    assert result["wsgi.input_terminated"] is True


def test_body_over_the_limit() -> None:
    assert environ(url(body="12345"), max_body=5)["CONTENT_LENGTH"] == "5"
    with pytest.raises(BodyTooLarge, match=r"^the body has 6 bytes, the limit is 5$"):
        environ(url(body="123456"), max_body=5)


NO_BASE64 = "the body is not base64, though isBase64Encoded is true"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"body": "no base64!", "isBase64Encoded": True}, NO_BASE64),
        ({"body": "YQ", "isBase64Encoded": True}, NO_BASE64),
        ({"body": "\u00e9", "isBase64Encoded": True}, NO_BASE64),
        (
            {"body": "YQ==", "isBase64Encoded": "false"},
            "isBase64Encoded is neither true nor false",
        ),
        ({"body": {"a": 1}}, "the body is not a string"),
        ({"body": "\ud800"}, "the event's body can't be read"),
        ({"rawPath": 5}, "the event's path can't be read"),
        ({"rawPath": False}, "the event's path is not a string"),
        ({"rawPath": "/\ud800"}, "the event's path can't be read"),
        ({"rawQueryString": 5}, "the event's query can't be read"),
        ({"headers": ["a"]}, "the event's headers can't be read"),
        ({"cookies": [1]}, "the event's headers can't be read"),
    ],
)
def test_malformed(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedEvent) as caught:
        environ(url() | change)

    assert str(caught.value) == message


def without(event: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in keys}


def in_http(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A payload 2.0 whose `requestContext.http` is changed; what becomes None is taken out."""
    http = event["requestContext"]["http"] | changes
    http = {key: value for key, value in http.items() if value is not None}
    return event | {"requestContext": event["requestContext"] | {"http": http}}


BOTH = {"version": "1.0", "httpMethod": "POST", "path": "/a", "rawPath": "/a"}


@pytest.mark.parametrize(
    ("event", "source", "method"),
    [
        # `httpMethod` where it stands, whatever else of the other payload is there.
        (BOTH | {"requestContext": {"http": {}}}, "http-1.0", "POST"),
        (BOTH | {"requestContext": {"http": {"method": "GET"}}}, "http-1.0", "POST"),
        (without(BOTH, "version") | {"requestContext": {"http": {}}}, "rest", "POST"),
        (without(BOTH, "version"), "rest", "POST"),
        (without(BOTH, "path"), "http-2.0", "POST"),
        (BOTH | {"version": "2.0"}, "http-2.0", "POST"),
        ({"httpMethod": "DELETE", "rawPath": "/a"}, "http-2.0", "DELETE"),
        (in_http(http_2(), method=None) | {"httpMethod": "PUT"}, "http-2.0", "PUT"),
        (in_http(url(), method=None) | {"httpMethod": "PUT"}, "url", "PUT"),
        (http_2(method="PUT") | {"httpMethod": "PUT"}, "http-2.0", "PUT"),
        (http_2(method="PUT") | {"httpMethod": None}, "http-2.0", "PUT"),
        (alb(method="PUT") | {"rawPath": "/x"}, "alb", "PUT"),
        (rest(method="get"), "rest", "GET"),
        (url(method="head"), "url", "HEAD"),
        (url(method="PURGE"), "url", "PURGE"),
    ],
)
def test_the_method_is_the_one_that_is_named(
    event: dict[str, Any], source: str, method: str
) -> None:
    assert (source_of(event), environ(event)["REQUEST_METHOD"]) == (source, method)


NO_METHOD = "the event has no method"
NOT_ONE = "the event's method is not a string"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"rawPath": "/x"}, NO_METHOD),
        (http_2() | {"requestContext": None}, NO_METHOD),
        (http_2() | {"requestContext": {"http": None}}, NO_METHOD),
        (in_http(http_2(), method=None), NO_METHOD),
        (in_http(url(), method=""), NO_METHOD),
        (rest() | {"httpMethod": None}, NO_METHOD),
        (rest() | {"httpMethod": ""}, NO_METHOD),
        (without(rest(), "httpMethod"), NO_METHOD),
        (without(http_1(), "httpMethod"), NO_METHOD),
        (without(alb(), "httpMethod"), NO_METHOD),
        (rest() | {"httpMethod": 1}, NOT_ONE),
        (alb() | {"httpMethod": 1}, NOT_ONE),
        (rest() | {"httpMethod": True}, NOT_ONE),
        (rest() | {"httpMethod": ["GET"]}, "the event's method can't be read"),
        (in_http(url(), method={}), "the event's method can't be read"),
        (http_2(method="PUT") | {"httpMethod": "GET"}, "the event has two methods that differ"),
        (url(method="PUT") | {"httpMethod": "GET"}, "the event has two methods that differ"),
    ],
)
def test_no_method_is_guessed(event: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedEvent) as caught:
        environ(event)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("event", "path"),
    [
        (without(http_2(path="/orders/1"), "rawPath"), "/orders/1"),
        (without(url(path="/orders/1%20"), "rawPath"), "/orders/1 "),
        (http_2(path="/orders/1") | {"rawPath": None}, "/orders/1"),
        (http_2(path="/orders/1") | {"rawPath": ""}, "/orders/1"),
        (in_http(http_2(path=""), path=None), "/"),
    ],
)
def test_a_path_that_is_named_elsewhere(event: dict[str, Any], path: str) -> None:
    assert environ(event)["PATH_INFO"] == path


@pytest.mark.parametrize(
    "event",
    [
        in_http(without(http_2(), "rawPath"), path=None),
        in_http(without(url(), "rawPath"), path=None),
        rest() | {"path": None},
        http_1() | {"path": None},
        alb() | {"path": None},
        without(alb(), "path"),
    ],
)
def test_no_path_is_guessed(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent, match=r"^the event has no path$"):
        environ(event)


@pytest.mark.parametrize(
    "event",
    [
        {"httpMethod": "GET", "path": "/a"},
        {"httpMethod": "GET", "path": "/a", "headers": None, "requestContext": None},
        {"version": "2.0", "rawPath": "/a", "requestContext": {"http": {"method": "GET"}}},
        {"requestContext": {"http": {"method": "GET", "path": "/a"}}, "headers": None},
    ],
)
def test_little_is_enough(event: dict[str, Any]) -> None:
    result = environ(event)

    assert [result[key] for key in ("REQUEST_METHOD", "PATH_INFO", "SERVER_NAME")] == [
        "GET",
        "/a",
        "localhost",
    ]


def test_identity_and_authorizer() -> None:
    two = http_2()
    two["requestContext"] |= {"authorizer": {"jwt": {"claims": {"sub": "1"}}}}
    two["requestContext"] |= {"authentication": {"clientCert": {"subjectDN": "x"}}}
    one = rest()
    one["requestContext"]["authorizer"] = {"principalId": "admin"}

    second, first = environ(two), environ(one)

    assert (second["lambda.authorizer"], second["lambda.identity"]) == (
        {"jwt": {"claims": {"sub": "1"}}},
        {"clientCert": {"subjectDN": "x"}},
    )
    assert (first["lambda.authorizer"], first["lambda.identity"]) == (
        {"principalId": "admin"},
        {"sourceIp": "192.0.2.7", "userAgent": "test"},
    )


@given(st.text(max_size=12) | st.text("aB9 !$'()*,/:;?@_.-~%+&=#[]\u00e9", max_size=12))
def test_a_query_is_put_together_with_werkzeugs_quoting(text: str) -> None:
    assume(text.encode("utf-8", "replace").decode() == text)
    event = rest(query={"name": [text], text: ["1"]})

    environ = environ_of(event, None, source_of(event))

    quoted = quote_plus(text, "!$'()*,/:;?@")
    one = f"name={quoted}&{quoted}=1" if text != "name" else "name=1"
    assert environ["QUERY_STRING"] == one
