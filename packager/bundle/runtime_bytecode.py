"""Compiles the runtime and `dify_plugin`, once for all bundles that hold the same of them.

The bytes of a file's bytecode follow from its content, its path and the interpreter alone, so those
that the cache has are the ones that compiling would give.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from packager.host.bytecode import COMPILE, compile_files
from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter


def write_runtime_bytecode(
    compiler: Interpreter,
    folder: Path,
    sources: Sequence[tuple[Path, str]],
    note: Callable[[str], None] = lambda message: None,
) -> None:
    """Write the bytecode of `sources` (paths, and names in the bundle), which are in `folder`."""
    cache = cache_folder()
    if cache is None:
        _compile(compiler, folder, [name for _, name in sources])
        return

    def make(entry: Path) -> None:
        for path, name in sources:
            (entry / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, entry / name)
        _compile(compiler, entry, [name for _, name in sources])
        for _, name in sources:
            (entry / name).unlink()

    try:
        entry = cached_folder(cache, f"runtime/{_digest(compiler, sources)}", make, note)
    except OSError:  # it is full, or can't be written after all
        _compile(compiler, folder, [name for _, name in sources])
        return
    for _, name in sources:
        path = PurePosixPath(name)
        compiled = path.parent / "__pycache__" / f"{path.stem}.{compiler.cache_tag}.pyc"
        if (entry / compiled).is_file():
            (folder / compiled).parent.mkdir(exist_ok=True)
            shutil.copyfile(entry / compiled, folder / compiled)


def _compile(compiler: Interpreter, folder: Path, names: Sequence[str]) -> None:
    # Who inspects what plugins import finds docstrings; the runtime is nobody's interface.
    of_sdk = [name for name in names if name.startswith("dify_plugin/")]
    compile_files(compiler, folder, of_sdk, columns=False)
    compile_files(compiler, folder, {*names} - {*of_sdk}, columns=False, docstrings=False)


def _digest(compiler: Interpreter, sources: Sequence[tuple[Path, str]]) -> str:
    files = [(name, hashlib.sha256(path.read_bytes()).hexdigest()) for path, name in sources]
    how = hashlib.sha256(COMPILE.read_bytes()).hexdigest()
    made_of = [sorted(files), compiler.version, compiler.magic, how]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()
