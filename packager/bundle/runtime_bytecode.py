"""Compiles the runtime and `dify_plugin`, once for all bundles that hold the same of them.

The bytes of a file's bytecode follow from its content, its path and the interpreter alone, so those
that the cache has are the ones that compiling would give.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from packager.host.bytecode import Job, compile_jobs
from packager.host.cache import cache_folder, cached_folder
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import digest_of, scripts_state, state_of

Sources = Sequence[tuple[Path, str]]  # paths, and names in the bundle


def write_runtime_bytecode(
    compiler: Interpreter,
    folder: Path,
    sources: Sources,
    note: Callable[[str], None] = lambda message: None,
    *,
    every: Sources = (),
) -> None:
    """Write the bytecode of `sources`, which are in `folder`.

    They are compiled together with `every` source that some bundle has, once for all bundles.
    """
    entry = kept_bytecode(compiler, every or sources, note)
    if entry is None:
        _compile(compiler, folder, [name for _, name in sources])
        return
    for _, name in sources:
        path = PurePosixPath(name)
        compiled = path.parent / "__pycache__" / f"{path.stem}.{compiler.cache_tag}.pyc"
        if (entry / compiled).is_file():
            (folder / compiled).parent.mkdir(exist_ok=True)
            shutil.copyfile(entry / compiled, folder / compiled)


def kept_bytecode(
    compiler: Interpreter,
    sources: Sources,
    note: Callable[[str], None] = lambda message: None,
) -> Path | None:
    """Return the folder with the bytecode of `sources` in the cache, None where it can't be."""
    cache = cache_folder()
    if cache is None:
        return None

    def make(entry: Path) -> None:
        for path, name in sources:
            (entry / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, entry / name)
        _compile(compiler, entry, [name for _, name in sources])
        for _, name in sources:
            (entry / name).unlink()

    try:
        return cached_folder(cache, f"runtime/{_digest(compiler, sources)}", make, note)
    except OSError:  # it is full, or can't be written after all
        return None


def _compile(compiler: Interpreter, folder: Path, names: Sequence[str]) -> None:
    # Who inspects what plugins import finds docstrings; the runtime is nobody's interface.
    of_sdk = frozenset(name for name in names if name.startswith("dify_plugin/"))
    jobs = [Job(of_sdk), Job(frozenset(names) - of_sdk, docstrings=False)]
    compile_jobs(compiler, folder, jobs, columns=False)


def _digest(compiler: Interpreter, sources: Sources) -> str:
    files = sorted((name, state_of(path)) for path, name in sources)
    return digest_of([files, compiler.version, compiler.magic, scripts_state()])
