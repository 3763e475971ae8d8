"""Writes zips whose bytes follow from the files' names, contents and modes alone."""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can say
_UNIX = 3
# Code is worth zlib's best. It would shrink binaries by half a per cent, in three times the time.
_CODE = frozenset({".py", ".pyc", ".bin"})
_BEST = 9
_OFTEN = 0.2  # seconds between two words on how far it is
EXECUTABLE = 0o755
PLAIN = 0o644


def write_zip(
    folder: Path, path: Path, briefly: Callable[[str], None] = lambda message: None
) -> int:
    """Write all files under `folder` into the zip `path`, which appears whole; return its bytes.

    Names are sorted, dates fixed, modes 0644, or 0755 where the owner may execute. Files are
    deflated on all processors, and written in order. `briefly` is told how far it is.
    """
    found = [source for source in folder.rglob("*") if source.is_file()]
    files = sorted((source.relative_to(folder).parts, source) for source in found)
    total = sum(source.stat().st_size for _, source in files)
    done, last = 0, time.monotonic()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        with (
            os.fdopen(handle, "w+b") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for info, content in _deflated(("/".join(parts), source) for parts, source in files):
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


def file_mode(path: Path) -> int:
    """Return the mode a bundle has for a file: 0755 if its owner may execute it, else 0644."""
    return EXECUTABLE if path.stat().st_mode & 0o100 else PLAIN


def _deflated(files: Iterator[tuple[str, Path]]) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    """Yield what a zip says of each file, and its deflated content, in order."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[tuple[zipfile.ZipInfo, bytes]]] = deque()
        try:
            for name, source in files:
                pending.append(pool.submit(_deflate, name, source))
                if len(pending) > 2 * workers:  # as many contents are in memory at once
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _deflate(name: str, source: Path) -> tuple[zipfile.ZipInfo, bytes]:
    content = source.read_bytes()
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = _UNIX
    info.external_attr = (0o100000 | file_mode(source)) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    info.file_size = len(content)
    info.CRC = zlib.crc32(content)
    level = _BEST if source.suffix in _CODE else zlib.Z_DEFAULT_COMPRESSION
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = compressor.compress(content) + compressor.flush()
    info.compress_size = len(deflated)
    return info, deflated
