"""The same endpoint behind every adapter: cases, and what each adapter makes of them."""

from __future__ import annotations

import base64
import importlib
import io
import sys
import types
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from packager import contract
from packager.model.options import Adapter
from tests.support.builders import alb, http_1, http_2, rest, url

Event = dict[str, Any]
Handler = Callable[[Event, Any], dict[str, Any]]


class Context:
    aws_request_id = "id"


def no_headers(event: Event) -> Event:
    return event | {"headers": None, "multiValueHeaders": None}


def without_headers(event: Event) -> Event:
    return {key: value for key, value in event.items() if key != "headers"}


def whole_path(event: Event) -> Event:
    """An event of a named stage of an HTTP API as it comes: the stage in the path, everywhere."""
    event["requestContext"]["http"]["path"] = event["rawPath"]
    return event


COOKIES = """
response = Response("x")
response.headers.add("Set-Cookie", "a=1")
response.headers.add("Set-Cookie", "b=2")
return response
"""
HEADER = "return Response(r.headers.get('X-A', ''))"
ARGS = "return Response(repr(sorted(r.args.items(multi=True))))"
CUSTOM = "api.example.com"
CUSTOM_2: dict[str, Any] = {
    "domain": CUSTOM,
    "route": "ANY /{proxy+}",
    "parameters": {"proxy": "a"},
}
BINARY: dict[str, Any] = {"method": "POST", "body": "AP+J", "is_base64": True}
LENGTH_1: dict[str, Any] = {"headers": {"Content-Length": ["3"]}}
LENGTH_2: dict[str, Any] = {"headers": {"content-length": "3"}}

