"""Says what the cache holds, and removes of it what is old or too much, and what nobody uses."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from packager.dataclass import dataclass
from packager.host.cache_use import unused
from packager.host.trees import files_below

DAY = 24 * 3600  # seconds
UNUSED_SECONDS = 30 * DAY
MOST_BYTES = 1_000_000_000
_EARLIER = "earlier"
_VERSION = re.compile(r"v\d+")
# What holds no entries of its own but is one.
_WHOLE = "uv-"
_SERVED = "serve"  # work in progress, with locks of its own
# What each folder holds; those without a word hold a package that runs on this machine need.
KINDS = {
    "installed": "packages as functions have them",
    "base": "the runtime as functions have it",
    "deflated": "packages and runtimes as zips hold them",
    "runtime": "the runtime's bytecode",
    "front": "the runtime's bytecode that is read first",
    "compiled": "bytecode of plugins' files",
    "resolved": "versions that were chosen",
    "exports": "what Poetry and Pipenv said of their locks",
    "analysed": "what sources say",
    "gaps": "what packages import",
    "checked": "zips that are sound",
    "built": "what bundles were made of",
    "python": "the Pythons of this machine",
    _SERVED: "bundles of `packager serve` that run",
    _EARLIER: "what earlier versions of packager kept",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is kept: where, of which kind, its bytes, and when it was last used."""

    path: Path
    kind: str
    bytes: int
    used: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed, and what should have been but is in use."""

    removed: tuple[Entry, ...]
    in_use: tuple[Entry, ...]


def entries_in(cache: Path) -> list[Entry]:
    """Return what the folder `cache` holds; beside it may lie what earlier versions kept."""
    found = [
        _entry(path, _EARLIER)
        for path in _folders(cache.parent)
        if path != cache and _VERSION.fullmatch(path.name)
    ]
    for folder in _folders(cache):
        if folder.name.startswith(_WHOLE):
            found.append(_entry(folder, folder.name))
            continue
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            hidden = folder.name == _SERVED
            found += [
                _entry(Path(each.path), folder.name)
                for each in entries
                if hidden or not each.name.startswith(".")
            ]
    return [each for each in found if each is not None]


def clean(
    cache: Path, *, older_than: float = UNUSED_SECONDS, most_bytes: int = MOST_BYTES
) -> Cleaned:
    """Remove what nobody has used for `older_than` seconds; of the rest what was last used longest
    ago, until `most_bytes` are left. What a build uses stays."""
    entries = [each for each in entries_in(cache) if each.kind != _SERVED]
    removed: list[Entry] = []
    in_use: list[Entry] = []
    total = sum(each.bytes for each in entries)
    now = time.time()
    for entry in sorted(entries, key=lambda each: each.used):
        if now - entry.used < older_than and total <= most_bytes:
            continue
        if _remove(entry.path):
            removed.append(entry)
            total -= entry.bytes
        else:
            in_use.append(entry)
    return Cleaned(tuple(removed), tuple(in_use))


def bytes_of(entries: Iterable[Entry]) -> int:
    """Return what entries take in all."""
    return sum(each.bytes for each in entries)


def _folders(path: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from sorted(each for each in path.iterdir() if each.is_dir())


def _entry(path: Path, kind: str) -> Entry | None:
    try:
        found = path.stat()
        if not path.is_dir():
            return Entry(path, kind, found.st_size, found.st_mtime)
        size = sum(each.st_size for _, each in files_below(path))
        inner = [each.stat().st_mtime for each in path.glob("*/*")] if kind == _EARLIER else []
        return Entry(path, kind, size, max([found.st_mtime, *inner]))
    except OSError:  # just removed
        return None


def _remove(path: Path) -> bool:
    """Remove an entry, first from its name, so that nobody finds it half removed; return whether
    it is gone."""
    with unused(path) as free:
        if not free:
            return False
        try:
            if not path.is_dir():
                path.unlink(missing_ok=True)
                return True
            gone = Path(tempfile.mkdtemp(dir=path.parent, prefix=".old-"))
            path.rename(gone / "entry")
            shutil.rmtree(gone, ignore_errors=True)
        except OSError:
            return False
    return True
