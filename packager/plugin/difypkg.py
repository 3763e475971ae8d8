"""Gives the folder of a plugin: itself, or a .difypkg unpacked where nothing in it can do harm."""

from __future__ import annotations

import contextlib
import errno
import lzma
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from packager.errors import Diagnostics, PackagerError, Place, UsageError
from packager.inputs.plugin_folder import MAX_DEPTH
from packager.paths import exists, is_file, is_folder, unseen
from packager.plugin.manifest import MANIFEST

MAX_ENTRIES = 10_000
MAX_FILE = 250_000_000  # bytes; a function's whole bundle may not have more
MAX_TOTAL = 500_000_000  # bytes
# Past this, nothing of a plugin shrinks to a hundredth: a package made to fill the disk.
_BOMB = 100_000_000  # bytes
_MAX_RATIO = 100
_CHUNK = 1 << 16
_DRIVE = re.compile(r"[A-Za-z]:")
# What macOS adds to zips of its Finder: attributes, never a plugin's files.
_FINDER = "__MACOSX"
_WHAT = "name a plugin's folder (with manifest.yaml), or a .difypkg"


@contextlib.contextmanager
def plugin_folder(path: Path) -> Iterator[Path]:
    """Yield the folder of the plugin `path`, which is a folder or a .difypkg (a zip).

    A package is unpacked into a temporary folder, removed on leaving. Raises `UsageError` if
    there is no such thing or it is not a zip, and `InvalidInput` for entries that escape the
    folder, are absolute, links, encrypted or there twice, and for sizes beyond the limits above.
    """
    if is_folder(path):
        yield path
        return
    if not exists(path):
        raise UsageError(f"there is no {path}{unseen(path)}", hint=_WHAT)
    if not is_file(path):
        raise UsageError(f"{path} is neither a folder nor a file", hint=_WHAT)
    with tempfile.TemporaryDirectory(prefix="difypkg-") as folder:
        root = Path(folder)
        _unpack(path, root)
        yield _plugin_root(root)


def _plugin_root(root: Path) -> Path:
    """Return the folder with the manifest: the top, or the one folder that holds everything."""
    inside = list(root.iterdir())
    if len(inside) == 1 and inside[0].is_dir() and (inside[0] / MANIFEST).is_file():
        return inside[0]
    return root


def _unpack(path: Path, root: Path) -> None:
    diagnostics = Diagnostics()
    try:
        with zipfile.ZipFile(path) as package:
            entries = _sound_entries(package, path, diagnostics)
            diagnostics.raise_errors()
            total = 0
            for name, entry in entries.items():
                total += _extract(package, entry, root / name, path, MAX_TOTAL - total)
    except zipfile.BadZipFile as error:
        raise UsageError(f"{path} is not a readable .difypkg: {error}", hint=_WHAT) from None
    except (zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError) as error:
        raise _damaged(path, error) from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        clash = Path(str(error.filename)).relative_to(root)
        diagnostics.error(
            "unsafe-package",
            f"the entry {clash} is both a file and a folder, or is there in capitals and small "
            "letters, which this file system takes for one",
            Place(str(path)),
        )
        diagnostics.raise_errors()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            diagnostics.error("too-large", "has an entry with too long a path", Place(str(path)))
            diagnostics.raise_errors()
        if error.errno in (None, errno.EINVAL):  # bzip2's word for bad data; a seek to nowhere
            raise _damaged(path, error) from None
        raise PackagerError(f"{path} can't be unpacked: {error.strerror}") from error


def _damaged(path: Path, error: Exception) -> UsageError:
    return UsageError(f"{path} is damaged: {error}", hint="fetch or package it again")


def _sound_entries(
    package: zipfile.ZipFile, path: Path, diagnostics: Diagnostics
) -> dict[str, zipfile.ZipInfo]:
    """Return the files to unpack by their paths; what can't be is a fault."""
    place = Place(str(path))
    infos = package.infolist()
    if len(infos) > MAX_ENTRIES:
        diagnostics.error(
            "too-large", f"has {len(infos)} entries; at most {MAX_ENTRIES} are unpacked", place
        )
        return {}
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        written = info.orig_filename.replace("\\", "/")  # as some tools on Windows write them
        name = str(PurePosixPath(written))
        if PurePosixPath(name).parts[:1] == (_FINDER,):
            continue
        problem = _problem(info, written)
        if problem is None and not written.endswith("/") and name in entries:
            problem = "is there twice"
        if problem is not None:
            diagnostics.error(
                "unsafe-package", f"the entry {info.orig_filename!r} {problem}", place
            )
        elif not written.endswith("/") and name != ".":
            entries[name] = info
    total = sum(info.file_size for info in entries.values())
    if total > MAX_TOTAL:
        diagnostics.error(
            "too-large", f"unpacks to {total} bytes; at most {MAX_TOTAL} are unpacked", place
        )
    elif total > _BOMB and total > _MAX_RATIO * path.stat().st_size:
        diagnostics.error(
            "too-large",
            f"unpacks to {total} bytes, more than {_MAX_RATIO} times its own size",
            place,
        )
    return entries


def _problem(info: zipfile.ZipInfo, name: str) -> str | None:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if not name or "\0" in name:
        return "has no possible name"
    if name.startswith("/") or _DRIVE.match(name):
        return "is absolute; expected a path inside the plugin"
    if ".." in name.split("/"):
        return "leaves the plugin; expected a path inside it"
    if any(len(part.encode(errors="replace")) > 255 for part in name.split("/")):
        return "has too long a name"
    if name.count("/") > MAX_DEPTH:
        return f"is nested more than {MAX_DEPTH} folders deep"
    if kind == stat.S_IFLNK:
        return "is a link; expected files and folders alone"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a special file; expected files and folders alone"
    if info.flag_bits & 0x1:
        return "is encrypted"
    if info.file_size > MAX_FILE:
        return f"has {info.file_size} bytes; at most {MAX_FILE} are unpacked"
    return None


def _extract(
    package: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, path: Path, left: int
) -> int:
    """Unpack one entry and return its bytes, counted: what its header says is only a claim."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with package.open(entry) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > min(left, MAX_FILE):
                diagnostics = Diagnostics()
                diagnostics.error(
                    "too-large",
                    f"unpacks to more than {MAX_TOTAL} bytes, at {entry.filename!r}",
                    Place(str(path)),
                )
                diagnostics.raise_errors()
            out.write(chunk)
    if entry.external_attr >> 16 & 0o111:
        target.chmod(0o755)
    return size
