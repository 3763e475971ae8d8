"""Deflates what goes into zips; of packages and the runtime, the result is kept between builds."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

from packager.dataclass import dataclass
from packager.host.cache import cache_folder, cached_folder, discard
from packager.host.kept_answers import digest_of
from packager.host.meanwhile import meanwhile, on_all_processors
from packager.host.trees import fixed_mode

# zlib's own default: level 8 would take twice the time for a per cent of code, 9 four times.
_LEVEL = 6
_FOLDER = "deflated"
_DATA, _LIST = "data", "files.json"
_CHUNK = 1 << 20  # bytes
_PART = 1 << 18  # bytes that one thread deflates of a file
_WINDOW = 1 << zlib.MAX_WBITS  # bytes that deflated content may refer back to
_DEFAULTS = (zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY)


class Deflated(NamedTuple):
    """What a zip says of a file; its content, deflated, takes `length` bytes."""

    mode: int
    size: int
    crc: int
    length: int


@dataclass(frozen=True, slots=True)
class Layer:
    """Files of a bundle which others have, too, by their posix paths in it. `identity` tells what
    they hold, "" where that is not known."""

    files: Mapping[str, Path]
    identity: str


class Pack:
    """The files of a layer, deflated."""

    def __init__(self, entry: Path) -> None:
        described = json.loads((entry / _LIST).read_text("utf-8"))
        self._path = entry / _DATA
        self._digest: str = described["sha256"]
        self._files: dict[str, tuple[Deflated, int]] = {}
        start = 0
        for name, *facts in described["files"]:
            file = Deflated(*facts)
            self._files[name] = file, start
            start += file.length

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def is_whole(self) -> bool:
        """Return whether the contents are those that were kept."""
        digest = hashlib.sha256()
        with self._path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest() == self._digest

    def read(self, name: str) -> tuple[Deflated, bytes]:
        """Return what a zip says of a file, and its content."""
        file, start = self._files[name]
        with self._path.open("rb", buffering=0) as data:
            return file, os.pread(data.fileno(), file.length, start)


def deflate(path: Path) -> tuple[Deflated, bytes]:
    """Return what a zip says of the file `path`, and its content, deflated."""
    content = path.read_bytes()
    return _described(path, content, [_part(content, at) for at in _starts(content)])


def deflate_all(paths: Iterable[Path]) -> Iterator[tuple[Deflated, bytes]]:
    """Yield the same of many files, in their order, on all processors: zlib lets threads run."""
    most = 2 * (os.cpu_count() or 1)  # contents that are in memory at once
    pending: deque[Callable[[], tuple[Deflated, bytes]]] = deque()
    with on_all_processors() as pool:
        for path in paths:
            pending.append(_begun(pool, path))
            if len(pending) > most:
                yield pending.popleft()()
        while pending:
            yield pending.popleft()()


def _begun(pool: ThreadPoolExecutor, path: Path) -> Callable[[], tuple[Deflated, bytes]]:
    """Have a file deflated, a large one by several threads; return what waits for that."""
    if path.stat().st_size <= _PART:
        return pool.submit(deflate, path).result
    content = path.read_bytes()
    parts = [pool.submit(_part, content, at) for at in _starts(content)]
    return lambda: _described(path, content, [part.result() for part in parts])


def _starts(content: bytes) -> range:
    return range(0, max(len(content), 1), _PART)


def _part(content: bytes, start: int) -> bytes:
    """Return what a part of a content is, deflated: behind those before it, as one stream."""
    view, end = memoryview(content), start + _PART
    before = view[max(start - _WINDOW, 0) : start]  # which this part may refer to
    known = (before,) if before else ()
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, *_DEFAULTS, *known)
    made = compressor.compress(view[start:end])
    return made + compressor.flush(zlib.Z_SYNC_FLUSH if end < len(content) else zlib.Z_FINISH)


def _described(path: Path, content: bytes, parts: list[bytes]) -> tuple[Deflated, bytes]:
    made = b"".join(parts)
    mode = fixed_mode(path.stat().st_mode)
    return Deflated(mode, len(content), zlib.crc32(content), len(made)), made


def packs_of(layers: Collection[Layer]) -> Mapping[str, Pack]:
    """Return the packs that hold the files of `layers`, by those files' posix paths; nothing of a
    layer that can't be kept."""
    cache = cache_folder() if layers else None
    found: dict[str, Pack] = {}
    for layer in layers:
        if cache is not None and layer.identity:
            try:
                pack = _pack(cache, layer)
            except OSError:  # the cache is full, or can't be written after all
                continue
            found |= dict.fromkeys(pack, pack)
    return found


def deflating(layer: Layer) -> AbstractContextManager[None]:
    """Have a layer deflated, where the cache lacks it, while the context lasts.

    Whatever goes wrong is said where it is asked for.
    """
    cache = cache_folder() if layer.identity else None
    if cache is None or (cache / _key(layer)).exists():
        return nullcontext()
    return meanwhile(partial(_pack, cache, layer))


def _key(layer: Layer) -> str:
    made_of = [layer.identity, sorted(layer.files), zlib.ZLIB_RUNTIME_VERSION, _LEVEL, _PART]
    return f"{_FOLDER}/{digest_of(made_of)}"


def _pack(cache: Path, layer: Layer) -> Pack:
    key = _key(layer)
    pack = Pack(cached_folder(cache, key, _maker(layer)))
    if pack.is_whole():
        return pack
    discard(cache, key)
    return Pack(cached_folder(cache, key, _maker(layer)))


def _maker(layer: Layer) -> Callable[[Path], None]:
    def make(entry: Path) -> None:
        names = sorted(layer.files)
        files = []
        digest = hashlib.sha256()
        with (entry / _DATA).open("wb") as data:
            made = deflate_all(layer.files[name] for name in names)
            for name, (file, content) in zip(names, made, strict=True):
                files.append([name, *file])
                digest.update(content)
                data.write(content)
        described = {"sha256": digest.hexdigest(), "files": files}
        (entry / _LIST).write_text(json.dumps(described), "utf-8")

    return make
