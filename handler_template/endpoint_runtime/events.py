"""Turns a Lambda event that carries an HTTP request into a WSGI environ.

Which source an event comes from is seen from its shape (AWS's pages "Lambda proxy integrations in
API Gateway", "Create AWS Lambda proxy integrations for HTTP APIs", "Invoking Lambda function
URLs" and "Lambda functions as targets for Application Load Balancers" print them). The rules,
and the environ's keys, are written down in docs/events.md.
"""

from __future__ import annotations

import sys
from io import BytesIO

from endpoint_runtime.public_path import ALB, HTTP_1, HTTP_2, REST, URL, split_path, wsgi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Dify's daemon drops these, as a client can forge them; the address is in REMOTE_ADDR.
# Transfer-Encoding describes a framing that is gone: the body arrives whole.
FORGEABLE = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED", "HTTP_TRANSFER_ENCODING")
FORGEABLE_PREFIX = "X_ORIGINAL_"

# The environ's keys of header names seen before, for the life of the process.
_KEYS: dict[str, str] = {}
_MAX_KEYS = 512


class NotAnHttpEvent(ValueError):
    """The event carries no HTTP request in a form that this function serves."""


class MalformedEvent(ValueError):
    """The event is an HTTP request, and part of it can't be read: the caller is told 400."""


class BodyTooLarge(ValueError):
    """The request's body has more bytes than the function takes: the caller is told 413."""


def source_of(event: object) -> str:
    """Tell by its shape where an event comes from, or raise `NotAnHttpEvent`."""
    if not isinstance(event, dict):
        raise NotAnHttpEvent(f"an event is a JSON object, this one is a {type(event).__name__}")
    context = event.get("requestContext")
    if not isinstance(context, dict):
        context = {}
    if "rawPath" in event or "http" in context:
        domain = context.get("domainName")
        if isinstance(domain, str) and ".lambda-url." in domain:
            return URL
        return HTTP_2
    if (
        isinstance(event.get("httpMethod"), str)
        and "path" in event
        and "connectionId" not in context
    ):
        if "elb" in context:
            return ALB
        return HTTP_1 if event.get("version") == "1.0" and _is_http_api(event, context) else REST
    raise NotAnHttpEvent(
        "this function serves HTTP requests from API Gateway (REST and HTTP APIs), function URLs "
        f"and Application Load Balancers; this event is none: {_describe(event, context)}"
    )


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
    return not (stage and isinstance(whole, str) and whole == f"/{stage}{event['path']}")


def _describe(event: dict[str, Any], context: dict[str, Any]) -> str:
    """What an event that isn't HTTP seems to be, without its values."""
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        first = records[0]
        kind = first.get("eventSource") or first.get("EventSource") or "unknown"
        return f"Records of {kind}"
    if "connectionId" in context:
        return "an API Gateway WebSocket message"
    if "detail-type" in event:
        return "an EventBridge event"
    return "its keys are " + (", ".join(sorted(map(str, event))[:12]) or "none")


def environ_of(
    event: dict[str, Any],
    context: object,
    source: str,
    *,
    hook_id: str = "",
    max_body: int = 6291456,
    base_path: str = "",
) -> dict[str, Any]:
    """Make the WSGI environ of an event from `source`.

    `context` is Lambda's context object, `hook_id` what `Dify-Hook-Id` says, `max_body` the
    limit of the decoded body in bytes. Raises `MalformedEvent` and `BodyTooLarge`.
    """
    details = event.get("requestContext")
    if not isinstance(details, dict):
        details = {}
    try:
        if source in (HTTP_2, URL):
            http = details.get("http")
            if not isinstance(http, dict):
                http = {}
            method = http.get("method")
            protocol = http.get("protocol")
            address = http.get("sourceIp")
            query = event.get("rawQueryString")
            query = _query(event, encoded=False) if query is None else wsgi(query)
            identity: Any = details.get("authentication")
        else:
            method = event["httpMethod"]
            protocol = details.get("protocol")
            identity = details.get("identity")
            address = identity.get("sourceIp") if isinstance(identity, dict) else None
            query = _query(event, encoded=source == ALB)
        body = _body(event)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method if isinstance(method, str) and method else "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/",
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": protocol if isinstance(protocol, str) and protocol else "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "lambda.event": event,
            "lambda.context": context,
            "lambda.identity": identity,
            "lambda.authorizer": details.get("authorizer"),
        }
        _add_headers(environ, event)
        if source == ALB:
            address = _last_hop(environ.get("HTTP_X_FORWARDED_FOR"))
        for key in FORGEABLE:
            environ.pop(key, None)
        environ["REMOTE_ADDR"] = address if isinstance(address, str) else ""
        if len(body) > max_body:
            raise BodyTooLarge(f"the body has {len(body)} bytes, the limit is {max_body}")
        if environ.pop("HTTP_CONTENT_LENGTH", None) is not None or body:
            environ["CONTENT_LENGTH"] = str(len(body))
        content_type = environ.pop("HTTP_CONTENT_TYPE", None)
        if content_type is not None:
            environ["CONTENT_TYPE"] = content_type
        host = _add_server(environ, details, source)
        domain = details.get("domainName")
        if not isinstance(domain, str):
            domain = host
        script, path = split_path(source, event, details, domain, base_path)
    except (BodyTooLarge, MalformedEvent):
        raise
    except (ValueError, TypeError, AttributeError, KeyError) as fault:
        # Not the fault's own text, which may hold what the client sent.
        raise MalformedEvent("the event can't be read as an HTTP request") from fault
    environ["SCRIPT_NAME"] = script
    environ["PATH_INFO"] = path
    add_hook(environ, hook_id)
    return environ


