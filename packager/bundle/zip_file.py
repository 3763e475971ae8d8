"""Writes zips whose bytes follow from the files' names, contents and modes alone."""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from packager.host.deflated import Deflated, Layer, deflate_all, packs_of
from packager.host.trees import PLAIN, files_below

_DATE = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can say
_UNIX = 3
_OFTEN = 0.2  # seconds between two words on how far it is


def write_zip(
    folder: Path,
    path: Path,
    briefly: Callable[[str], None] = lambda message: None,
    *,
    layers: Collection[Layer] = (),
) -> int:
    """Write all files under `folder` into the zip `path`, which appears whole; return its bytes.

    Names are sorted, dates fixed, modes 0644, or 0755 where the owner may execute. Files are
    deflated on all processors, and written in order; those of `layers`, which are in `folder` as
    they are there, are taken from the cache. `briefly` is told how far it is.
    """
    sizes = {name: found.st_size for name, found in files_below(folder)}
    total, done, last = sum(sizes.values()), 0, time.monotonic()
    handle, temporary_name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(temporary_name)
    try:
        with (
            os.fdopen(handle, "w+b") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            names = sorted(sizes, key=lambda name: name.split("/"))
            for name, facts, content in _deflated(folder, names, layers):
                info = _described(name, facts)
                info.header_offset = file.tell()
                file.write(info.FileHeader())
                file.write(content)
                archive.filelist.append(info)
                archive.NameToInfo[info.filename] = info
                archive.start_dir = file.tell()  # of the central directory, so far
                done += info.file_size
                if time.monotonic() - last >= _OFTEN:
                    last = time.monotonic()
                    briefly(f"zipping {path.name}: {done >> 20} of {total >> 20} MiB")
        temporary.chmod(PLAIN)
        size = temporary.stat().st_size
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size


def _deflated(
    folder: Path, names: list[str], layers: Collection[Layer]
) -> Iterator[tuple[str, Deflated, bytes]]:
    """Yield what a zip says of each file, and its deflated content, in order."""
    packs = packs_of(layers)
    others = deflate_all(folder / name for name in names if name not in packs)
    for name in names:
        yield name, *(packs[name].read(name) if name in packs else next(others))


def _described(name: str, facts: Deflated) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = _UNIX
    info.external_attr = (0o100000 | facts.mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    info.file_size, info.compress_size, info.CRC = facts.size, facts.length, facts.crc
    return info
