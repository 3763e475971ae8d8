"""What all replies have in common: bodies, which of them are text, and what Lambda hands on."""

from __future__ import annotations

from werkzeug.wrappers import Response

from endpoint_runtime.gateway.errors import ReplyTooLarge
from endpoint_runtime.gateway.paths import ALB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

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


def has_no_body(method: str, status: int) -> bool:
    """Whether HTTP forbids a body here: HEAD, 1xx, 204 and 304 (RFC 9110)."""
    return status in (204, 304) or status < 200 or method == "HEAD"


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


def limit_of(source: str) -> int:
    """Return how many bytes Lambda hands on of a reply to an event of this source."""
    return MAX_REPLY_ALB if source == ALB else MAX_REPLY


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
