"""Parses server-sent events as their bytes come.

Source: WHATWG, HTML, "Server-sent events", 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_EVENT = 16 << 20  # bytes
_BOM = b"\xef\xbb\xbf"


class EventTooLarge(Exception):
    """An event, or a line, has more bytes than this reads."""


def read_events(chunks: Iterable[bytes], limit: int = MAX_EVENT) -> Iterator[tuple[str, str]]:
    """Yield the type ("message" where none is said) and the data of each event.

    Lines end in CR, LF or both, wherever chunks end; what is not UTF-8 is replaced. An event that
    the stream ends in the middle of is dropped, and so is one without data.
    """
    kind, size = "", 0
    data: list[str] = []
    for line in _lines(chunks, limit):
        if not line:
            if data:
                yield kind or "message", "\n".join(data)
            kind, data, size = "", [], 0
            continue
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            size += len(value)
            if size > limit:
                raise EventTooLarge(f"an event has more than {limit} bytes")
            data.append(value)
        elif name == "event":
            kind = value
        # Comments have no name; `id` and `retry` are for who connects again.


def _lines(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield each line without its end. A line is whole only once its end has come."""
    rest = bytearray()
    start = True
    after_cr = False  # a LF that comes next belongs to the line before
    for chunk in chunks:
        if start:
            rest += chunk
            if len(rest) < len(_BOM) and _BOM.startswith(rest):
                continue
            chunk = bytes(rest.removeprefix(_BOM))
            rest.clear()
            start = False
        if after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            after_cr = False
        if not chunk:
            continue
        after_cr = chunk.endswith(b"\r")
        lines = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            if rest:
                rest += line
                line = bytes(rest)
                rest.clear()
            yield line
        rest += lines[-1]
        if len(rest) > limit:
            raise EventTooLarge(f"a line has more than {limit} bytes")
