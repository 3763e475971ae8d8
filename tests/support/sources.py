"""Copies sources with their bytecode into bundles, whose processes write none."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter
from tests.support.shared import made_once


class _File(NamedTuple):
    """A file's name in its folder, and what its copies are: no content where they are links."""

    name: str
    path: str
    mode: int
    modified: int  # ns
    content: bytes | None


def copy_sources(source: Path, target: Path, *left_out: str) -> Path:
    """Copy a folder of sources, compiled for every Python at hand: as long as the sources are not
    changed, no process compiles them again."""
    run = next((each for each in target.parents if re.fullmatch(r"pytest-\d+", each.name)), None)
    folders, files = _contents(_compiled(source, run), left_out)
    target.mkdir(parents=True)
    for folder in folders:
        os.mkdir(f"{target}/{folder}")  # noqa: PTH102 - a thousand of each: paths take as long again
    for file in files:
        _copy(file, f"{target}/{file.name}")
    return target


@cache
def _contents(source: Path, left_out: tuple[str, ...]) -> tuple[list[str], list[_File]]:
    """Return the folders and the files in a folder, but for those whose names are left out."""
    folders, files = [], []
    ignored = shutil.ignore_patterns(*left_out)
    for above, inner, names in os.walk(source):
        gone = ignored(above, [*inner, *names])
        inner[:] = [name for name in inner if name not in gone]
        folder = Path(above).relative_to(source)
        folders += [str(folder / name) for name in inner]
        for name in (each for each in names if each not in gone):
            path = Path(above, name)
            found = path.stat()
            mode, modified = stat.S_IMODE(found.st_mode), found.st_mtime_ns
            # Python writes bytecode to a new file that takes the place of the old one.
            content = None if path.suffix == ".pyc" else path.read_bytes()
            files.append(_File(str(folder / name), str(path), mode, modified, content))
    return folders, files


@cache
def _compiled(source: Path, run: Path | None) -> Path:
    """Return the folder with bytecode; for tests a copy that a run of them has, as their files may
    be on another file system, to which no bytecode can be linked."""
    if run is None:
        _compile(source)
        return source

    def make(folder: Path) -> None:
        _compile(source)
        shutil.copytree(source, folder, dirs_exist_ok=True)

    return made_once(run / "shared", f"sources-{source.name}", make)


def _compile(source: Path) -> None:
    for python in SUPPORTED_PYTHONS:
        if (found := find_interpreter(python)) is not None:
            # Where it can't write, processes compile.
            subprocess.run([found.path, "-I", "-S", "-m", "compileall", "-q", source], check=False)


def _copy(file: _File, target: str) -> None:
    content = file.content
    if content is None:
        try:
            os.link(file.path, target)
            return
        except OSError:  # another file system
            content = Path(file.path).read_bytes()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    try:
        os.write(handle, content)
        os.utime(handle, ns=(file.modified, file.modified))
    finally:
        os.close(handle)
