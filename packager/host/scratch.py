"""Makes folders for work in progress, and removes those of processes that were killed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".packager-"
_NAME = re.compile(rf"{re.escape(_PREFIX)}[a-z0-9_]{{8}}")
_LOCK = "lock"  # held by the process that works in the folder: gone with it, however it ends
_WORK = "work"  # what folders of earlier versions have in place of a lock


def is_scratch(name: str) -> bool:
    """Whether a folder of this name is one of those made here."""
    return _NAME.fullmatch(name) is not None


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder in `parent` for as long as the context lasts.

    Folders that killed processes have left in `parent` are removed first.
    """
    with alone_in(parent):
        _remove_leftovers(parent)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=_PREFIX))
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with suppress(OSError):  # some file systems have no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is alone in `folder`; some file systems have no locks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_leftovers(parent: Path) -> None:
    with os.scandir(parent) as entries:
        found = [
            Path(entry.path)
            for entry in entries
            if is_scratch(entry.name) and entry.is_dir(follow_symlinks=False)
        ]
    for folder in found:
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Whether nobody works in `folder` any more; false where that can't be known."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        # Killed in the moment between its making and its lock, or of an earlier version; or its
        # process is just taking it away, and may be done any moment.
        with suppress(OSError):
            return (folder / _WORK).is_dir() or not any(folder.iterdir())
        return False
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or no locks here
        return False
    finally:
        os.close(lock)
    return True
