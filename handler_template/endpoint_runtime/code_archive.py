"""Has modules of the runtime, the SDK and werkzeug read from one file, not from one each.

Contract: `code.bin` beside this file is written by packager/bundle/code_archive.py: the
interpreter's magic number (4 bytes), the lengths of its front and of the index (4 bytes each,
little-endian), the front, the index, and marshalled code. The front is what every cold request
imports, read at once: one marshalled value, as names that all modules say are read and looked up
once in it (a pair of dicts, module name -> is a package, and -> code; a package of the runtime's
that has nothing in it has no code). The index (marshal, a dict of module name -> is a package,
offset among the code, or -1 in the front, length) is read when another of these packages' modules
is imported, and then the code of that: its own, or a pair like the front, of modules that are
imported together. Their sources lie where they always do, for tracebacks and
`inspect`; without the archive, or with one of another Python, they are imported from there.

Only submodules of packages in the bundle's root are found here, and packages by the usual search:
whatever comes first on `sys.path` still does.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import _imp
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
_HEAD = 12  # bytes before the front
_PACKAGES = ("dify_plugin", "endpoint_runtime", "werkzeug")  # all others are not looked up
_TAG = sys.implementation.cache_tag
# Sets the source's path in a code object and those in it.
_fix_co_filename: "Callable[[CodeType, str], None]" = getattr(_imp, "_fix_co_filename")  # noqa: B009
_front: "dict[str, bool]" = {}
_codes: "dict[str, CodeType]" = {}  # read with others', not imported yet
_others: "dict[str, tuple[bool, int, int]] | None" = None  # the index, once it is read
_lengths = (0, 0)  # of front and index
_identity = (0, 0)


class Loader(_external.SourceFileLoader):
    """Loads a module's code from the archive, and all else from where its source is."""

    def get_code(self, fullname: str) -> "CodeType | None":
        """Return the module's code; one that can't be read comes from the source."""
        try:
            code = _codes.pop(fullname, None) or _read_code(fullname)
            _fix_co_filename(code, self.path)
        except (OSError, ValueError, EOFError, TypeError, KeyError):
            return super().get_code(fullname)
        return code


def _read_code(name: str) -> "CodeType":
    """Return a module's code from the file: of the front only if it is imported again."""
    if name in _front:
        again: dict[str, CodeType] = marshal.loads(_read(_HEAD, _lengths[0]))[1]  # noqa: S302
        return again[name]
    _, start, length = _index()[name]
    read: Any = marshal.loads(_read(_HEAD + sum(_lengths) + start, length))  # noqa: S302
    if type(read) is not tuple:
        return read  # type: ignore[no-any-return]
    codes: dict[str, CodeType] = read[1]
    code = codes.pop(name)
    _codes.update(codes)
    return code


def _index() -> "dict[str, tuple[bool, int, int]]":
    """Return the index; empty if it can't be read."""
    global _others
    if _others is None:
        try:
            _others = marshal.loads(_read(_HEAD + _lengths[0], _lengths[1]))  # noqa: S302
        except (OSError, ValueError, EOFError, TypeError):
            _others = {}
    return _others


def _read(start: int, length: int) -> bytes:
    """Return bytes of the archive. Raises `OSError` if it is not what it was."""
    # Opened each time: a plugin may close what it has not opened, or have got the number since.
    handle = posix.open(_ARCHIVE, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        if _identity_of(handle) != _identity:
            raise OSError(f"{_ARCHIVE} was replaced since this process started")
        return posix.pread(handle, length, start)
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
    if not path:
        return None
    is_package = _front.get(name)
    if is_package is None:
        if name.partition(".")[0] not in _PACKAGES or name not in _index():
            return None
        is_package = _index()[name][0]
    package, _, last = name.rpartition(".")
    folder = _ROOT + package.replace(".", "/")
    if path[0] != folder:
        return None
    return _spec_of(name, folder, last, is_package)


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
    for name in _front:
        if name not in _codes:
            last = name.rpartition(".")[2]
            module = _bootstrap.module_from_spec(_spec_of(name, _FOLDER, last, True))
            sys.modules[name] = module
            setattr(runtime, last, module)


def install() -> None:
    """Read the archive, if there is one for this Python, and have imports look there first."""
    global _front, _codes, _lengths, _identity
    try:
        handle = posix.open(_ARCHIVE, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return
    try:
        head = posix.read(handle, _HEAD)
        if head[:4] != _external.MAGIC_NUMBER:
            return
        front, index = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:], "little")
        data = posix.read(handle, front)
        _identity = _identity_of(handle)
    finally:
        posix.close(handle)
    try:
        _front, _codes = marshal.loads(data)  # noqa: S302
    except (ValueError, EOFError, TypeError):
        return
    _lengths = front, index
    sys.meta_path.insert(0, sys.modules[__name__])
    _make_empty_packages()


install()
