"""What a client gets of a function's answer: the gateway's part in it.

Sources: AWS's pages "Handle Lambda errors in API Gateway", "Troubleshooting HTTP API Lambda
integrations" and "Invoking Lambda function URLs" (what is answered where a function fails).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.local.http_reply import HttpReply, read_reply
from packager.local.request_event import Header, Payload

# RFC 9110, "Connection" and what goes with it: theirs who hold the connection.
HOP_BY_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer"),
        *("upgrade", "proxy-authenticate", "proxy-authorization"),
    )
)
OWN_COOKIES = "packager_"  # how the console's are called: no function sees or sets them
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NO_BODY = frozenset((204, 304))
_INTERNAL: dict[Payload, tuple[int, bytes, str]] = {
    "1.0": (502, b'{"message": "Internal server error"}', "application/json"),
    "2.0": (500, b'{"message":"Internal Server Error"}', "application/json"),
    "url": (502, b"Internal Server Error", "application/json"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The status and the headers of an answer."""

    status: int
    headers: tuple[Header, ...]


class Malformed(PackagerError):
    """What a function answered is nothing that a gateway hands on."""


def internal_error(payload: Payload) -> tuple[Head, bytes]:
    """Return what a gateway answers where the function gave nothing to hand on."""
    status, body, kind = _INTERNAL[payload]
    return _plain(status, body, kind)


def own_answer(status: int, message: str) -> tuple[Head, bytes]:
    """Return an answer of the server's own, as JSON with a `message`."""
    body = json.dumps({"message": message}, ensure_ascii=False).encode()
    return _plain(status, body, "application/json")


def _plain(status: int, body: bytes, kind: str) -> tuple[Head, bytes]:
    return Head(status, (("Content-Type", kind), ("Content-Length", str(len(body))))), body


def whole_answer(reply: object, method: str) -> tuple[Head, bytes]:
    """Return head and body of a function's reply; raise `Malformed`."""
    found = _read(reply)
    headers = _fit(found)
    without = method == "HEAD" or found.status in _NO_BODY
    if not without:
        headers = [each for each in headers if each[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(found.body))))
    return Head(found.status, tuple(headers)), b"" if without else found.body


def streamed_head(prelude: dict[str, Any]) -> Head:
    """Return the head of a streamed reply, whose length nobody knows; raise `Malformed`."""
    found = _read(prelude)
    headers = [each for each in _fit(found) if each[0].lower() != "content-length"]
    return Head(found.status, tuple(headers))


def _read(reply: object) -> HttpReply:
    try:
        found = read_reply(reply)
    except PackagerError as fault:
        raise Malformed(str(fault)) from None
    if found is None:
        raise Malformed("the function's reply is not one to an HTTP request: it has no statusCode")
    if not 200 <= found.status <= 599:
        raise Malformed(f"the function's reply is malformed: its status is {found.status}")
    return found


def _fit(reply: HttpReply) -> list[Header]:
    for name, value in reply.headers:
        if not _NAME.fullmatch(name) or _UNFIT.search(value):
            raise Malformed(f"the function's reply is malformed: its header {name!r} is unfit")
    return [
        (name, value.strip())
        for name, value in reply.headers
        if name.lower() not in HOP_BY_HOP
        and not (name.lower() == "set-cookie" and _is_own_cookie(value))
    ]


def _is_own_cookie(text: str) -> bool:
    return text.strip().lower().startswith(OWN_COOKIES)


def from_client(headers: Iterable[Header]) -> tuple[Header, ...]:
    """Return a client's headers as a gateway hands them on, without the console's cookies."""
    kept: list[Header] = []
    for name, value in headers:
        if name.lower() in HOP_BY_HOP:
            continue
        if name.lower() == "cookie":
            others = [each for each in value.split(";") if not _is_own_cookie(each)]
            value = ";".join(others).strip()
            if not value:
                continue
        kept.append((name, value))
    return tuple(kept)