def add_hook(environ: dict[str, Any], hook_id: str) -> None:
    """Set `Dify-Hook-Id` and `Dify-Hook-Url` (the public URL of the group's root)."""
    scheme = environ["wsgi.url_scheme"]
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    host = host.removesuffix(":443" if scheme == "https" else ":80")
    script = environ.get("SCRIPT_NAME", "")
    if script and not script[1:].isalnum():
        from urllib.parse import quote

        script = quote(script, safe="/!$&'()*+,:;=@~", encoding="latin-1")
    environ["HTTP_DIFY_HOOK_ID"] = hook_id
    environ["HTTP_DIFY_HOOK_URL"] = f"{scheme}://{host}{script}"


def _add_headers(environ: dict[str, Any], event: dict[str, Any]) -> None:
    """Add HTTP_* of the multi-value map, what only the single-value map has, and the cookies."""
    many = event.get("multiValueHeaders")
    if many:
        for name, values in many.items():
            key = _key(name)
            if key:
                for value in values if isinstance(values, list) else (values,):
                    _add(environ, key, value)
    one = event.get("headers")
    if one:
        seen = {_key(name) for name in many} if many else ()
        for name, value in one.items():
            key = _KEYS.get(name) or _key(name)
            if key and key not in seen:
                if type(value) is str and key not in environ and value.isascii():
                    environ[key] = value
                else:
                    _add(environ, key, value)
    cookies = event.get("cookies")
    if cookies:
        environ["HTTP_COOKIE"] = wsgi("; ".join(cookies))


def _key(name: str) -> str:
    """The environ's key of a header, or "" for one that must not get in.

    `X_Y` and `X-Y` would be the same key, so a header with an underscore could forge the one
    with a hyphen; the reference implementation refuses such requests, servers drop the header.
    """
    key = _KEYS.get(name)
    if key is not None:
        return key
    if "_" in name or not name or not name.isascii():
        key = ""
    else:
        key = name.upper().replace("-", "_")
        key = "" if key.startswith(FORGEABLE_PREFIX) else "HTTP_" + key
    if len(_KEYS) < _MAX_KEYS:
        _KEYS[name] = key
    return key


def _add(environ: dict[str, Any], key: str, value: object) -> None:
    """Add one value of a header, joined to those before it."""
    if value is None:
        return
    text = wsgi(value if isinstance(value, str) else str(value))
    if key not in environ:
        environ[key] = text
    elif key == "HTTP_COOKIE":
        environ[key] += "; " + text
    elif key not in ("HTTP_HOST", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
        environ[key] += ", " + text


def _add_server(environ: dict[str, Any], details: dict[str, Any], source: str) -> str:
    """Set the scheme, SERVER_NAME and SERVER_PORT, and a Host where there is none; give the host.

    Gateways set X-Forwarded-Proto and -Port themselves; where a proxy before them did too, the
    last entry is theirs.
    """
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "")
    if "," in scheme:
        scheme = environ["HTTP_X_FORWARDED_PROTO"] = scheme.rpartition(",")[2].strip()
    scheme = scheme.lower()
    if scheme not in ("http", "https"):
        scheme = "http" if source == ALB else "https"
    forwarded_port = environ.get("HTTP_X_FORWARDED_PORT", "")
    if "," in forwarded_port:
        forwarded_port = forwarded_port.rpartition(",")[2].strip()
        environ["HTTP_X_FORWARDED_PORT"] = forwarded_port
    host: str = environ.get("HTTP_HOST", "")
    if not host:
        domain = details.get("domainName")
        host = wsgi(domain) if isinstance(domain, str) and domain else "localhost"
        environ["HTTP_HOST"] = host
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name = host
        port = forwarded_port if forwarded_port.isdigit() else ""
    environ["wsgi.url_scheme"] = scheme
    environ["SERVER_NAME"] = name
    environ["SERVER_PORT"] = port or ("443" if scheme == "https" else "80")
    return host


def _query(event: dict[str, Any], *, encoded: bool) -> str:
    """Put a query string together again from the maps of payload 1.0 or of a load balancer.

    API Gateway decodes names and values, a load balancer leaves them as they were sent
    (aws/aws-lambda-rust-runtime#543).
    """
    many = event.get("multiValueQueryStringParameters") or {}
    one = event.get("queryStringParameters") or {}
    pairs: list[tuple[str, object]] = []
    for name, values in many.items():
        pairs.extend((name, value) for value in (values if isinstance(values, list) else (values,)))
    pairs.extend((name, value) for name, value in one.items() if name not in many)
    if not pairs:
        return ""
    if encoded:
        return wsgi("&".join(f"{name}={'' if value is None else value}" for name, value in pairs))
    from urllib.parse import quote_plus

    # The characters that werkzeug leaves as they are in a query.
    safe = "!$'()*,/:;?@"
    return "&".join(
        f"{quote_plus(name, safe)}={quote_plus('' if value is None else str(value), safe)}"
        for name, value in pairs
    )


def _body(event: dict[str, Any]) -> bytes:
    """The body's exact bytes."""
    body = event.get("body")
    if body is None or body == "":
        return b""
    if not isinstance(body, str):
        raise MalformedEvent("the body is not a string")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8")
    from binascii import a2b_base64

    return a2b_base64(body, strict_mode=True)


def _last_hop(forwarded: str | None) -> str:
    """The address that a load balancer appended to X-Forwarded-For, without a port."""
    address = (forwarded or "").rpartition(",")[2].strip()
    if address[:1] == "[":
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
