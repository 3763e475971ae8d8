"""Turns a Lambda event that carries an HTTP request into a WSGI environ.

Which source an event comes from is seen from its shape (AWS's pages "Lambda proxy integrations in
API Gateway", "Create AWS Lambda proxy integrations for HTTP APIs", "Invoking Lambda function
URLs" and "Lambda functions as targets for Application Load Balancers" print them). The rules,
and the environ's keys, are written down in docs/events.md.
"""

from __future__ import annotations

import sys
from io import BytesIO
from time import time

from endpoint_runtime.gateway.errors import BodyTooLarge, MalformedEvent
from endpoint_runtime.gateway.headers import add_headers, add_server, as_header
from endpoint_runtime.gateway.paths import ALB, HTTP_1, HTTP_2, REST, URL, split_path, wsgi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The methods that nearly all requests have (RFC 9110, RFC 5789); others are looked at.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

_PAYLOAD_2 = (HTTP_2, URL)

# Every key that always comes, so that a copy is a dict that is large enough at once.
_ALWAYS: dict[str, Any] = {
    "REQUEST_METHOD": "",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_NAME": "",
    "SERVER_PORT": "",
    "REMOTE_ADDR": "",
    "HTTP_DIFY_HOOK_ID": "",
    "HTTP_DIFY_HOOK_URL": "",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "",
    "wsgi.input": None,
    "wsgi.input_terminated": True,
    "wsgi.errors": None,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "lambda.event": None,
    "lambda.context": None,
    "lambda.identity": None,
    "lambda.authorizer": None,
}

# The characters that werkzeug leaves as they are in a query, besides those that nobody quotes.
_SAFE = "!$'()*,/:;?@"
_UNQUOTED = {ord(mark): None for mark in _SAFE + "_.-~"}


def http_source_of(event: object) -> str:
    """Return where an event comes from, by its shape; "" for one that is not an HTTP request."""
    if not isinstance(event, dict):
        return ""
    if "type" in event and ("methodArn" in event or "routeArn" in event):
        return ""  # a Lambda authorizer is asked whether the request is allowed
    context = event.get("requestContext")
    if not isinstance(context, dict):
        context = {}
    if "rawPath" in event or "http" in context:
        if "httpMethod" in event:
            from endpoint_runtime.gateway.odd_events import is_payload_1

            if is_payload_1(event, context):
                return _payload_1(event, context)
        domain = context.get("domainName")
        if isinstance(domain, str) and ".lambda-url." in domain:
            return URL
        return HTTP_2
    if "httpMethod" not in event:
        from endpoint_runtime.gateway.odd_events import lacks_method

        if not lacks_method(event, context):
            return ""
    return _payload_1(event, context)


def _payload_1(event: dict[str, Any], context: dict[str, Any]) -> str:
    if "elb" in context:
        return ALB
    if "path" not in event or "connectionId" in context:
        return ""
    return HTTP_1 if event.get("version") == "1.0" and _is_http_api(event, context) else REST


def _is_http_api(event: dict[str, Any], context: dict[str, Any]) -> bool:
    """Whether a payload 1.0 that states its version comes from an HTTP API.

    AWS documents `version` for HTTP APIs alone; events of REST APIs that have it all the same
    are known by a resource id (HTTP APIs have the route there, or null) or by a path without the
    stage that `requestContext.path` has.
    """
    resource = context.get("resourceId")
    if isinstance(resource, str) and resource.isalnum():
        return False
    stage, whole = context.get("stage"), context.get("path")
    path = event["path"]
    parts = isinstance(stage, str) and isinstance(whole, str) and isinstance(path, str)
    return not (parts and stage and whole == f"/{stage}{path}")


