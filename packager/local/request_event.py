"""Makes the event that API Gateway or a function URL makes of an HTTP request.

Shapes are those of AWS's pages "Input format of a Lambda function for proxy integration" (REST,
payload 1.0), "Create AWS Lambda proxy integrations for HTTP APIs" (2.0) and "Invoking Lambda
function URLs". Unless a stage is said none adds a prefix to the path: the REST API stands behind a
custom domain, the HTTP API and the URL have the stage `$default`.
"""

from __future__ import annotations

import base64
import re
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, quote, unquote

from packager.dataclass import dataclass
from packager.errors import UsageError

Payload = Literal["1.0", "2.0", "url"]
PAYLOADS: tuple[Payload, ...] = get_args(Payload)

ACCOUNT = "123456789012"
API_ID = "abcdefghij"
DOMAIN = "api.example.com"
URL_ID = "abcdefghijklmnopqrstuvwxyz012345"
URL_DOMAIN = f"{URL_ID}.lambda-url.us-east-1.on.aws"
CLIENT_ADDRESS = "127.0.0.1"
USER_AGENT = "packager"

# What an HTTP API hands on as text; any other body arrives as base64.
_TEXT_TYPES = ("application/json", "application/javascript", "application/xml")
_SAFE = "!$%&'()*+,/:;=?@[]~"  # sent as they are by clients; all else is percent-encoded
_WITH_BODY = ("PATCH", "POST", "PUT")

_GATEWAY = ("x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")

