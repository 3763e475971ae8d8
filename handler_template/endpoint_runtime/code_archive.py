"""Has the modules that every cold request imports read from one file, not from one each.

Contract: `code.bin` beside this file is written by packager/code_archive.py: the interpreter's
magic number (4 bytes), the length of the index (4 bytes, little-endian), the index (marshal, a dict
of module name -> is a package, offset, length), then the modules' marshalled code. Their sources
lie where they always do, for tracebacks and `inspect`; without the archive, or with one of another
Python, they are imported from there.

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
# Takes marshalled code, module, its bytecode's path and its source's; sets the latter in the code.
_compile_bytecode: "Callable[..., Any]" = getattr(_external, "_compile_bytecode")  # noqa: B009
_index: "dict[str, tuple[bool, int, int]]" = {}
_codes = b""


class Loader(_external.SourceFileLoader):
    """Loads a module's code from the archive, and all else from where its source is."""

    def get_code(self, fullname: str) -> "CodeType | None":
        """Give the module's code; one that can't be read comes from the source."""
        _, start, length = _index[fullname]
        try:
            code: CodeType = _compile_bytecode(
                memoryview(_codes)[start : start + length], fullname, None, self.path
            )
        except (ValueError, EOFError, TypeError, ImportError):
            return super().get_code(fullname)
        return code


def find_spec(
    name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
) -> "Any":
    """Give the spec of a module in the archive (`sys.meta_path` calls this)."""
    entry = _index.get(name)
    if entry is None or not path:
        return None
    package, _, last = name.rpartition(".")
    folder = _ROOT + package.replace(".", "/")
    if path[0] != folder:
        return None
    file = f"{folder}/{last}/__init__.py" if entry[0] else f"{folder}/{last}.py"
    spec: Any = _bootstrap.ModuleSpec(name, Loader(name, file), origin=file, is_package=entry[0])
    spec._set_fileattr = True  # as spec_from_file_location does, which would stat
    if entry[0]:
        spec.submodule_search_locations.append(f"{folder}/{last}")
    return spec


def install() -> None:
    """Read the archive, if there is one for this Python, and have imports look there first."""
    global _index, _codes
    try:
        handle = posix.open(f"{_FOLDER}/code.bin", posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return
    try:
        data = posix.read(handle, posix.fstat(handle).st_size)
    finally:
        posix.close(handle)
    end = 8 + int.from_bytes(data[4:8], "little")
    if data[:4] == _external.MAGIC_NUMBER:
        try:
            _index, _codes = marshal.loads(data[8:end]), data[end:]  # noqa: S302
        except (ValueError, EOFError, TypeError):
            return
        sys.meta_path.insert(0, sys.modules[__name__])


install()
