"""Every payload file of tests/events: the environ it becomes, or why it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request

from endpoint_runtime.gateway.environ import environ_of
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from endpoint_runtime.gateway.unknown_events import source_of

EVENTS = Path(__file__).resolve().parents[2] / "events"

HTTP: dict[str, tuple[str, dict[str, str], bytes, str]] = {
    # file: (source, environ, body, base_url as werkzeug writes it: an IRI, a literal % not quoted)
    "rest": (
        "rest",
        {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "/prod",
            "PATH_INFO": "/hooks/caf\u00c3\u00a9/au+lait",
            "QUERY_STRING": "name=me&name=you+%26+me",
            "SERVER_NAME": "gy415nuibc.execute-api.us-east-1.amazonaws.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "54.240.196.186",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": "13",
            "HTTP_ACCEPT": "*/*",
            "HTTP_ACCEPT_ENCODING": "gzip, deflate",
            "HTTP_CLOUDFRONT_FORWARDED_PROTO": "https",
            "HTTP_CLOUDFRONT_VIEWER_COUNTRY": "US",
            "HTTP_COOKIE": "theme=dark; session=2",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": (
                "https://gy415nuibc.execute-api.us-east-1.amazonaws.com"
                "/prod/hooks/caf\u00c3\u00a9/au+lait"
            ),
            "HTTP_HOST": "gy415nuibc.execute-api.us-east-1.amazonaws.com",
            "HTTP_USER_AGENT": "PostmanRuntime/2.4.5",
            "HTTP_VIA": "1.1 d98420743a69852491bbdea73f7680bd.cloudfront.net (CloudFront)",
            "HTTP_X_AMZ_CF_ID": "pn-PWIJc6thYnZm5P0NMgOUglL1DYtl0gdeJky8tqsg8iS_sgsKD1A==",
            "HTTP_X_AMZN_TRACE_ID": "Root=1-5e66d96f-7491f09xmpl79d18acf3d050",
            "HTTP_X_FORWARDED_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
        },
        b'{\r\n\t"a": 1\r\n}',
        "https://gy415nuibc.execute-api.us-east-1.amazonaws.com/prod/hooks/caf\u00e9/au+lait",
    ),
    "rest_custom_domain": (
        "rest",
        {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "/bots/v1",
            "PATH_INFO": "/hooks/42/",
            "QUERY_STRING": "",
            "SERVER_NAME": "api.example.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "198.51.100.7",
            "HTTP_ACCEPT": "*/*",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": "https://api.example.com/bots/v1/hooks/42/",
            "HTTP_HOST": "api.example.com",
            "HTTP_USER_AGENT": "curl/8.7.1",
            "HTTP_X_FORWARDED_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
        },
        b"",
        "https://api.example.com/bots/v1/hooks/42/",
    ),
    "rest_console_test": (
        "rest",
        {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/hello",
            "QUERY_STRING": "",
            "SERVER_NAME": "testPrefix.testDomainName",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "test-invoke-source-ip",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": "https://testPrefix.testDomainName/hello",
            "HTTP_HOST": "testPrefix.testDomainName",
        },
        b"",
        "https://testprefix.testdomainname/hello",
    ),
    "rest_lambda_template": (
        "rest",
        {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "/prod",
            "PATH_INFO": "/path/to/resource",
            "QUERY_STRING": "foo=bar",
            "SERVER_NAME": "0123456789.execute-api.us-east-1.amazonaws.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": "15",
            "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.8",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": (
                "https://0123456789.execute-api.us-east-1.amazonaws.com/prod/path/to/resource"
            ),
            "HTTP_HOST": "0123456789.execute-api.us-east-1.amazonaws.com",
            "HTTP_USER_AGENT": "Custom User Agent String",
            "HTTP_X_FORWARDED_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
        },
        b'{"test":"body"}',
        "https://0123456789.execute-api.us-east-1.amazonaws.com/prod/path/to/resource",
    ),
    "http_api_1_0": (
        "http-1.0",
        {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "/dev",
            "PATH_INFO": "/hooks/a b%41",
            "QUERY_STRING": "q=x%2By+z",
            "SERVER_NAME": "7t3jzzs4vk.execute-api.eu-central-1.amazonaws.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "203.0.113.66",
            "CONTENT_LENGTH": "0",
            "HTTP_ACCEPT": "text/html, text/plain",
            "HTTP_COOKIE": "a=1; b=2",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": (
                "https://7t3jzzs4vk.execute-api.eu-central-1.amazonaws.com/dev/hooks/a b%41"
            ),
            "HTTP_HOST": "7t3jzzs4vk.execute-api.eu-central-1.amazonaws.com",
            "HTTP_USER_AGENT": "Mozilla/5.0",
            "HTTP_X_AMZN_TRACE_ID": "Root=1-5fff599f-6fca6ee66e37fe5e518eb45b",
            "HTTP_X_FORWARDED_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
        },
        b"",
        "https://7t3jzzs4vk.execute-api.eu-central-1.amazonaws.com/dev/hooks/a%20bA",
    ),
    "http_api_2_0": (
        "http-2.0",
        {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "/dev",
            "PATH_INFO": "/hooks/caf\u00c3\u00a9/100%",
            "QUERY_STRING": "parameter1=value1&parameter1=value%202&parameter2=a+b",
            "SERVER_NAME": "id.execute-api.us-east-1.amazonaws.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.168.0.1",
            "CONTENT_TYPE": "application/octet-stream",
            "CONTENT_LENGTH": "5",
            "HTTP_ACCEPT": "text/html,application/json",
            "HTTP_COOKIE": "cookie1=1; cookie2=2",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": (
                "https://id.execute-api.us-east-1.amazonaws.com/dev/hooks/caf\u00c3\u00a9/100%"
            ),
            "HTTP_HOST": "id.execute-api.us-east-1.amazonaws.com",
            "HTTP_USER_AGENT": "agent",
            "HTTP_X_AMZN_TRACE_ID": "Root=1-62ecd163-5f302e550dcde3b12402207d",
            "HTTP_X_FORWARDED_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
        },
        b"\x00\xff\x80\xf0\x9d",
        "https://id.execute-api.us-east-1.amazonaws.com/dev/hooks/caf\u00e9/100%",
    ),
    "http_api_custom_domain": (
        "http-2.0",
        {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "/orders",
            "PATH_INFO": "/prod/42",
            "QUERY_STRING": "",
            "SERVER_NAME": "api.example.com",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "198.51.100.7",
            "CONTENT_LENGTH": "0",
            "HTTP_ACCEPT": "*/*",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": "https://api.example.com/orders/prod/42",
            "HTTP_HOST": "api.example.com",
            "HTTP_X_FORWARDED_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
        },
        b"",
        "https://api.example.com/orders/prod/42",
    ),
    "function_url": (
        "url",
        {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/my/path/%",
            "QUERY_STRING": "parameter1=value1&parameter1=value2&parameter2=value",
            "SERVER_NAME": "abcdefg.lambda-url.us-east-1.on.aws",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "123.123.123.123",
            "CONTENT_TYPE": "text/plain",
            "CONTENT_LENGTH": "18",
            "HTTP_ACCEPT": "*/*",
            "HTTP_COOKIE": "cookie1=1; cookie2=2",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": "https://abcdefg.lambda-url.us-east-1.on.aws/my/path/%",
            "HTTP_HEADER2": "value1,value2",
            "HTTP_HOST": "abcdefg.lambda-url.us-east-1.on.aws",
            "HTTP_USER_AGENT": "agent",
            "HTTP_X_AMZN_TLS_CIPHER_SUITE": "ECDHE-RSA-AES128-GCM-SHA256",
            "HTTP_X_AMZN_TLS_VERSION": "TLSv1.2",
            "HTTP_X_AMZN_TRACE_ID": "Root=1-62ecd163-5f302e550dcde3b12402207d",
            "HTTP_X_FORWARDED_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
        },
        b"Hello from client!",
        "https://abcdefg.lambda-url.us-east-1.on.aws/my/path/%",
    ),
    "alb": (
        "alb",
        {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/a b",
            "QUERY_STRING": "key%5B%5D=hello%2Bworld",
            "SERVER_NAME": "lambda-test-alb-1334523864.us-east-1.elb.amazonaws.com",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "25.12.198.67",
            "HTTP_ACCEPT": "*/*",
            "HTTP_CONNECTION": "keep-alive",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": (
                "http://lambda-test-alb-1334523864.us-east-1.elb.amazonaws.com/a b"
            ),
            "HTTP_HOST": "lambda-test-alb-1334523864.us-east-1.elb.amazonaws.com",
            "HTTP_USER_AGENT": "curl/7.54.0",
            "HTTP_X_AMZN_TRACE_ID": "Root=1-5c34e93e-4dea0086f9763ac0667b115a",
            "HTTP_X_FORWARDED_PORT": "80",
            "HTTP_X_FORWARDED_PROTO": "http",
            "HTTP_X_MYHEADER": "123",
        },
        b"",
        "http://lambda-test-alb-1334523864.us-east-1.elb.amazonaws.com/a%20b",
    ),
    "alb_multi_value": (
        "alb",
        {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/",
            "QUERY_STRING": "key=hello&key=w%C3%B6rld",
            "SERVER_NAME": "lambda-test-alb-1234567.us-east-1.elb.amazonaws.com",
            "SERVER_PORT": "8443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "72.21.198.67",
            "HTTP_ACCEPT": "*/*",
            "HTTP_CONNECTION": "keep-alive",
            "HTTP_COOKIE": "a=1; b=2",
            "HTTP_DIFY_HOOK_ID": "Hook",
            "HTTP_DIFY_HOOK_URL": (
                "https://lambda-test-alb-1234567.us-east-1.elb.amazonaws.com:8443/"
            ),
            "HTTP_HOST": "lambda-test-alb-1234567.us-east-1.elb.amazonaws.com:8443",
            "HTTP_USER_AGENT": "curl/7.54.0",
            "HTTP_X_AMZN_TRACE_ID": "Root=1-5c34e7d4-00ca239424b68028d4c56d68",
            "HTTP_X_FORWARDED_PORT": "8443",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_X_MYHEADER": "1, 2",
        },
        b"",
        "https://lambda-test-alb-1234567.us-east-1.elb.amazonaws.com:8443/",
    ),
}

OTHERS = {
    "sqs": "Records of aws:sqs",
    "sns": "Records of aws:sns",
    "eventbridge": "an EventBridge event",
    "websocket": "an API Gateway WebSocket message",
}


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def test_every_file_has_its_expectation() -> None:
    files = {path.stem for path in EVENTS.glob("*.json")}

    assert files == {*HTTP, *OTHERS}


@pytest.mark.parametrize("name", HTTP)
def test_environ(name: str) -> None:
    source, expected, body, base_url = HTTP[name]
    event = load(name)

    environ = environ_of(event, "context", source_of(event), hook_id="Hook")

    assert source_of(event) == source
    texts = {key: value for key, value in environ.items() if key.isupper()}
    assert texts == expected
    request = Request(environ)
    assert request.get_data() == body
    assert request.base_url == base_url
    assert (environ["lambda.event"], environ["lambda.context"]) == (event, "context")


PLAIN = {"Content-Type": "text/plain", "Content-Length": "2"}
COOKIES = ["a=1", "b=2"]
IN_1_0 = {"headers": PLAIN, "multiValueHeaders": {"Set-Cookie": COOKIES}}
IN_2_0 = {"headers": PLAIN, "cookies": COOKIES}
FORMS: dict[str, dict[str, Any]] = {
    "rest": IN_1_0,
    "http-1.0": IN_1_0,
    "http-2.0": IN_2_0,
    "url": IN_2_0,
    "alb": {
        "statusDescription": "200 OK",
        "headers": {**PLAIN, "Set-Cookie": "a=1", "set-Cookie": "b=2"},
    },
    "alb_multi_value": {
        "statusDescription": "200 OK",
        "multiValueHeaders": {
            **{name: [value] for name, value in PLAIN.items()},
            "Set-Cookie": COOKIES,
        },
    },
}


@pytest.mark.parametrize("name", HTTP)
def test_reply(answer: Callable[..., dict[str, Any]], name: str) -> None:
    methods = ("GET", "POST", "PUT", "DELETE")
    rules = ("/", "/<path:p>", "/<path:p>/")
    reply = answer(
        """
response = Response("hi", content_type="text/plain")
response.headers.add("Set-Cookie", "a=1")
response.headers.add("Set-Cookie", "b=2")
return response
""",
        load(name),
        ROUTES=[(rule, method, "e1.py") for rule in rules for method in methods],
    )

    form = FORMS.get(name) or FORMS[HTTP[name][0]]
    assert reply == {"statusCode": 200, **form, "body": "hi", "isBase64Encoded": False}


@pytest.mark.parametrize("name", OTHERS)
def test_no_http_event(name: str) -> None:
    with pytest.raises(NotAnHttpEvent) as caught:
        source_of(load(name))

    assert str(caught.value) == (
        "this function serves HTTP requests from API Gateway (REST and HTTP APIs), function URLs, "
        f"Application Load Balancers and VPC Lattice; this event is none: {OTHERS[name]}"
    )