# RFC 9110, "Field Names" (a token) and "Field Values".
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Front:
    """What a gateway says of the connection that a request came by, and the stage it puts before
    paths; None for none, as behind a custom domain and with the stage `$default`."""

    scheme: str = "https"
    port: int = 443
    client: str = CLIENT_ADDRESS
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a gateway took a request, in seconds since the epoch, what it calls it, and how it
    came."""

    now: float
    request_id: str
    front: Front = field(default_factory=Front)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str  # percent-encoded
    query: str
    headers: tuple[Header, ...]
    body: bytes
    arrival: Arrival

    def header(self, wanted: str) -> str:
        return next((value for name, value in self.headers if name.lower() == wanted), "")


def make_event(
    method: str,
    target: str,
    headers: Sequence[Header] = (),
    body: bytes = b"",
    payload: Payload = "2.0",
    arrival: Arrival | None = None,
) -> dict[str, Any]:
    """Return the event for `method` and `target` (path and query, as a client sends them).

    `headers` keep their order and repetitions; those a gateway sets itself are added, and replace
    what a client says of them. Without an `arrival` it is now. Where there is a stage, the target
    is what follows it. Raises `UsageError` for a target that is not a path.
    """
    arrival = arrival or Arrival(time.time(), str(uuid.uuid4()))
    path, query = _split_target(target)
    domain = URL_DOMAIN if payload == "url" else DOMAIN
    sent = (
        *_client_headers(method, headers, body, domain),
        *_gateway_headers(headers, arrival),
    )
    request = _Request(method, path, query, sent, body, arrival)
    return _rest_event(request) if payload == "1.0" else _http_event(request, payload == "url")


def parse_request(text: str) -> tuple[str | None, str]:
    """Split `GET /duck/42` into method and target; the method is None where only a path is given.

    Raises `UsageError` for anything else.
    """
    words = text.split(maxsplit=1)
    if len(words) == 1 and words[0].startswith("/"):
        return None, words[0]
    if len(words) == 2 and words[0].isalpha() and words[1].startswith("/"):
        return words[0].upper(), words[1].strip()
    raise UsageError(
        f"a request is a method and a path, not {text!r}", hint="for example 'GET /duck/42?x=1'"
    )


def parse_header(text: str) -> Header:
    """Split `Name: value`; raise `UsageError` for anything else."""
    name, colon, value = text.partition(":")
    if not colon or not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
        raise UsageError(
            f"a header is a name, a colon and a value, not {text!r}",
            hint="for example 'Content-Type: application/json'",
        )
    return name, value.strip()


def _split_target(target: str) -> tuple[str, str]:
    if not target.startswith("/"):
        raise UsageError(f"a request's path starts with /, not {target!r}")
    path, _, query = target.partition("#")[0].partition("?")
    return quote(path, _SAFE), quote(query, _SAFE)


def _client_headers(
    method: str, headers: Sequence[Header], body: bytes, domain: str
) -> list[Header]:
    """Return what the client says, and what every client sends if it does not say that itself."""
    usual = {"Accept": "*/*", "Host": domain, "User-Agent": USER_AGENT}
    if body or method in _WITH_BODY:
        usual["Content-Length"] = str(len(body))
    said = {name.lower() for name, _ in headers}
    own = [(name, value) for name, value in headers if name.lower() not in _GATEWAY]
    return [(name, value) for name, value in usual.items() if name.lower() not in said] + own


def _gateway_headers(headers: Sequence[Header], arrival: Arrival) -> list[Header]:
    """Return what a gateway adds; it appends to one header and replaces the others."""
    hops = [value for name, value in headers if name.lower() == "x-forwarded-for"]
    trace = arrival.request_id.replace("-", "")[:24]
    return [
        ("X-Amzn-Trace-Id", f"Root=1-{int(arrival.now):08x}-{trace}"),
        ("X-Forwarded-For", ", ".join([*hops, arrival.front.client])),
        ("X-Forwarded-Port", str(arrival.front.port)),
        ("X-Forwarded-Proto", arrival.front.scheme),
    ]


def _rest_event(request: _Request) -> dict[str, Any]:
    """Return an event of a REST API whose `ANY /` and `ANY /{proxy+}` reach the function."""
    values = _grouped(request.headers)
    parameters = _grouped(parse_qsl(request.query, keep_blank_values=True))
    resource = "/" if request.path == "/" else "/{proxy+}"
    domain = request.header("host").partition(":")[0]
    front = request.arrival.front
    before = f"/{front.stage}" if front.stage else ""
    try:
        text, is_base64 = request.body.decode("utf-8"), False
    except UnicodeDecodeError:
        text, is_base64 = _base64(request.body), True
    return {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(values),
        "multiValueHeaders": values,
        "queryStringParameters": _last(parameters) or None,
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": None if request.path == "/" else {"proxy": request.path[1:]},
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "extendedRequestId": request.arrival.request_id.replace("-", "")[:15] + "=",
            "httpMethod": request.method,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": front.client,
                "user": None,
                "userAgent": request.header("user-agent"),
                "userArn": None,
            },
            "path": before + request.path,
            "protocol": "HTTP/1.1",
            "requestId": request.arrival.request_id,
            "requestTime": _stamp(request.arrival.now),
            "requestTimeEpoch": int(request.arrival.now * 1000),
            "resourceId": "a1b2c3",
            "resourcePath": resource,
            "stage": front.stage or "prod",
        },
        "body": text or None,
        "isBase64Encoded": is_base64,
    }


def _http_event(request: _Request, is_url: bool) -> dict[str, Any]:
    """Return an event of payload 2.0: of a function URL, or of an HTTP API's `$default` route."""
    values = _grouped((name.lower(), value) for name, value in request.headers)
    cookies = [each.strip() for line in values.pop("cookie", ()) for each in line.split(";")]
    parameters = _grouped(parse_qsl(request.query, keep_blank_values=True))
    # An HTTP API hands the path on decoded (hotsock/voker#8), a function URL as it was sent.
    front = request.arrival.front
    raw_path = request.path if is_url else unquote(request.path)
    if front.stage and not is_url:
        raw_path = f"/{front.stage}{raw_path}"
    domain = URL_DOMAIN if is_url else request.header("host").partition(":")[0]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": request.query,
        "headers": {name: ",".join(several) for name, several in values.items()},
        "requestContext": {
            "accountId": "anonymous" if is_url else ACCOUNT,
            "apiId": URL_ID if is_url else API_ID,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": request.method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": front.client,
                "userAgent": request.header("user-agent"),
            },
            "requestId": request.arrival.request_id,
            "routeKey": "$default",
            "stage": "$default" if is_url or not front.stage else front.stage,
            "time": _stamp(request.arrival.now),
            "timeEpoch": int(request.arrival.now * 1000),
        },
        "isBase64Encoded": False,
    }
    if any(cookies):
        event["cookies"] = [each for each in cookies if each]
    if parameters:
        event["queryStringParameters"] = {
            name: ",".join(several) for name, several in parameters.items()
        }
    if request.body:
        text = _as_text(request.body, request.header("content-type"))
        event["body"] = _base64(request.body) if text is None else text
        event["isBase64Encoded"] = text is None
    return event


def _as_text(body: bytes, content_type: str) -> str | None:
    """Return the body as an HTTP API would give it as text, or None."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind and not kind.startswith("text/") and kind not in _TEXT_TYPES:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode("ascii")


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of every name, in their order."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _last(values: dict[str, list[str]]) -> dict[str, str]:
    return {name: several[-1] for name, several in values.items()}


def _stamp(now: float) -> str:
    """Return a time as gateways do: `12/Mar/2020:19:03:58 +0000`."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now))
