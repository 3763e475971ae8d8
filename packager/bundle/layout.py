"""Lays a bundle's folder out: dependencies, runtime, literals, the plugin's files, bytecode."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from packager.bundle.code_archive import PACKAGES, Compiled, make_archive
from packager.bundle.literals import render_bundle_literals
from packager.bundle.runtime.bytecode import runtime_bytecode
from packager.bundle.runtime.files import RuntimeFiles, shipped_runtime
from packager.contract import CODE_ARCHIVE, LITERALS
from packager.dataclass import dataclass
from packager.dependencies.diet.waiting import RULES
from packager.dependencies.installed import Dependencies
from packager.host import trees
from packager.host.bytecode import Job, bytecode_of, compile_apart, compile_files, compile_once
from packager.host.cache import cache_folder, cached_folder
from packager.host.deflated import Layer, deflating, packs_of
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import digest_of, scripts_state, state_of
from packager.host.trees import (
    EXECUTABLE,
    copy_file,
    copy_files,
    files_below,
    make_folders,
    write_file,
)
from packager.plugin.functions import FunctionPlan
from packager.plugin.walk import PluginFile

_FILES = "files"  # in an entry of the cache
_CODE = (Path(__file__).parent, Path(trees.__file__).parent)


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
    def runtime(self) -> RuntimeFiles:
        """The files of the runtime, literals aside."""
        return shipped_runtime(self.plan.options.sdk, self.absent)

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
    base: Callable[[], Layer | None],
    *,
    zipped: bool = False,
    before: Path | None = None,
) -> tuple[Layer, ...]:
    """Fill `folder` with the dependencies, the runtime, the literals, the plugin, and bytecode.

    Returns what of it is in the cache, too; if it is to be `zipped`, that is deflated meanwhile.
    `base` returns what `make_base` does, which may have begun elsewhere. `before` is the bundle
    that this one will replace, if any.
    """
    layers = [packages_layer(contents), runtime_layer(contents.runtime)]
    with ExitStack() as meanwhile:
        if zipped:
            for layer in layers:
                meanwhile.enter_context(deflating(layer))
        folder.mkdir()
        folder.chmod(EXECUTABLE)
        for layer in layers:
            copy_files(layer.files, folder, before)
        write_file(folder / LITERALS, contents.literals.encode("ascii"))
        _write_plugin(contents, folder, compiler)
        made = base()
        if made is None:
            _write_base(contents, folder, compiler)
        else:
            layers.append(made)
            copy_files(made.files, folder, before)
    return tuple(layers)


def packages_layer(contents: Contents) -> Layer:
    """Return what a bundle has of its packages as they are: all but the bytecode that is archived
    with the runtime's."""
    folder, identity = contents.dependencies.folder, contents.dependencies.identity
    return Layer({n: folder / n for n, _ in files_below(folder) if not _is_archived(n)}, identity)


def runtime_layer(files: RuntimeFiles) -> Layer:
    """Return what a bundle has of the runtime as it is: all but literals and bytecode."""
    states = [(name, state_of(path)) for path, name in files]
    return Layer({name: path for path, name in files}, f"runtime {digest_of(states)}")


def _is_archived(name: str) -> bool:
    return name.endswith(".pyc") and name.partition("/")[0] in PACKAGES


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


def make_base(
    contents: Contents,
    compiler: Interpreter | None,
    note: Callable[[str], None],
    *,
    zipped: bool = False,
) -> Layer | None:
    """Return a bundle's literals and the bytecode that goes with the runtime's, out of the cache.

    If it is to be `zipped`, it is deflated there. Returns None where it can't be in the cache.
    `note` is told of damage there. Raises `PackagerError` if the interpreter fails.
    """
    base = _cached_base(contents, compiler, note)
    if base and zipped:
        packs_of([base])
    return base


def _cached_base(
    contents: Contents, compiler: Interpreter | None, note: Callable[[str], None]
) -> Layer | None:
    cache = cache_folder()
    if cache is None or not contents.dependencies.identity:
        return None
    key = f"base/{digest_of(base_of(contents, compiler))}"

    def make(entry: Path) -> None:
        (entry / _FILES).mkdir()
        _write_base(contents, entry / _FILES, compiler, note)

    try:
        made = cached_folder(cache, key, make, note) / _FILES
        return Layer({name: made / name for name, _ in files_below(made)}, key)
    except OSError:  # it is full, or can't be written after all
        return None


def base_of(contents: Contents, compiler: Interpreter | None) -> list[object]:
    """Return what a bundle's packages, its runtime, and the bytecode of both follow from."""
    files = [(name, state_of(path)) for path, name in contents.runtime]
    compiled = (compiler.version, compiler.magic, scripts_state()) if compiler else None
    return [contents.dependencies.identity, files, compiled, contents.literals, own_code()]


@cache
def own_code() -> str:
    """Return a digest of what lays bundles out: another packager's layers are others."""
    sources = sorted(source for folder in _CODE for source in folder.rglob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()


def _write_base(
    contents: Contents,
    folder: Path,
    compiler: Interpreter | None,
    note: Callable[[str], None] = lambda message: None,
) -> None:
    """Write the literals, and the bytecode of the runtime and of packages that goes with it."""
    write_file(folder / LITERALS, contents.literals.encode("ascii"))
    if not compiler:
        return
    sources = {name: path for path, name in contents.runtime if name.endswith(".py")}
    codes = {
        name: Compiled(sources[name], code)
        for name, code in runtime_bytecode(compiler, sources, note).items()
    }
    codes |= _compiled_packages(contents.dependencies.folder, compiler)
    literals = {LITERALS: folder / LITERALS}
    made = compile_apart(compiler, literals, [Job(frozenset(literals))], columns=True)
    codes |= {name: Compiled(literals[name], code) for name, code in made.items()}
    archive, inside = make_archive(codes, compiler, note)
    write_file(folder / CODE_ARCHIVE, archive)
    for name in sorted(codes.keys() - inside):
        write_file(bytecode_of(folder / name, compiler), codes[name].code)


def _compiled_packages(folder: Path, compiler: Interpreter) -> dict[str, Compiled]:
    """Return what is archived of the packages in `folder`."""
    found = {}
    for name, _ in files_below(folder):
        path = folder / name
        if name.endswith(".py") and name.partition("/")[0] in PACKAGES:
            compiled = bytecode_of(path, compiler)
            if compiled.is_file():
                found[name] = Compiled(path, compiled.read_bytes())
    return found