# case: the event, the body of `_invoke`
CASES: dict[str, tuple[Event, str]] = {
    "a request, payload 1.0": (rest(), "return Response(r.method + r.path)"),
    "a request, payload 1.0 of an HTTP API": (http_1(), "return Response(r.method + r.path)"),
    "a request, payload 2.0": (http_2(), "return Response(r.method + r.path)"),
    "a request to a function URL": (url(), "return Response(r.method + r.path)"),
    "a request, load balancer": (alb(), "return Response(r.method + r.path)"),
    "a request, load balancer, multi-value": (
        alb(multi_value=True),
        "return Response(r.method + r.path)",
    ),
    "a repeated header, payload 1.0": (rest(headers={"X-A": ["1", "2"]}), HEADER),
    "a repeated header, load balancer, multi-value": (
        alb(headers={"x-a": ["1", "2"]}, multi_value=True),
        HEADER,
    ),
    "two cookie headers, payload 1.0": (
        rest(headers={"Cookie": ["a=1", "b=2"]}),
        "return Response(repr(sorted(r.cookies.items())))",
    ),
    "cookies, payload 2.0": (
        http_2(cookies=["a=1", "b=2"]),
        "return Response(repr(sorted(r.cookies.items())))",
    ),
    # As a function URL sends them (aws/aws-lambda-web-adapter#121).
    "cookies twice, function URL": (
        url(cookies=["a=1", "b=2"], headers={"cookie": "a=1; b=2"}),
        "return Response(repr(sorted(r.cookies.items(multi=True))))",
    ),
    "a header X_A": (http_2(headers={"x_a": "1"}), HEADER),
    "a header beyond ASCII": (
        http_2(headers={"x-a": "\u00e9"}),
        "return Response(r.headers['X-A'].encode('latin-1'))",
    ),
    "no headers, payload 1.0 (the console's test)": (no_headers(rest()), "return Response('x')"),
    "no headers, payload 2.0": (without_headers(http_2()), "return Response('x')"),
    "two cookies set, payload 1.0": (rest(), COOKIES),
    "two cookies set, payload 2.0": (http_2(), COOKIES),
    "two cookies set, load balancer": (alb(), COOKIES),
    "two cookies set, load balancer, multi-value": (alb(multi_value=True), COOKIES),
    "a query, payload 1.0": (rest(query={"a": ["1", "b c+&"]}), ARGS),
    "a query, payload 2.0": (http_2(query="a=1&a=b+c%2B%26"), ARGS),
    "a query that no decoder leaves alone, payload 2.0": (
        http_2(query="a=%zz&b=%C3%A9&c"),
        "return Response(r.query_string)",
    ),
    "an encoded query, load balancer": (alb(query={"a%5B%5D": ["b%20c"]}), ARGS),
    "the client's address": (http_2(), "return Response(r.remote_addr)"),
    "a forged client's address, payload 1.0": (
        rest(headers={"X-Forwarded-For": ["203.0.113.9, 192.0.2.7"]}),
        "return Response(r.remote_addr)",
    ),
    "a forged client's address, load balancer": (alb(), "return Response(r.remote_addr)"),
    "the public URL, stage of a REST API": (rest(), "return Response(r.url)"),
    "the public URL, no stage": (http_2(), "return Response(r.url)"),
    "the public URL, stage of an HTTP API": (
        whole_path(http_2(path="/prod/a", stage="prod")),
        "return Response(r.url)",
    ),
    "a path that begins like the stage": (
        rest(path="/products", stage="prod"),
        "return Response(r.path)",
    ),
    "root and path, custom domain, REST API": (
        rest(path="/v1/a", domain=CUSTOM, whole="/v1/a", proxy="a"),
        "return Response(r.root_path + ' ' + r.path)",
    ),
    "root and path, custom domain, HTTP API": (
        whole_path(http_2(path="/v1/a", **CUSTOM_2)),
        "return Response(r.root_path + ' ' + r.path)",
    ),
    "the public URL, another port": (
        http_2(domain="localhost:3000", headers={"x-forwarded-port": "3000"}),
        "return Response(r.url)",
    ),
    "an encoded path, REST API": (
        rest(path="/a%2Fb%2541/caf%C3%A9+"),
        "return Response(r.path)",
    ),
    "an encoded path, function URL": (
        whole_path(url(path="/a%2Fb%2541/caf%C3%A9+")),
        "return Response(r.path)",
    ),
    "an encoded path, load balancer": (
        alb(path="/a%2Fb%2541/caf%C3%A9+"),
        "return Response(r.path)",
    ),
    "a decoded path, HTTP API": (
        whole_path(http_2(path="/b%41/+")),
        "return Response(r.path)",
    ),
    "a decoded path beyond ASCII, HTTP API": (
        whole_path(http_2(path="/caf\u00e9")),
        "return Response(r.path)",
    ),
    "a binary body, payload 1.0": (rest(**BINARY, **LENGTH_1), "return Response(repr(r.data))"),
    "a binary body, payload 2.0": (http_2(**BINARY, **LENGTH_2), "return Response(repr(r.data))"),
    "a body without a Content-Length": (http_2(**BINARY), "return Response(repr(r.data))"),
    "a text body beyond ASCII": (
        http_2(method="POST", body="\u00e9", headers={"content-length": "2"}),
        "return Response(repr(r.data))",
    ),
    "a binary reply": (rest(), "return Response(b'\\xff\\x00', mimetype='image/png')"),
    "a text reply that is not UTF-8": (rest(), "return Response(b'\\xff', mimetype='text/plain')"),
    "a compressed text reply": (
        rest(),
        "import gzip\n"
        "response = Response(gzip.compress(b'x', mtime=0), mimetype='text/plain')\n"
        "response.headers['Content-Encoding'] = 'gzip'\n"
        "return response",
    ),
    "JavaScript": (rest(), "return Response('1', mimetype='text/javascript')"),
    "XML": (rest(), "return Response('<a/>', mimetype='application/xml')"),
    "SVG": (rest(), "return Response('<svg/>', mimetype='image/svg+xml')"),
    "a reply without a type": (
        http_2(),
        "response = Response('x')\ndel response.headers['Content-Type']\nreturn response",
    ),
    "a repeated header in the reply, payload 1.0": (
        rest(),
        "response = Response('x')\nresponse.headers.add('X-A', '1')\n"
        "response.headers.add('X-A', '2')\nreturn response",
    ),
    "HEAD": (rest(method="HEAD"), "return Response('x')"),
    "an exception in the endpoint": (rest(), "raise KeyError('x')"),
    "a generator that fails midway": (rest(), "return Response(str(1 / n) for n in [1, 0])"),
    "what close calls": (
        rest(),
        "response = Response('x')\nresponse.call_on_close(lambda: print('closed'))\n"
        "return response",
    ),
    "authorizer's claims": (
        http_2(),
        "return Response(repr(r.environ.get('lambda.authorizer', 'no key')))",
    ),
}


