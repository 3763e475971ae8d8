"""Reads streams of AWS's binary events as they come.

Source: AWS, "Amazon Event Stream Specification" (Smithy): each message has the length of all of it
and of its headers, a checksum of both, headers, a payload, and a checksum of all that.
"""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_MESSAGE = 24 << 20  # bytes
_PRELUDE = 12  # bytes: two lengths and their checksum
_CHECKSUM = 4  # bytes
# Sizes in bytes of headers' values by their types; those of -1 are preceded by their length.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 6: -1, 7: -1, 8: 8, 9: 16}
_TEXT = 7


def read_messages(
    chunks: Iterable[bytes], *, checked: bool
) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield the headers that are texts, and the payload, of each message; raises CallError.

    If `checked`, their checksums are. TLS has authenticated all that it brought, and to load the
    checksum's library takes a tenth of a first call.
    """
    if checked:
        from binascii import crc32
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        while len(rest) >= _PRELUDE:
            size, header_size = _number(rest, 0), _number(rest, 4)
            if checked and crc32(rest[:8]) != _number(rest, 8):
                raise _damaged()
            smallest = _PRELUDE + header_size + _CHECKSUM
            if not smallest <= size <= MAX_MESSAGE:
                raise _damaged()
            if len(rest) < size:
                break
            message = bytes(rest[:size])
            del rest[:size]
            if checked and crc32(message[:-_CHECKSUM]) != _number(message, size - _CHECKSUM):
                raise _damaged()
            start = _PRELUDE + header_size
            yield _headers(message[_PRELUDE:start]), message[start:-_CHECKSUM]
    if rest:
        raise CallError("the answer ended in the middle")


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    try:
        while position < len(data):
            end = position + 1 + data[position]
            name, kind = data[position + 1 : end].decode(), data[end]
            position = end + 1
            size = _SIZES[kind]
            if size < 0:
                size = int.from_bytes(data[position : position + 2], "big")
                position += 2
            if kind == _TEXT:
                found[name] = data[position : position + size].decode()
            position += size
    except (IndexError, KeyError, UnicodeDecodeError):
        raise _damaged() from None
    return found


def _number(data: bytes | bytearray, start: int) -> int:
    return int.from_bytes(data[start : start + 4], "big")


def _damaged() -> CallError:
    return CallError("the answer is not a stream of AWS's events")
