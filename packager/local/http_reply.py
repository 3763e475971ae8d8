"""Reads the HTTP reply in what a function answered, as a gateway would."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from packager.dataclass import dataclass
from packager.errors import PackagerError


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An HTTP reply: its headers in order, repeated ones included, and its body's exact bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def reason(self) -> str:
        """The status's usual phrase, or nothing."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""


def read_reply(answer: object) -> HttpReply | None:
    """Return the HTTP reply that `answer` is; None for an answer that is none.

    Takes the forms of payload 1.0 and 2.0: where a name is in both header maps the multi-value map
    counts, and `cookies` are Set-Cookie headers. Raises `PackagerError` where a gateway would
    refuse the reply ("Malformed Lambda proxy response").
    """
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return None
    try:
        status = int(answer["statusCode"])
        return HttpReply(status, tuple(_headers(answer)), _body(answer))
    except (TypeError, ValueError, AttributeError, binascii.Error) as fault:
        raise PackagerError(f"the function's reply is malformed: {fault}") from fault


def _headers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    several: Mapping[str, Any] = answer.get("multiValueHeaders") or {}
    repeated = {name.lower() for name in several}
    headers = [
        (name, _text(value))
        for name, value in (answer.get("headers") or {}).items()
        if name.lower() not in repeated
    ]
    headers += [(name, _text(value)) for name, values in several.items() for value in values]
    headers += [("Set-Cookie", _text(cookie)) for cookie in answer.get("cookies") or ()]
    return headers


def _body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise TypeError("its body is not a string")
    if answer.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)
    return body.encode("utf-8", "surrogatepass")


def _text(value: object) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError("a header's value is not a string")
