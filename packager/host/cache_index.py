"""Notes what an entry of the cache holds, and finds out later whether that is still so."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from packager.host.trees import entries_below

INDEX = ".packager-index"  # in the entry's own folder, and of no interest to who uses the entry
_CHUNK = 1 << 20  # bytes


class _File(NamedTuple):
    """One file of an entry: what can be seen at a glance, and the digest of its content."""

    size: int
    modified: int  # ns
    changed: int  # ns; nobody can set it, so it shows a change that hides its time
    mode: int
    digest: str


class DamagedError(Exception):
    """An entry is not what was put there; says what is wrong. Stays inside packager."""


def write_index(entry: Path) -> None:
    """Note every file of `entry` with its size, times, mode and digest. Raises `OSError`."""
    files = {name: _described(path, found) for name, path, found in _files(entry)}
    _write(entry, files)


def check_entry(entry: Path) -> None:
    """Raise `DamagedError` if `entry` does not hold what its index says.

    Sizes and times are compared; where only a time is not the noted one (an entry restored from an
    archive, a touched file), all contents are, and the times are noted again.
    """
    known = _read(entry)
    try:
        found = {name: (path, seen) for name, path, seen in _files(entry)}
    except OSError as error:
        raise DamagedError(f"{error.filename} can't be read: {error.strerror}") from None
    for name in sorted(known.keys() ^ found.keys()):
        raise DamagedError(f"{name} {'is gone' if name in known else 'was not there'}")
    touched = False
    for name, (_, seen) in found.items():
        file = known[name]
        if (seen.st_size, seen.st_mode) != (file.size, file.mode):
            raise DamagedError(f"{name} has changed")
        touched |= (seen.st_mtime_ns, seen.st_ctime_ns) != (file.modified, file.changed)
    if touched:
        _compare_contents(known, found)
        with contextlib.suppress(OSError):  # a cache that can't be written is as good
            write_index(entry)


def _compare_contents(
    known: Mapping[str, _File], found: Mapping[str, tuple[Path, os.stat_result]]
) -> None:
    for name, (path, seen) in found.items():
        try:
            same = _digest(path, seen) == known[name].digest
        except OSError as error:
            raise DamagedError(f"{name} can't be read: {error.strerror}") from None
        if not same:
            raise DamagedError(f"{name} has changed")


def sealed(text: str) -> str:
    """Return `text` below a line with its digest, which `unsealed` checks."""
    return f"{_digest_of(text)}\n{text}"


def unsealed(text: str) -> str:
    """Return the text that `sealed` was given; raise `DamagedError` if it is not whole."""
    digest, _, rest = text.partition("\n")
    if digest != _digest_of(rest):
        raise DamagedError("it is not whole")
    return rest


def packed(contents: Mapping[str, bytes]) -> bytes:
    """Return several contents, with their names, as one that `unpacked` checks."""
    head = json.dumps([[name, len(content)] for name, content in contents.items()]).encode()
    rest = head + b"\n" + b"".join(contents.values())
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def unpacked(data: bytes | None) -> dict[str, bytes] | None:
    """Return the contents that `packed` was given; None for nothing, and for what is not whole."""
    digest, _, rest = (data or b"").partition(b"\n")
    if digest != hashlib.sha256(rest).hexdigest().encode():
        return None
    head, _, content = rest.partition(b"\n")
    found, start = {}, 0
    for name, length in json.loads(head):
        found[name] = content[start : start + length]
        start += length
    return found


def _read(entry: Path) -> dict[str, _File]:
    try:
        index = json.loads(unsealed((entry / INDEX).read_text("ascii")))
    except (OSError, ValueError, DamagedError):
        raise DamagedError("its index is gone or broken") from None
    return {name: _File(*facts) for name, facts in index.items()}


def _write(entry: Path, files: Mapping[str, _File]) -> None:
    """Write the index such that it is there whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=entry, prefix=INDEX)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(sealed(json.dumps(files)))
        Path(temporary).replace(entry / INDEX)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _files(entry: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """Yield the posix path in `entry`, the path and the facts of everything but folders."""
    for name, path, seen in entries_below(entry):
        if not stat.S_ISDIR(seen.st_mode) and not name.startswith(INDEX):
            yield name, Path(path), seen


def _described(path: Path, found: os.stat_result) -> _File:
    digest = _digest(path, found)
    return _File(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode, digest)


def _digest(path: Path, found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return f"-> {path.readlink()}"
    if not stat.S_ISREG(found.st_mode):
        return ""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
