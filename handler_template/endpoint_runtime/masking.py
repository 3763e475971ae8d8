"""Puts `***` in the place of secrets in what is logged, however they are spelt there.

`endpoint_runtime.secrets` holds them; docs/logging.md has the rule. Imported by the first text that
may hold one: a request that logs nothing but its own line pays nothing. What needs an import at
all is done without (`json`, `urllib.parse` and `base64` cost milliseconds).
"""

from __future__ import annotations

from _json import encode_basestring, encode_basestring_ascii
from os import environ

import endpoint_runtime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, BinaryIO

MASK = "***"
_LEAST = 4  # characters: shorter ones would mask ordinary text and hide nothing
_LEAST_PART = 8  # characters of a line of a secret, or of its bytes as base64 or hexadecimal
_OWN = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
_UNQUOTED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
# Of a JSON line, what says when, how grave and whose it is, and never a secret.
ENVELOPE = ("timestamp", "level", "requestId")

for _name in _OWN:
    endpoint_runtime.hide(environ.get(_name))

# What was looked for last: a mark of the secrets there were, and their spellings, longest first.
_state: tuple[tuple[int, str | None], list[str]] = (0, None), []


def mask(text: str) -> str:
    """Give `text` without the secrets that are known."""
    global _state
    secrets = endpoint_runtime.secrets
    if not secrets:
        return text
    mark = len(secrets), next(reversed(secrets))
    if _state[0] != mark:
        _state = mark, _sorted(list(secrets))
    for spelling in _state[1]:
        text = text.replace(spelling, MASK)
    return text


def mask_these(text: str, hidden: Iterable[str]) -> str:
    """Give `text` without the texts of `hidden`."""
    for spelling in _sorted(hidden):
        text = text.replace(spelling, MASK)
    return text


def mask_value(value: Any) -> Any:
    """Mask the texts in what becomes JSON; what JSON has no form for is left to its encoder."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask_value(key): mask_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_value(item) for item in value]
    return value


def mask_line(line: str) -> str:
    """Mask a line of the log. One of JSON stays JSON, and keeps its time, level and request id."""
    masked = mask(line)
    if masked == line or line[:1] != "{":
        return masked
    from endpoint_runtime.event_json import decode_json, encode_json

    try:
        entry = decode_json(line.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return masked
    if not isinstance(entry, dict):
        return masked
    kept = {key: item if key in ENVELOPE else mask_value(item) for key, item in entry.items()}
    end = "\n" if line.endswith("\n") else ""
    return encode_json(kept).decode("utf-8", "backslashreplace") + end


class MaskedBytes:
    """A stream of bytes that writes text at once, and no secrets."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, data: bytes) -> int:
        """Write `data`, secrets masked."""
        text = bytes(data).decode("utf-8", "surrogateescape")
        self._stream.write(mask(text).encode("utf-8", "surrogateescape"))
        self._stream.flush()
        return len(data)


def _sorted(secrets: Iterable[str]) -> list[str]:
    """All spellings, longest first: a shorter one may be a part of it."""
    found: set[str] = set()
    for secret in secrets:
        found.update(spellings(secret))
    return sorted(found, key=len, reverse=True)


def spellings(secret: str) -> Iterator[str]:
    """Give a secret as it is, by line, quoted for Python, JSON, URLs, HTML, in base64 and hex."""
    stripped = secret.strip()
    parts = {secret, stripped}
    # A key in PEM is printed by line; within a JSON document its lines end in `\n`, spelt so.
    lines = stripped.replace("\\n", "\n").splitlines()
    parts.update([line for each in lines if len(line := each.strip()) >= _LEAST_PART])
    for part in parts:
        if len(part) < _LEAST:
            continue
        yield part
        data = part.encode("utf-8", "surrogatepass")
        if not _UNQUOTED.issuperset(data):
            yield from _quoted(part, data)
        if len(data) * 4 >= _LEAST_PART * 3:
            yield from _encoded(data)


def _quoted(text: str, data: bytes) -> Iterator[str]:
    # Python takes single quotes but for texts that hold some and no double ones.
    for spelt in (repr(text)[1:-1], ascii(text)[1:-1], repr(text + '"')[1:-2], repr(data)[2:-1]):
        yield spelt
    for spelt in (encode_basestring(text), encode_basestring_ascii(text)):
        yield spelt[1:-1]
        yield encode_basestring(spelt)[3:-3]  # JSON as a text in JSON
    yield text.translate(_HTML)
    for unquoted in (_UNQUOTED, _UNQUOTED | {*b"/"}, _UNQUOTED | {*b"!*'()"}):
        for form in ("%%%02X", "%%%02x"):
            url = "".join([chr(byte) if byte in unquoted else form % byte for byte in data])
            yield url
            yield url.replace("%20", "+")


def _encoded(data: bytes) -> Iterator[str]:
    """Give what is the same wherever in an encoded text the bytes stand."""
    from binascii import b2a_base64

    yield data.hex()
    yield data.hex().upper()
    for before in range(3):
        text = b2a_base64(b"\0" * before + data, newline=False).decode()
        # The first characters hold bits of what is before, the last one may of what follows.
        text = text[(0, 2, 3)[before] : (len(data) + before) * 8 // 6]
        if len(text) >= _LEAST_PART:
            yield text
            yield text.replace("+", "-").replace("/", "_")
