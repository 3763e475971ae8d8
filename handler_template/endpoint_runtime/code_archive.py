"""Has modules of the runtime, the SDK and werkzeug read from one file, not from one each.

Contract: `code.bin` beside this file is written by packager/bundle/code_archive.py: the
interpreter's magic number (4 bytes), the length of the index and of the hot part (4 bytes each,
little-endian), the index (marshal, a dict of module name -> is a package, offset, length), then the
modules' marshalled code; a package of the runtime's that has nothing in it has the length 0. The
hot part is what every cold request imports: it comes first and is read at once, the others when
they are imported. Their sources lie where they always do, for tracebacks and `inspect`; without the
archive, or with one of another Python, they are imported from there.

Only submodules of packages in the bundle's root are found here, and packages by the usual search:
whatever comes first on `sys.path` still does.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, ModuleType
    from typing import Any

_FOLDER = __file__.rpartition("/")[0]
_ROOT = _FOLDER.rpartition("/")[0] + "/"
_ARCHIVE = f"{_FOLDER}/code.bin"
_HEAD = 12  # bytes before the index
_TAG = sys.implementation.cache_tag
# Takes marshalled code, module, its bytecode's path and its source's; sets the latter in the code.
_compile_bytecode: "Callable[..., Any]" = getattr(_external, "_compile_bytecode")  # noqa: B009
_index: "dict[str, tuple[bool, int, int]]" = {}
_start = 0  # of the codes, in the file
_identity = (0, 0)
_NOTHING = memoryview(b"")
_hot = _NOTHING
_unread = 0  # bytes of the hot part that nobody has imported


class Loader(_external.SourceFileLoader):
    """Loads a module's code from the archive, and all else from where its source is."""

    def get_code(self, fullname: str) -> "CodeType | None":
        """Return the module's code; one that can't be read comes from the source."""
        try:
            code: CodeType = _compile_bytecode(_code_of(fullname), fullname, None, self.path)
        except (OSError, ValueError, EOFError, TypeError, ImportError):
            return super().get_code(fullname)
        return code


def _code_of(name: str) -> "memoryview | bytes":
    """Return a module's marshalled code."""
    global _hot, _unread
    _, start, length = _index[name]
    hot = _hot
    if start < len(hot):
        _unread -= length
        if _unread <= 0:  # all are imported; should one be again, it is read like the others
            _hot = _NOTHING
        return hot[start : start + length]
    # Opened each time: a plugin may close what it has not opened, or have got the number since.
    handle = posix.open(_ARCHIVE, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        if _identity_of(handle) != _identity:
            raise ImportError(f"{_ARCHIVE} was replaced since this process started")
        return posix.pread(handle, length, _start + start)
    finally:
        posix.close(handle)


def _identity_of(handle: int) -> "tuple[int, int]":
    """Return what tells an archive from one that a later build puts in its place."""
    found = posix.fstat(handle)
    return found.st_size, found.st_mtime_ns


def find_spec(
    name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
) -> "Any":
    """Return the spec of a module in the archive (`sys.meta_path` calls this)."""
    entry = _index.get(name)
    if entry is None or not path:
        return None
    package, _, last = name.rpartition(".")
    folder = _ROOT + package.replace(".", "/")
    if path[0] != folder:
        return None
    return _spec_of(name, folder, last, entry[0])


def _spec_of(name: str, folder: str, last: str, is_package: bool) -> "Any":
    """Return the spec that spec_from_file_location does, which would stat and take its time."""
    if is_package:
        folder, last = f"{folder}/{last}", "__init__"
    file = f"{folder}/{last}.py"
    spec: Any = _bootstrap.ModuleSpec(name, Loader(name, file), origin=file, is_package=is_package)
    spec._set_fileattr = True
    spec.cached = f"{folder}/__pycache__/{last}.{_TAG}.pyc"
    if is_package:
        spec.submodule_search_locations.append(folder)
    return spec


def _make_empty_packages() -> None:
    """Make those packages that have nothing in them: to be imported, each would take 30 us."""
    runtime = sys.modules[__package__]
    for name, (_, _, length) in _index.items():
        if not length:
            last = name.rpartition(".")[2]
            module = _bootstrap.module_from_spec(_spec_of(name, _FOLDER, last, True))
            sys.modules[name] = module
            setattr(runtime, last, module)


def install() -> None:
    """Read the archive, if there is one for this Python, and have imports look there first."""
    global _index, _identity, _start, _hot, _unread
    try:
        handle = posix.open(_ARCHIVE, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return
    try:
        head = posix.read(handle, _HEAD)
        if head[:4] != _external.MAGIC_NUMBER:
            return
        length, hot = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:], "little")
        data = posix.read(handle, length + hot)
        identity = _identity_of(handle)
    finally:
        posix.close(handle)
    try:
        _index = marshal.loads(data)  # noqa: S302 - which stops at the index's end
    except (ValueError, EOFError, TypeError):
        return
    _identity, _start, _hot = identity, _HEAD + length, memoryview(data)[length:]
    _unread = len(_hot)
    sys.meta_path.insert(0, sys.modules[__name__])
    _make_empty_packages()


install()
