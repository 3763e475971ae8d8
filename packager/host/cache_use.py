"""Marks entries of the cache as used by this process, so that nobody removes them meanwhile.

A mark is a lock on a file beside the entry, which goes with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

MARK = ".used-"
_held: dict[Path, int] = {}  # open files, for as long as this process lives or holds them


def hold(entry: Path) -> None:
    """Mark an entry, which may not be there yet, as used until `let_go`. Failing to is no error."""
    if entry in _held:
        return
    with contextlib.suppress(OSError):  # a cache that can't be written, or has no locks
        handle = os.open(_mark_of(entry), os.O_RDWR | os.O_CREAT, 0o600)
        _held[entry] = handle
        os.utime(handle)
        fcntl.flock(handle, fcntl.LOCK_SH)


def let_go() -> None:
    """Use no entry any longer."""
    while _held:
        os.close(_held.popitem()[1])


@contextlib.contextmanager
def unused(entry: Path) -> Iterator[bool]:
    """Yield whether nobody uses an entry; if so, whoever wants to waits for the end of this."""
    try:
        handle = os.open(_mark_of(entry), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        except OSError:  # some file systems have no locks
            yield True
        else:
            yield True
    finally:
        os.close(handle)


def _mark_of(entry: Path) -> Path:
    return entry.parent / f"{MARK}{entry.name}"
