"""Lays a bundle's folder out: dependencies, runtime, literals, the plugin's files, bytecode."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packager.bundle.code_archive import PACKAGES, write_archive
from packager.bundle.literals import render_bundle_literals
from packager.bundle.runtime_bytecode import write_runtime_bytecode
from packager.bundle.runtime_files import runtime_files, runtime_sources
from packager.contract import LITERALS
from packager.dependencies.diet.waiting import RULES
from packager.dependencies.installed import Dependencies
from packager.host.bytecode import Job, compile_files, compile_once
from packager.host.cache import cache_folder, cached_folder
from packager.host.deflated import Layer, deflating
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import digest_of, scripts_state, state_of
from packager.host.trees import EXECUTABLE, copy_file, copy_tree, make_folders, write_file
from packager.paths import is_folder
from packager.plugin.functions import FunctionPlan
from packager.plugin.walk import PluginFile

_FILES = "files"  # in an entry of the cache
_CODE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bundle is made of. `absent` are the parts of the runtime that are left out, `others`
    the files of other plugins, by their paths in the bundle."""

    plan: FunctionPlan
    dependencies: Dependencies
    files: tuple[PluginFile, ...]
    absent: tuple[str, ...]
    others: tuple[PluginFile, ...] = ()

    @property
    def literals(self) -> str:
        """What differs from bundle to bundle, as the runtime reads it."""
        return render_bundle_literals(
            self.plan,
            diet=self.dependencies.diet,
            diet_packages=self.dependencies.diet_packages,
            left_out=self.absent,
        )


def lay_out(
    contents: Contents,
    folder: Path,
    compiler: Interpreter | None,
    note: Callable[[str], None],
    *,
    zipped: bool = False,
) -> tuple[Layer, ...]:
    """Fill `folder` with the dependencies, the runtime, the literals, the plugin, and bytecode.

    Returns what of it is in the cache, too; if it is to be `zipped`, that is deflated meanwhile.
    `note` is told of damage there.
    """
    packages = Layer(
        contents.dependencies.folder, contents.dependencies.identity, frozenset(PACKAGES)
    )
    layers = [packages]
    with ExitStack() as meanwhile:
        if zipped:
            meanwhile.enter_context(deflating(packages))
        folder.mkdir()
        folder.chmod(EXECUTABLE)
        base = _cached_base(contents, compiler, note)
        if base is None:
            _write_base(contents, folder, compiler, note)
        else:
            layers.append(base)
            if zipped:
                meanwhile.enter_context(deflating(base))
        for layer in layers:
            copy_tree(layer.folder, folder, layer.passed_over)
        _write_plugin(contents, folder, compiler)
    return tuple(layers)


def _write_plugin(contents: Contents, folder: Path, compiler: Interpreter | None) -> None:
    """Copy the plugin's files, and those of other plugins, and compile them."""
    make_folders(f"{folder}/plugin")
    for file in contents.files:
        copy_file(file.source, folder / "plugin" / file.path)
    for file in contents.others:
        copy_file(file.source, folder / file.path)
    if compiler:
        _compile_plugin(contents, folder, compiler)
        others = [file.path for file in contents.others if file.path.endswith(".py")]
        compile_once(compiler, folder, [Job(frozenset(others))])


def _compile_plugin(contents: Contents, folder: Path, compiler: Interpreter) -> None:
    own = [f"plugin/{file.path}" for file in contents.files if file.path.endswith(".py")]
    packages = contents.dependencies.identity
    if not contents.plan.options.diet_plugin:
        compile_once(compiler, folder, [Job(frozenset(own))])
    elif packages:  # which imports wait follows from them, too
        rules = {**RULES, "packages": packages}
        compile_once(compiler, folder, [Job(frozenset(own), waiting=rules)])
    else:
        compile_files(compiler, folder, own, waiting=RULES)


def _cached_base(
    contents: Contents, compiler: Interpreter | None, note: Callable[[str], None]
) -> Layer | None:
    """Return what `_write_base` writes, out of the cache; None where it can't be there."""
    cache, packages = cache_folder(), contents.dependencies.identity
    if cache is None or not packages:
        return None
    files = [(name, state_of(path)) for path, name in _runtime(contents)]
    compiled = (compiler.version, compiler.magic, scripts_state()) if compiler else None
    key = f"base/{digest_of([packages, files, compiled, contents.literals, own_code()])}"

    def make(entry: Path) -> None:
        (entry / _FILES).mkdir()
        _write_base(contents, entry / _FILES, compiler, note)

    try:
        return Layer(cached_folder(cache, key, make, note) / _FILES, key)
    except OSError:  # it is full, or can't be written after all
        return None


@cache
def own_code() -> str:
    """Return a digest of what lays bundles out: another packager's layers are others."""
    sources = sorted(_CODE.glob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()


def _write_base(
    contents: Contents, folder: Path, compiler: Interpreter | None, note: Callable[[str], None]
) -> None:
    """Write the runtime, the literals, and the packages whose bytecode is archived with theirs."""
    for package in PACKAGES:
        if is_folder(contents.dependencies.folder / package):
            copy_tree(contents.dependencies.folder / package, folder / package)
    runtime = _runtime(contents)
    for path, name in runtime:
        copy_file(path, folder / name)
    write_file(folder / LITERALS, contents.literals.encode("ascii"))
    if compiler:
        compile_files(compiler, folder, [LITERALS])
        sources = [each for each in runtime if each[1].endswith(".py")]
        every = runtime_sources(contents.plan.options.sdk)
        write_runtime_bytecode(compiler, folder, sources, note, every=every)
        write_archive(folder, compiler, note)


def _runtime(contents: Contents) -> list[tuple[Path, str]]:
    files = runtime_files(contents.plan.options.sdk, contents.absent)
    return [each for each in files if each[1] != LITERALS]
