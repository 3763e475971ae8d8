"""Keeps results between builds in the user's cache folder, safe with several builds at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

from packager.host.cache_contents import MOST_BYTES, UNUSED_SECONDS, clean
from packager.host.cache_index import DamagedError, check_entry, sealed, unsealed, write_index
from packager.host.cache_use import MARK, hold
from packager.host.user_folders import platform_folder

FORMAT = 3  # part of every path: entries of other formats are never read
UNFINISHED_SECONDS = 24 * 3600  # what a killed build leaves
_HOUR = 3600  # seconds
_BETWEEN_LOOKS = 600  # seconds
_PRIVATE = 0o700
_LOCK = ".lock-"
Note = Callable[[str], None]


def cache_folder() -> Path | None:
    """Return packager's folder under the user's caches; None where none can be written."""
    base = platform_folder("cache", "packager")
    if base is None:
        return None
    folder = base / f"v{FORMAT}"
    try:
        base.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        if base.stat().st_mode & 0o077:  # of an earlier version
            base.chmod(_PRIVATE)
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


# The entries that were found sound since `checked_once` began.
_sound: ContextVar[set[Path] | None] = ContextVar("sound", default=None)


@contextlib.contextmanager
def checked_once() -> Iterator[None]:
    """Have each entry that is asked for more than once while the context lasts checked once."""
    token = _sound.set(set())
    try:
        yield
    finally:
        _sound.reset(token)


def _unheard(message: str) -> None:
    """Take a note that nobody wants."""


def cached_text(folder: Path | None, key: str, max_age: float, note: Note = _unheard) -> str | None:
    """Return the text kept as `key`, if there is one that is less than `max_age` seconds old.

    One that is not whole counts as none; `note` is told.
    """
    if folder is None:
        return None
    path = folder / key
    try:
        age = time.time() - path.stat().st_mtime
        return unsealed(path.read_text("utf-8")) if 0 <= age < max_age else None
    except (DamagedError, UnicodeDecodeError):
        note(f"{path}, in the cache, was damaged: made again")
    except OSError:
        pass
    return None


def keep_text(folder: Path | None, key: str, text: str) -> None:
    """Keep `text` as `key`; it appears whole or not at all. Failing to is no error."""
    if folder is not None:
        keep_bytes(folder, key, sealed(text).encode())


def cached_bytes(folder: Path, key: str) -> bytes | None:
    """Return the bytes kept as `key`, None without; who takes them checks that they are whole."""
    path = folder / key
    try:
        content = path.read_bytes()
    except OSError:
        return None
    used(folder, key)
    return content


def used(folder: Path, key: str) -> None:
    """Note that what is kept as `key`, for however long, is still of use."""
    path = folder / key
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _HOUR:
            os.utime(path)


def keep_bytes(folder: Path, key: str, content: bytes) -> None:
    """Keep bytes as `key`; they appear whole or not at all. Failing to is no error."""
    path = folder / key
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
        except OSError:  # a full disk, say
            Path(temporary).unlink(missing_ok=True)


def cached_folder(
    folder: Path, key: str, make: Callable[[Path], None], note: Note = _unheard
) -> Path:
    """Return the folder kept as `key`; without one, let `make` fill a new folder and keep that.

    An entry appears by rename, complete; its contents never change after, and are checked at each
    use: a damaged entry is made again, and `note` is told. Of several builds at once one makes an
    entry, and the others wait for it; where the file system has no locks, whoever is first wins.
    An entry stays while this process lives (`cache_use`); when one is added, those that are unused
    for 30 days go, and those that are too much. What `make` raises goes on; raises `OSError` where
    the cache can't be written.
    """
    entry = folder / key
    entry.parent.mkdir(parents=True, exist_ok=True)
    hold(entry)
    if entry.is_dir() and not _damage(entry):
        return entry
    with _alone(entry):
        if entry.is_dir():  # by now, or damaged
            damage = _damage(entry)
            if not damage:
                return entry
            note(f"{entry}, in the cache, was damaged ({damage}): made again")
            discard(folder, key)
        _remove_unfinished(entry.parent)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".new-") as temporary:
            made = Path(temporary) / "entry"
            made.mkdir()
            make(made)
            write_index(made)
            with contextlib.suppress(OSError):  # somebody else's is there
                made.rename(entry)
            if not entry.is_dir():
                raise OSError(f"the cache entry {entry} could not be made")
    _keep_within_bounds(folder)
    return entry


def _keep_within_bounds(folder: Path) -> None:
    """Remove what is too old or too much, where nobody has looked for ten minutes."""
    mark = folder / f"{_LOCK}bounds"
    with contextlib.suppress(OSError):
        if not mark.exists() or time.time() - mark.stat().st_mtime > _BETWEEN_LOOKS:
            mark.touch()
            clean(folder, most_bytes=MOST_BYTES)


def discard(folder: Path, key: str) -> None:
    """Remove the entry `key`: first from its name, so that nobody finds it half removed."""
    entry = folder / key
    with contextlib.suppress(OSError):
        gone = Path(tempfile.mkdtemp(dir=entry.parent, prefix=".old-"))
        entry.rename(gone / "entry")
        shutil.rmtree(gone, ignore_errors=True)


def _damage(entry: Path) -> str:
    """Return what is wrong with an entry, "" for nothing; one that is sound counts as used."""
    sound = _sound.get()
    if sound is not None and entry in sound:
        return ""
    try:
        check_entry(entry)
    except DamagedError as error:
        return str(error)
    with contextlib.suppress(OSError):
        os.utime(entry)
    if sound is not None:
        sound.add(entry)
    return ""


@contextlib.contextmanager
def _alone(entry: Path) -> Iterator[None]:
    """Wait until no other build makes `entry`; some file systems have no locks."""
    lock = entry.parent / f"{_LOCK}{entry.name}"
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with contextlib.suppress(OSError):
            os.utime(lock)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_unfinished(folder: Path) -> None:
    """Remove what killed builds left in `folder`, and locks of entries that are long gone."""
    now = time.time()
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            lock = entry.name.startswith((_LOCK, MARK))
            limit = UNUSED_SECONDS if lock else UNFINISHED_SECONDS
            if not entry.name.startswith(".") or now - entry.stat().st_mtime < limit:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
