"""Lays a bundle out again after the plugin's files have changed: what is as it was is linked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from packager.bundle.layout import Contents
from packager.contract import LITERALS
from packager.dependencies.diet.waiting import RULES
from packager.host.bytecode import bytecode_of, compile_files
from packager.host.interpreter import Interpreter
from packager.host.trees import copy_file

_PLUGIN = "plugin"


def is_next(before: Path, contents: Contents, packages: str) -> bool:
    """Whether the bundle in `before`, which has the packages that `packages` identifies, differs
    from one of `contents` in files of the plugin alone."""
    same = bool(packages) and contents.dependencies.identity == packages and not contents.others
    try:
        return same and (before / LITERALS).read_text("ascii") == contents.literals
    except (OSError, ValueError):
        return False


def lay_out_next(before: Path, contents: Contents, folder: Path, compiler: Interpreter) -> bool:
    """Fill `folder` as `lay_out` would, from the bundle in `before` (`is_next`); return whether
    the two differ.

    Neither is to be written to any more: they have files in common.
    """
    folder.mkdir()
    with os.scandir(before) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name != _PLUGIN:
                _link(Path(entry.path), folder / entry.name)
    old, new = before / _PLUGIN, folder / _PLUGIN
    new.mkdir(mode=0o755)
    changed = _remaining(old) != {file.path for file in contents.files}
    compiled = []
    waiting = RULES if contents.plan.options.diet_plugin else None
    for file in contents.files:
        source, target = old / file.path, new / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if _are_equal(source, file.source):
            _link_file(source, target)
            bytecode = bytecode_of(source, compiler)
            if file.path.endswith(".py") and bytecode.is_file():
                cache = target.parent / "__pycache__"
                cache.mkdir(exist_ok=True)
                _link_file(bytecode, cache / bytecode.name)
            continue
        changed = True
        copy_file(file.source, target)
        if file.path.endswith(".py"):
            compiled.append(f"{_PLUGIN}/{file.path}")
    if compiled:
        if waiting:  # which imports wait follows from all files
            compiled = [f"{_PLUGIN}/{f.path}" for f in contents.files if f.path.endswith(".py")]
            for path in compiled:  # linked, and the bundle before is in use
                bytecode_of(folder / path, compiler).unlink(missing_ok=True)
        compile_files(compiler, folder, compiled, waiting=waiting)
        for path in compiled:
            bytecode = bytecode_of(folder / path, compiler)
            if bytecode.is_file():
                bytecode.chmod(0o644)
    return changed


def _remaining(folder: Path) -> set[str]:
    """Return what a bundle has of its plugin, bytecode aside."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def _are_equal(path: Path, source: Path) -> bool:
    try:
        found, wanted = path.stat(), source.stat()
        same_mode = bool(found.st_mode & 0o100) == bool(wanted.st_mode & 0o100)
        return (
            same_mode
            and found.st_size == wanted.st_size
            and path.read_bytes() == source.read_bytes()
        )
    except OSError:
        return False


def _link(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_linked)
    else:
        _link_file(source, target)


def _linked(source: str, target: str) -> str:
    _link_file(Path(source), Path(target))
    return target


def _link_file(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # some file systems have none
        shutil.copy2(source, target)
