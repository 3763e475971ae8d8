"""Keeps results between builds in the user's cache folder, safe with several builds at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from packager.interpreter import home_folder

FORMAT = 2  # part of every path: entries of other formats are never read
UNUSED_SECONDS = 30 * 24 * 3600


def cache_folder() -> Path | None:
    """Give packager's folder under the user's caches; None where none can be written.

    `XDG_CACHE_HOME` where it is set, else what the platform uses (XDG Base Directory
    Specification; Apple's File System Programming Guide).
    """
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if Path(configured).is_absolute():
        base = Path(configured)
    else:
        home = home_folder()
        if home is None:
            return None
        base = home / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    folder = base / "packager" / f"v{FORMAT}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def cached_text(folder: Path | None, key: str, max_age: float) -> str | None:
    """Give the text kept as `key`, if there is one that is less than `max_age` seconds old."""
    if folder is None:
        return None
    path = folder / key
    try:
        age = time.time() - path.stat().st_mtime
        return path.read_text("utf-8") if 0 <= age < max_age else None
    except (OSError, UnicodeDecodeError):
        return None


def keep_text(folder: Path | None, key: str, text: str) -> None:
    """Keep `text` as `key`; it appears whole or not at all. Failing to is no error."""
    if folder is None:
        return
    path = folder / key
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)


def cached_folder(folder: Path, key: str, make: Callable[[Path], None]) -> Path:
    """Give the folder kept as `key`; without one, let `make` fill a new folder and keep that.

    An entry appears by rename, complete; whoever renames first wins, and its contents never change
    after. Entries unused for 30 days are removed when one is added. What `make` raises goes on.
    """
    entry = folder / key
    if entry.is_dir():
        with contextlib.suppress(OSError):
            os.utime(entry)
        return entry
    entry.parent.mkdir(parents=True, exist_ok=True)
    _remove_unused(entry.parent)
    with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".new-") as temporary:
        made = Path(temporary) / "entry"
        made.mkdir()
        make(made)
        with contextlib.suppress(FileExistsError, OSError):
            made.rename(entry)
        if not entry.is_dir():
            raise OSError(f"the cache entry {entry} could not be made")
    return entry


def discard(folder: Path, key: str) -> None:
    """Remove the entry `key`: first from its name, so that nobody finds it half removed."""
    with contextlib.suppress(OSError):
        gone = Path(tempfile.mkdtemp(dir=folder, prefix=".old-"))
        (folder / key).rename(gone / "entry")
        shutil.rmtree(gone, ignore_errors=True)


def _remove_unused(folder: Path) -> None:
    oldest = time.time() - UNUSED_SECONDS
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            if entry.stat().st_mtime < oldest:
                if entry.name.startswith("."):
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    discard(folder, entry.name)