def native(application: Application) -> Handler:
    return lambda event, context: answer_event(application, event, context)


def apig_wsgi(application: Application) -> Handler:
    from apig_wsgi import make_lambda_handler

    return make_lambda_handler(application, binary_support=True)


def aws_wsgi(application: Application) -> Handler:
    import awsgi  # type: ignore[import-untyped]

    types = {"image/png", "application/octet-stream"}
    return lambda event, context: dict(
        awsgi.response(application, event, context, base64_content_types=types)
    )


def serverless_wsgi(application: Application) -> Handler:
    import serverless_wsgi as peer  # type: ignore[import-untyped]

    return lambda event, context: dict(peer.handle_request(application, event, context))


def mangum_a2wsgi(application: Application) -> Handler:
    from a2wsgi import WSGIMiddleware
    from mangum import Mangum

    return Mangum(WSGIMiddleware(application), lifespan="off")  # type: ignore[arg-type]


def own(adapter: Adapter) -> Callable[[Application], Handler]:
    """One of our adapters' entries, over an application instead of a bundle's."""

    def make(application: Application) -> Handler:
        entry = types.ModuleType("endpoint_runtime.lambda_handler")
        vars(entry).update(application=application, handler=native(application))
        name = contract.HANDLERS[adapter].rpartition(".")[0]
        with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
            warnings.simplefilter("ignore")
            patch.setitem(sys.modules, "endpoint_runtime.lambda_handler", entry)
            patch.delitem(sys.modules, name, raising=False)
            handler: Handler = importlib.import_module(name).handler
            del sys.modules[name]
            return handler

    return make


ADAPTERS = {"`mangum`": own("mangum"), "`aws-wsgi`": own("aws-wsgi")}
PEERS: dict[str, Callable[[Application], Handler]] = {
    "apig-wsgi": apig_wsgi,
    "aws-wsgi": aws_wsgi,
    "serverless-wsgi": serverless_wsgi,
    "Mangum with a2wsgi": mangum_a2wsgi,
}


def outcome(handler: Handler, event: Event) -> Any:
    """What a client would see of a reply, and what the endpoint printed; or the exception's name.

    How a reply is written (the case of names, text or base64) is not a difference.
    """
    printed = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(printed), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # of event loops, theirs
        try:
            reply = handler(event, Context())
        except Exception as fault:
            return type(fault).__name__
    headers: list[tuple[str, str]] = []
    for name, value in (reply.get("headers") or {}).items():
        headers.append((name.lower(), value))
    many = reply.get("multiValueHeaders") or {}
    headers = [header for header in headers if header[0] not in {name.lower() for name in many}]
    headers += [(name.lower(), value) for name, values in many.items() for value in values]
    headers += [("set-cookie", value) for value in reply.get("cookies") or ()]
    body = reply.get("body") or ""
    data = base64.b64decode(body) if reply.get("isBase64Encoded") else body.encode()
    return int(reply["statusCode"]), sorted(headers), data, "closed" in printed.getvalue()
