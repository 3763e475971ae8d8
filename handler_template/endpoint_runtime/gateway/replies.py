"""Turns a werkzeug Response into the reply each event source wants, or into WSGI's headers.

The forms are those of AWS's pages named in `events`. Bodies are text where that keeps every byte
(rule in docs/events.md), else base64.
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from endpoint_runtime.gateway.headers import is_field_name, is_field_value
from endpoint_runtime.gateway.paths import ALB, HTTP_2, URL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Header = tuple[str, str]
    # Patterns of media types: those that go as base64 all the same, and those that go as text.
    BodyTypes = tuple[tuple[str, ...], tuple[str, ...]]

# Bytes of a synchronous invocation's reply (the Runtime Interface Emulator's limit too), and of
# one that a load balancer takes ("Lambda functions as targets for Application Load Balancers").
MAX_REPLY = 6291556
MAX_REPLY_ALB = 1048576
GZIP_GAIN = 10  # of what gzip is to make small enough, this many times as much is taken

HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)
_TEXT_TYPES = frozenset(
    (
        "application/ecmascript",
        "application/graphql",
        "application/javascript",
        "application/json",
        "application/jsonl",
        "application/ld+json",
        "application/ndjson",
        "application/problem+json",
        "application/sql",
        "application/toml",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    )
)


class UnsendableReply(ValueError):
    """No gateway takes the reply. The message is one line for the log."""


class ReplyTooLarge(UnsendableReply):
    """The reply has more bytes than Lambda hands on; `size` and `limit` are in bytes.

    `more` says that `size` is what was read of it until then.
    """

    def __init__(self, size: int, limit: int, *, more: bool = False) -> None:
        has = "has more than" if more else "has"
        super().__init__(f"the reply {has} {size} bytes, Lambda hands on at most {limit}")
        self.size = size
        self.limit = limit


def has_no_body(method: str, status: int) -> bool:
    """Whether HTTP forbids a body here: HEAD, 1xx, 204 and 304 (RFC 9110)."""
    return status in (204, 304) or status < 200 or method == "HEAD"


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
                + ("holds a line break or the like" if type(value) is str else "is no text")
            )


def read_body(response: Response, limit: int | None = None) -> bytes:
    """Join the parts of a response's body; whatever a generator raises comes through.

    Raises `ReplyTooLarge` instead of joining more than `limit` bytes.
    """
    parts: Any
    if type(response) is Response:
        parts = response.response
        if type(parts) is list and len(parts) == 1 and type(parts[0]) is bytes:
            body = parts[0]
            if limit is not None and len(body) > limit:
                raise ReplyTooLarge(len(body), limit)
            return body
    else:  # an iterable of text or bytes, also where direct_passthrough hands over a file
        parts = response.iter_encoded()
    chunks, size = [], 0
    for part in parts:
        chunk = part.encode() if isinstance(part, str) else part
        chunks.append(chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            raise ReplyTooLarge(size, limit, more=True)
    return b"".join(chunks)


def reply_of(
    source: str,
    *,
    multi_value: bool,
    status: int,
    headers: Sequence[Header],
    body: bytes,
    has_body: bool,
    types: BodyTypes = ((), ()),
) -> dict[str, Any]:
    """Make the reply for an event's source.

    `multi_value` says that a load balancer's event had multi-value headers. `has_body` is false
    where HTTP forbids one; a Content-Length then says what a GET would have had. Raises
    `ReplyTooLarge`.
    """
    limit = limit_of(source)
    if len(body) > limit:  # however it is encoded
        raise ReplyTooLarge(len(body), limit)
    singles: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    content_type = content_encoding = ""
    for name, value in headers:
        lower = name.lower()
        if lower == "content-type":
            content_type = value
        elif lower == "content-encoding":
            content_encoding = value
        elif lower == "content-length" and has_body:
            value = str(len(body))
        if lower in first:
            name = first[lower]
            if name in repeated:
                repeated[name].append(value)
            else:
                repeated[name] = [singles.pop(name), value]
        else:
            first[lower] = name
            singles[name] = value

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
            every.update(repeated)
            reply["multiValueHeaders"] = every
        else:
            for name, values in repeated.items():
                if name.lower() == "set-cookie":
                    # One value a name is all this form has, but names differ by case.
                    singles.update(zip(_spellings(), values))  # noqa: B905 - the first is endless
                else:
                    singles[name] = ", ".join(values)
            reply["headers"] = singles
    else:
        reply["headers"] = singles
        if repeated:
            reply["multiValueHeaders"] = repeated
    reply["body"] = text
    reply["isBase64Encoded"] = is_base64
    _check_size(reply, limit)
    return reply


def limit_of(source: str) -> int:
    """Return how many bytes Lambda hands on of a reply to an event of this source."""
    return MAX_REPLY_ALB if source == ALB else MAX_REPLY


def _encode(
    body: bytes, content_type: str, content_encoding: str, types: BodyTypes
) -> tuple[str, bool]:
    """Give the body as text or base64, and which of the two it is."""
    if is_text(content_type, content_encoding, types):
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    from binascii import b2a_base64

    return b2a_base64(body, newline=False).decode("ascii"), True


def is_text(content_type: str, content_encoding: str, types: BodyTypes) -> bool:
    """Whether a body may go as text, as far as its headers tell."""
    binary_types, text_types = types
    media_type = content_type.partition(";")[0].strip().lower()
    if content_encoding and content_encoding.strip().lower() != "identity":
        return False
    if binary_types and _matches(media_type, binary_types):
        return False
    return (
        media_type.startswith("text/")
        or media_type in _TEXT_TYPES
        or media_type.endswith(("+json", "+xml"))
        or (bool(text_types) and _matches(media_type, text_types))
    )


def _matches(media_type: str, patterns: Iterable[str]) -> bool:
    """Whether a media type in lower case is one of those, in which `*` is any characters."""
    for pattern in patterns:
        pattern = pattern.strip().lower()
        if pattern == media_type:
            return True
        if "*" in pattern:
            from fnmatch import fnmatchcase

            if fnmatchcase(media_type, pattern):
                return True
    return False


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
