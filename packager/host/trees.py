"""Copies files and folders into bundles, whose modes are fixed; of thousands of files, quickly."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

EXECUTABLE = 0o755
PLAIN = 0o644
_CHUNK = 1 << 20  # bytes


def fixed_mode(mode: int) -> int:
    """Return the mode a bundle has for a file: 0755 if its owner may execute it, else 0644."""
    return EXECUTABLE if mode & 0o100 else PLAIN


def files_below(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the posix path in `folder`, and the facts, of every file below it, in no order."""
    pending = [("", os.fspath(folder))]
    while pending:
        above, path = pending.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append((f"{above}{entry.name}/", entry.path))
                elif entry.is_file():
                    yield f"{above}{entry.name}", entry.stat()


def entries_below(folder: Path) -> Iterator[tuple[str, str, os.stat_result]]:
    """Yield the posix path in `folder`, the path, and the facts, of all that is below it, folders
    too, in no order; links are not followed."""
    pending = [("", os.fspath(folder))]
    while pending:
        above, path = pending.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                name = f"{above}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append((f"{name}/", entry.path))
                yield name, entry.path, entry.stat(follow_symlinks=False)


def copy_files(files: Mapping[str, Path], target: Path, before: Path | None = None) -> None:
    """Copy files into a bundle, by their posix paths in it; the folders they go into are made.

    What the bundle `before`, which this one replaces, has alike is linked: ext4 takes ten times as
    long to make a file where many have just been deleted.
    """
    own = {"": before is not None and before.is_dir() and not before.is_symlink()}
    made: set[str] = set()
    for name, source in files.items():
        above = name.rpartition("/")[0]
        if above not in made:
            made.add(above)
            make_folders(f"{target}/{above}")
        given, path = os.fspath(source), f"{target}/{name}"
        if not _is_own(f"{before}", above, own) or not _linked(f"{before}/{name}", given, path):
            _copy(given, path)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file into a bundle; the folder it goes into is made."""
    make_folders(os.fspath(target.parent))
    _copy(os.fspath(source), os.fspath(target))


def write_file(target: Path, content: bytes) -> None:
    """Write a file of a bundle; the folder it goes into is made."""
    make_folders(os.fspath(target.parent))
    target.write_bytes(content)
    target.chmod(PLAIN)


def make_folders(path: str) -> None:
    """Make a folder of a bundle, and those that it is in."""
    try:
        os.mkdir(path)  # noqa: PTH102 - of each file, as are these
    except FileExistsError:
        return
    except FileNotFoundError:
        make_folders(os.path.dirname(path))  # noqa: PTH120
        os.mkdir(path)  # noqa: PTH102
    os.chmod(path, EXECUTABLE)  # noqa: PTH101 - whatever the umask


def _copy(source: str, target: str) -> None:
    given = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        mode = fixed_mode(os.fstat(given).st_mode)
        made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            while chunk := os.read(given, _CHUNK):
                left = memoryview(chunk)
                while left:
                    left = left[os.write(made, left) :]
            os.fchmod(made, mode)
        finally:
            os.close(made)
    finally:
        os.close(given)


def _is_own(bundle: str, folder: str, known: dict[str, bool]) -> bool:
    """Return whether what a folder of a bundle has is the bundle's own, by no symbolic link; what
    is `known` of folders has an answer for the bundle's own, "", and gets all that are found."""
    if folder not in known:
        above = _is_own(bundle, folder.rpartition("/")[0], known)
        known[folder] = above and not os.path.islink(f"{bundle}/{folder}")  # noqa: PTH114
    return known[folder]


def _linked(old: str, source: str, target: str) -> bool:
    """Make `target` another name of the file `old`, where that is what a copy of `source` would be
    and has no other name yet; return whether it is."""
    try:
        found, given = os.lstat(old), os.stat(source)  # noqa: PTH116 - of each file, as are these
        if found.st_nlink > 1:  # whose writes there would be seen here
            return False
        if found.st_mode != stat.S_IFREG | fixed_mode(given.st_mode):
            return False
        if found.st_size != given.st_size or _content(old) != _content(source):
            return False
        os.link(old, target)
    except OSError:  # there is none, or the file system has no links
        return False
    return True


def _content(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return file.readall()
