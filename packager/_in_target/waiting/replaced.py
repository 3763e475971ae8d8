"""Replaces what a package does for nothing, in its bytecode alone."""

from __future__ import annotations

from collections.abc import Iterable


def replaced(source: bytes, pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return a source with the first of each pair replaced by the second, which means the same.

    A source that has one of them not at all, or twice, is left as it is.
    """
    made = source
    for old, new in pairs:
        if source.count(old.encode()) != 1:
            return source
        made = made.replace(old.encode(), new.encode())
    return made
