"""Reads a file of a plugin that is to be of a reasonable size."""

from __future__ import annotations

from pathlib import Path

from packager.errors import Diagnostics, Place

MAX_FILE = 4 * 1024 * 1024  # bytes; real files have a few thousand


def read_bounded(
    path: Path, display: str, diagnostics: Diagnostics, most: int = MAX_FILE
) -> bytes | None:
    """Return what the file at `path` holds; None, and an error, for one too large or unreadable.

    Messages call it `display`; `most` is in bytes.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= most else b""
    except OSError as error:
        diagnostics.error("unreadable-file", f"can't be read: {error.strerror}", Place(display))
        return None
    if size > most:
        diagnostics.error("too-large", f"has {size} bytes; at most {most} are read", Place(display))
        return None
    return content