def environ_of(
    event: dict[str, Any],
    context: object,
    source: str,
    hook_id: str = "",
    max_body: int = 6291456,
    base_path: str = "",
) -> dict[str, Any]:
    """Make the WSGI environ of an event from `source`.

    `context` is Lambda's context object, `hook_id` what `Dify-Hook-Id` says, `max_body` the
    limit of the decoded body in bytes. Raises `MalformedEvent` and `BodyTooLarge`. In one piece, as
    each call would cost every event a tenth of a microsecond.
    """
    details = event.get("requestContext")
    if not isinstance(details, dict):
        details = {}
    environ = _ALWAYS.copy()
    part = "method"  # what of the event is being read
    try:
        if source in _PAYLOAD_2:
            http = details.get("http")
            if not isinstance(http, dict):
                http = {}
            method = http.get("method")
            if "httpMethod" in event or method not in _METHODS:
                method = _method_of(event, source)
            protocol = http.get("protocol")
            address = http.get("sourceIp")
            raw_path = event.get("rawPath") or _path_of(event, source)
            part = "query"
            query = event.get("rawQueryString")
            if query is None:
                query = _query(event, encoded=False)
            elif not query.isascii():
                query = wsgi(query)
            environ["lambda.identity"] = details.get("authentication")
        else:
            method = event.get("httpMethod")
            if method not in _METHODS:
                method = _method_of(event, source)
            raw_path = event.get("path") or _path_of(event, source)
            part = "query"
            protocol = details.get("protocol")
            environ["lambda.identity"] = identity = details.get("identity")
            address = identity.get("sourceIp") if isinstance(identity, dict) else None
            query = _query(event, encoded=source == ALB)
            if source == ALB:
                part = "headers"
                from endpoint_runtime.gateway.odd_events import forwarded_for, last_hop

                address = last_hop(forwarded_for(event))
        environ["REQUEST_METHOD"] = method
        environ["QUERY_STRING"] = query
        if isinstance(protocol, str) and protocol:
            environ["SERVER_PROTOCOL"] = protocol
        if isinstance(address, str):
            environ["REMOTE_ADDR"] = address
        environ["HTTP_DIFY_HOOK_ID"] = hook_id
        environ["wsgi.errors"] = getattr(sys, "stderr", None)
        environ["lambda.event"] = event
        environ["lambda.context"] = context
        environ["lambda.authorizer"] = details.get("authorizer")
        part = "body"
        body = _body(event) if event.get("body") else b""
        environ["wsgi.input"] = BytesIO(body)
        part = "headers"
        add_headers(environ, event)
        if body or "CONTENT_LENGTH" in environ:
            if len(body) > max_body:
                raise BodyTooLarge(f"the body has {len(body)} bytes, the limit is {max_body}")
            environ["CONTENT_LENGTH"] = str(len(body))
        url = add_server(environ, details, source)
        domain = details.get("domainName")
        if not isinstance(domain, str):
            domain = environ["HTTP_HOST"]
        part = "path"
        script, path = split_path(source, raw_path, event, details, domain, base_path)
    except (BodyTooLarge, MalformedEvent):
        raise
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as fault:
        # Not the fault's own text, which may hold what the client sent.
        raise MalformedEvent(f"the event's {part} can't be read") from fault
    environ["SCRIPT_NAME"] = script
    environ["PATH_INFO"] = path
    whole = script + path if script else path
    # Most have nothing that a header may not have.
    odd = path[-1] == " " or not whole.isprintable()
    environ["HTTP_DIFY_HOOK_URL"] = url + (as_header(whole) if odd else whole)
    return environ


def _method_of(event: dict[str, Any], source: str) -> str:
    from endpoint_runtime.gateway.odd_events import method_of

    return method_of(event, source)


def _path_of(event: dict[str, Any], source: str) -> str:
    from endpoint_runtime.gateway.odd_events import path_of

    return path_of(event, source)


def _query(event: dict[str, Any], *, encoded: bool) -> str:
    """Put a query string together again from the maps of payload 1.0 or of a load balancer.

    API Gateway decodes names and values, a load balancer leaves them as they were sent
    (aws/aws-lambda-rust-runtime#543).
    """
    many = event.get("multiValueQueryStringParameters") or {}
    one = event.get("queryStringParameters") or {}
    if not many and not one:
        return ""
    quote = wsgi if encoded else _quote
    parts: list[str] = []
    for name, values in many.items():
        if type(values) is list and len(values) == 1:  # as nearly all are, of letters and digits
            value = values[0]
            if type(value) is str:
                both = name + value
                if both.isascii() and both.isalnum():
                    parts.append(f"{name}={value}")
                    continue
        key = quote(name)
        parts += [
            f"{key}={'' if value is None else quote(str(value))}"
            for value in (values if isinstance(values, list) else (values,))
        ]
    if [*one] == [*many]:
        return "&".join(parts)
    for name, value in one.items():
        if name not in many:
            parts.append(f"{quote(name)}={'' if value is None else quote(str(value))}")
    return "&".join(parts)


def _quote(text: str) -> str:
    if not text or (text.isascii() and (text.isalnum() or text.translate(_UNQUOTED).isalnum())):
        return text
    from urllib.parse import quote_plus

    return quote_plus(text, _SAFE)


def _body(event: dict[str, Any]) -> bytes:
    """The exact bytes of a body that is there."""
    body = event["body"]
    if not isinstance(body, str):
        raise MalformedEvent("the body is not a string")
    is_base64 = event.get("isBase64Encoded")
    if not is_base64:
        return body.encode("utf-8")
    if is_base64 is not True:
        raise MalformedEvent("isBase64Encoded is neither true nor false")
    from binascii import a2b_base64

    try:
        return a2b_base64(body, strict_mode=True)
    except ValueError:
        pass
    # Not the fault's own text: none of what the client sent is to be in the log.
    raise MalformedEvent("the body is not base64, though isBase64Encoded is true")


def deadline_of(environ: dict[str, Any]) -> float | None:
    """When the invocation times out, in seconds since the epoch; None outside Lambda."""
    time_left = getattr(environ.get("lambda.context"), "get_remaining_time_in_millis", None)
    return None if time_left is None else time() + time_left() / 1000


def request_id_of(environ: dict[str, Any]) -> str:
    """The id of the invocation, "" outside Lambda."""
    return getattr(environ.get("lambda.context"), "aws_request_id", None) or ""
