"""Compiles the runtime and `dify_plugin`, once for all bundles that hold the same of them.

The bytes of a file's bytecode follow from its content, its path and the interpreter alone, so those
that the cache has are the ones that compiling would give. They are kept by the parts of the
runtime, so that bundles with other parts have the rest in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.bundle.runtime.parts import PARTS
from packager.host.bytecode import Job, compile_apart
from packager.host.cache import cache_folder, cached_bytes, keep_bytes
from packager.host.cache_index import packed, unpacked
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import digest_of, scripts_state, state_of
from packager.host.meanwhile import meanwhile

Sources = Mapping[str, Path]  # by their names in the bundle


def runtime_bytecode(
    compiler: Interpreter,
    sources: Sources,
    note: Callable[[str], None] = lambda message: None,
) -> dict[str, bytes]:
    """Return the bytecode of `sources` by their names. `note` is told of damage in the cache."""
    cache = cache_folder()
    made: dict[str, bytes] = {}
    missing: dict[str, list[str]] = {}
    for names in _by_part(sources):
        key = f"runtime/{_digest(compiler, {name: sources[name] for name in names})}"
        content = cached_bytes(cache, key) if cache else None
        kept = unpacked(content)
        if kept is not None:
            made |= kept
            continue
        missing[key] = names
        if cache and content is not None:
            note(f"{cache / key}, in the cache, was damaged: made again")
    compiled = _compile(compiler, sources, [name for names in missing.values() for name in names])
    for key, names in missing.items():
        if cache:
            keep_bytes(cache, key, packed({n: compiled[n] for n in names if n in compiled}))
    return made | compiled


@contextmanager
def compiling_runtime(
    compiler: Interpreter | None, sources: Sources, note: Callable[[str], None]
) -> Iterator[None]:
    """Have the runtime compiled, where the cache lacks it, while the context lasts.

    `note` is told of damage at the end; whatever goes wrong is said where the bytecode is asked
    for.
    """
    damage: list[str] = []

    def compile_runtime() -> None:
        if compiler and cache_folder():
            runtime_bytecode(compiler, sources, damage.append)

    try:
        with meanwhile(compile_runtime):
            yield
    finally:
        for message in damage:
            note(message)


def _by_part(sources: Sources) -> list[list[str]]:
    """Return names by the parts of the runtime that they are of."""
    found: dict[str, list[str]] = {}
    for name in sources:
        part = next((part.name for part in PARTS if part.holds(name)), "")
        found.setdefault(part, []).append(name)
    return [*found.values()]


def _compile(compiler: Interpreter, sources: Sources, names: Sequence[str]) -> dict[str, bytes]:
    # Who inspects what plugins import finds docstrings; the runtime is nobody's interface.
    of_sdk = frozenset(name for name in names if name.startswith("dify_plugin/"))
    jobs = [Job(of_sdk), Job(frozenset(names) - of_sdk, docstrings=False)]
    return compile_apart(compiler, sources, jobs, columns=False)


def _digest(compiler: Interpreter, sources: Sources) -> str:
    files = sorted((name, state_of(path)) for name, path in sources.items())
    return digest_of([files, compiler.version, compiler.magic, scripts_state()])
