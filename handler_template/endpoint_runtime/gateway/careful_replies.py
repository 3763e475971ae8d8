"""Turns any werkzeug Response into the reply each event source wants, or into WSGI's headers.

The forms are those of AWS's pages named in `environ`. Bodies are text where that keeps every byte
(rule in docs/events.md), else base64. Most responses are plain: `plain_replies` has those.
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from endpoint_runtime.gateway.errors import ReplyTooLarge, UnsendableReply
from endpoint_runtime.gateway.headers import is_field_name, is_field_value
from endpoint_runtime.gateway.paths import ALB, HTTP_2, URL
from endpoint_runtime.gateway.replies import HOP_BY_HOP, is_text, limit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from endpoint_runtime.gateway.replies import BodyTypes

    Header = tuple[str, str]


def end_to_end_headers(response: Response, environ: dict[str, Any]) -> list[Header]:
    """Return the headers of a response as they go out, hop-by-hop ones left out (RFC 9110, 7.6.1).

    Raises `UnsendableReply` where these, or the status, are none of HTTP.
    """
    _check_form(response, response.headers)
    headers = [*response.get_wsgi_headers(environ)]
    if type(response) is not Response:
        _check_form(response, headers)
    drop = HOP_BY_HOP
    for name, value in headers:
        if name.lower() == "connection":
            drop = drop.union(option.strip().lower() for option in value.split(","))
    return [header for header in headers if header[0].lower() not in drop]


def _check_form(response: Response, headers: Iterable[Header]) -> None:
    """Raise `UnsendableReply` unless this is a head of HTTP (RFC 9110, sections 5 and 15)."""
    status = response.status_code
    if not isinstance(status, int) or not 100 <= status <= 999:
        raise UnsendableReply(f"the response's status is {status!r}, expected 100 to 999")
    if not is_field_value(response.status):  # a server sends it in its first line
        raise UnsendableReply(
            f"the response's status {response.status[:60]!a} holds a line break or the like"
        )
    for name, value in headers:
        if not is_field_name(name):
            raise UnsendableReply(f"the response has a header named {str(name)[:60]!a}")
        if not is_field_value(value):  # not the value itself: it may be a key
            raise UnsendableReply(
                f"the response's header {name[:60]} has a value that "
                + ("holds a line break or the like" if type(value) is str else "is not text")
            )


def reply_of(
    source: str,
    *,
    multi_value: bool,
    status: int,
    headers: Sequence[Header],
    body: bytes | None,
    types: BodyTypes = ((), ()),
) -> dict[str, Any]:
    """Make the reply for an event's source.

    `multi_value` says that a load balancer's event had multi-value headers. `body` is None where
    HTTP forbids one; a Content-Length then says what a GET would have had. Raises `ReplyTooLarge`.
    """
    limit = limit_of(source)
    if body is not None and len(body) > limit:  # however it is encoded
        raise ReplyTooLarge(len(body), limit)
    length = None if body is None else len(body)
    singles, repeated, first = _by_name(headers, length)
    content_type = _value("content-type", singles, repeated, first)
    content_encoding = _value("content-encoding", singles, repeated, first)
    text, is_base64 = "", False
    if body:
        text, is_base64 = _encode(body, content_type, content_encoding, types)
    reply: dict[str, Any] = {"statusCode": status}
    if source in (HTTP_2, URL):
        cookie = first.get("set-cookie")
        if cookie is not None:
            reply["cookies"] = repeated.pop(cookie, None) or [singles.pop(cookie)]
        for name, values in repeated.items():
            singles[name] = ", ".join(values)
        reply["headers"] = singles
    elif source == ALB:
        reply["statusDescription"] = f"{status} {_reason(status)}"
        if multi_value:
            every = {name: [value] for name, value in singles.items()}
            reply["multiValueHeaders"] = every | repeated
        else:
            reply["headers"] = _one_each(singles, repeated)
    else:
        reply["headers"] = singles
        if repeated:
            reply["multiValueHeaders"] = repeated
    reply["body"] = text
    reply["isBase64Encoded"] = is_base64
    _check_size(reply, limit)
    return reply


def _by_name(
    headers: Sequence[Header], length: int | None
) -> tuple[dict[str, str], dict[str, list[str]], dict[str, str]]:
    """Return the headers that are there once, those that are repeated, and names by lower case.

    A name is spelled as it first was. `length`, if any, is what Content-Length says.
    """
    singles: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower == "content-length" and length is not None:
            value = str(length)
        if lower in first:
            name = first[lower]
            if name in repeated:
                repeated[name].append(value)
            else:
                repeated[name] = [singles.pop(name), value]
        else:
            first[lower] = name
            singles[name] = value
    return singles, repeated, first


def _value(
    lower: str, singles: dict[str, str], repeated: dict[str, list[str]], first: dict[str, str]
) -> str:
    """Return the last value of a header, "" for none."""
    name = first.get(lower, "")
    return singles.get(name) or repeated.get(name, [""])[-1]


def _one_each(singles: dict[str, str], repeated: dict[str, list[str]]) -> dict[str, str]:
    """Return headers of one value each, as a load balancer without multi-value headers has it."""
    headers = singles.copy()
    for name, values in repeated.items():
        if name.lower() == "set-cookie":
            # One value a name is all this form has, but names differ by case.
            headers.update(zip(_spellings(), values))  # noqa: B905 - the first is endless
        else:
            headers[name] = ", ".join(values)
    return headers


def _encode(
    body: bytes, content_type: str, content_encoding: str, types: BodyTypes
) -> tuple[str, bool]:
    """Return the body as text or base64, and which of the two it is."""
    if is_text(content_type, content_encoding, types):
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    from binascii import b2a_base64

    return b2a_base64(body, newline=False).decode("ascii"), True


def _reason(status: int) -> str:
    from werkzeug.http import HTTP_STATUS_CODES

    return HTTP_STATUS_CODES.get(status, "Unknown")


def _spellings() -> Iterable[str]:
    """`Set-Cookie` in ever other mixtures of upper and lower case."""
    name = "Set-Cookie"
    letters = [index for index, letter in enumerate(name) if letter.isalpha()]
    for number in range(1 << len(letters)):
        spelling = list(name)
        for bit, index in enumerate(letters):
            if number >> bit & 1:
                spelling[index] = spelling[index].swapcase()
        yield "".join(spelling)


def _check_size(reply: dict[str, Any], limit: int) -> None:
    """Raise `ReplyTooLarge` if the reply's JSON is over the limit."""
    # No character takes more than six bytes ("\\u0000"), so most replies need no counting.
    body: str = reply["body"]
    if len(body) * (1 if reply["isBase64Encoded"] else 6) < limit - 65536:
        return
    import json
    import os

    # The stock client writes characters beyond ASCII as they are from Python 3.12 on
    # (awslambdaric, lambda_runtime_marshaller.py).
    escaped = os.environ.get("AWS_EXECUTION_ENV", "").endswith("python3.11")
    size = len(json.dumps(reply, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))
    if size > limit:
        raise ReplyTooLarge(size, limit)
