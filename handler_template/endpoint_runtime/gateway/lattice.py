"""Turns requests of VPC Lattice into those of a function URL, and replies into what it takes.

Imported for such an event only. Source: VPC Lattice User Guide, "Lambda functions as targets in VPC
Lattice": version 1 has `raw_path` and `is_base64_encoded`, version 2 `path` and
`requestContext.serviceNetworkArn`, with lists of values. A reply is as a load balancer has it.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What nobody has to encode in a query, and what is encoded already.
_SAFE = "!$'()*,/:;?@-._~%"
# Tells a function URL's event, whose path is decoded once and whose query stays as it is.
_DOMAIN = ".lambda-url."


def as_function_url(event: dict[str, Any]) -> dict[str, Any]:
    """Return a request as one to a function URL; what the event has besides stays in it.

    The identity that Lattice found (IAM, a certificate) is its authorizer.
    """
    details = event.get("requestContext")
    details = details if isinstance(details, dict) else {}
    path, mark, query = str(event.get("raw_path") or event.get("path") or "/").partition("?")
    if not mark:
        known = event.get("query_string_parameters") or event.get("queryStringParameters")
        query = _query(known if isinstance(known, dict) else {})
    headers = event.get("headers")
    joined = {
        str(name).lower(): _joined(str(name), value)
        for name, value in (headers if isinstance(headers, dict) else {}).items()
    }
    address = joined.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return {
        **event,
        "version": "2.0",
        "rawPath": path or "/",
        "rawQueryString": query,
        "headers": joined,
        "body": event.get("body"),
        "isBase64Encoded": bool(event.get("is_base64_encoded", event.get("isBase64Encoded"))),
        "requestContext": {
            **details,
            "authorizer": details.get("identity"),
            # Where nothing else says so, this has the path be decoded once.
            "domainName": f"{joined.get('host', 'localhost').partition(':')[0]}{_DOMAIN}",
            "http": {
                "method": event["method"].upper(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": address,
            },
        },
    }


def as_lattice_reply(reply: dict[str, Any]) -> dict[str, Any]:
    """Return a reply of payload 2.0 in the form that VPC Lattice takes: one value for each header.

    Further cookies are set by names that differ in case, the only way that it has.
    """
    status = reply["statusCode"]
    headers: dict[str, str] = dict(reply.get("headers") or {})
    for number, cookie in enumerate(reply.get("cookies") or ()):
        headers[_spelled("set-cookie", number)] = cookie
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return {
        "statusCode": status,
        "statusDescription": f"{status} {phrase}".rstrip(),
        "headers": headers,
        "body": reply.get("body", ""),
        "isBase64Encoded": reply.get("isBase64Encoded", False),
    }


def _spelled(name: str, number: int) -> str:
    letters = list(name)
    for place, letter in enumerate(letters):
        if letter.isalpha():
            if number & 1:
                letters[place] = letter.upper()
            number >>= 1
    return "".join(letters)


def _joined(name: str, value: object) -> str:
    if isinstance(value, list):
        return ("; " if name.lower() == "cookie" else ", ").join(map(str, value))
    return str(value)


def _query(known: dict[str, Any]) -> str:
    return "&".join(
        f"{quote(str(name), _SAFE)}={quote(str(each), _SAFE)}"
        for name, value in known.items()
        for each in (value if isinstance(value, list) else [value])
    )
