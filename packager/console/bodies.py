"""Says what a body is, so that a page can show it: text in its own form, or bytes by their size."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Literal

from packager.dataclass import dataclass

MOST_SHOWN = 200_000  # characters
_MOST_UNPACKED = 2 * 1024 * 1024
_SUFFIXES = {
    "text/html": ".html",
    "application/json": ".json",
    "text/event-stream": ".txt",
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "application/pdf": ".pdf",
}


@dataclass(frozen=True, slots=True)
class Body:
    """A body as a page shows it. `cut` is whether there is more of it."""

    kind: Literal["none", "text", "json", "bytes"]
    size: int
    type: str = ""
    text: str = ""
    cut: bool = False
    note: str = ""

    @property
    def suffix(self) -> str:
        """What a file of it ends with."""
        if self.type in _SUFFIXES:
            return _SUFFIXES[self.type]
        return ".bin" if self.kind == "bytes" else ".txt"


def body_of(headers: Sequence[tuple[str, str]], data: bytes) -> Body:
    """Return what `data` is, by its headers and by itself."""
    named = {name.lower(): value for name, value in headers}
    kind = named.get("content-type", "").partition(";")[0].strip().lower()
    size = len(data)
    if not data:
        return Body("none", 0, kind)
    note = ""
    if named.get("content-encoding", "").strip().lower() == "gzip":
        unpacked = _unpacked(data)
        if unpacked is None:
            return Body("bytes", size, kind)
        data, note = unpacked, "unpacked from gzip"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Body("bytes", size, kind, note=note)
    if "\0" in text:
        return Body("bytes", size, kind, note=note)
    if kind == "application/json" or kind.endswith("+json"):
        shaped = _shaped(text)
        if shaped is not None:
            return Body("json", size, kind, shaped[:MOST_SHOWN], len(shaped) > MOST_SHOWN, note)
    return Body("text", size, kind, text[:MOST_SHOWN], len(text) > MOST_SHOWN, note)


def _shaped(text: str) -> str | None:
    """Return JSON with a line for every value; None for what is not JSON."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _unpacked(data: bytes) -> bytes | None:
    """Return what gzip has packed, or the start of it: a small body may hold gigabytes."""
    try:
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return unpack.decompress(data, _MOST_UNPACKED)
    except zlib.error:
        return None
