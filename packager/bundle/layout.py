"""Lays a bundle's folder out: dependencies, runtime, literals, the plugin's files, bytecode."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packager.bundle.code_archive import write_archive
from packager.bundle.literals import render_bundle_literals
from packager.bundle.runtime_bytecode import write_runtime_bytecode
from packager.bundle.runtime_files import runtime_files
from packager.bundle.zip_file import file_mode
from packager.contract import LITERALS
from packager.dependencies.installed import Dependencies
from packager.host.bytecode import compile_files
from packager.host.interpreter import Interpreter
from packager.plugin.functions import FunctionPlan
from packager.plugin.walk import PluginFile


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bundle is made of. `absent` are the parts of the runtime that are left out."""

    plan: FunctionPlan
    dependencies: Dependencies
    files: tuple[PluginFile, ...]
    absent: tuple[str, ...]

    @property
    def literals(self) -> str:
        """What differs from bundle to bundle, as the runtime reads it."""
        return render_bundle_literals(self.plan, diet=self.dependencies.diet, left_out=self.absent)


def lay_out(
    contents: Contents, folder: Path, compiler: Interpreter | None, note: Callable[[str], None]
) -> None:
    """Fill `folder` with the dependencies, the runtime, the literals, the plugin, and bytecode.

    `note` is told of damage in the cache.
    """
    plan, dependencies, absent = contents.plan, contents.dependencies, contents.absent
    folder.mkdir()
    _copy_tree(dependencies.folder, folder)
    runtime = [each for each in runtime_files(plan.options.sdk, absent) if each[1] != LITERALS]
    for path, name in runtime:
        copy_file(path, folder / name)
    literals = folder / LITERALS
    literals.parent.mkdir(parents=True, exist_ok=True)
    literals.write_text(contents.literals, "ascii")
    literals.chmod(0o644)
    (folder / "plugin").mkdir(exist_ok=True)
    for file in contents.files:
        copy_file(file.source, folder / "plugin" / file.path)
    if compiler:
        own = [f"plugin/{file.path}" for file in contents.files if file.path.endswith(".py")]
        compile_files(compiler, folder, [LITERALS, *own])
        sources = [each for each in runtime if each[1].endswith(".py")]
        write_runtime_bytecode(compiler, folder, sources, note)
        write_archive(folder, compiler)
    for path in (folder, *folder.rglob("*")):
        found = path.stat().st_mode
        mode = 0o755 if stat.S_ISDIR(found) or found & 0o100 else 0o644
        if stat.S_IMODE(found) != mode:  # of thousands, those that were made here
            path.chmod(mode)


def _copy_tree(source: Path, target: Path) -> None:
    """Copy the files below `source`, which are thousands: each folder is made once."""
    for folder, folders, files in os.walk(source):
        folders.sort()
        inner = target / Path(folder).relative_to(source)
        if files:
            inner.mkdir(parents=True, exist_ok=True)
        for name in sorted(files):
            _copy_file(Path(folder, name), inner / name)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file into a bundle; the folder it goes into is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _copy_file(source, target)


def _copy_file(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(file_mode(source))
