"""Copies sources with their bytecode into bundles, whose processes write none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter
from tests.support.shared import made_once


def copy_sources(source: Path, target: Path, *left_out: str) -> Path:
    """Copy a folder of sources, compiled for every Python at hand: as long as the sources are not
    changed, no process compiles them again."""
    run = next((each for each in target.parents if re.fullmatch(r"pytest-\d+", each.name)), None)
    ignored = shutil.ignore_patterns(*left_out)
    compiled = _compiled(source, run)
    return Path(shutil.copytree(compiled, target, ignore=ignored, copy_function=_copy))


@cache
def _compiled(source: Path, run: Path | None) -> Path:
    """Return the folder with bytecode; for tests a copy that a run of them has, as their files may
    be on another file system, to which no bytecode can be linked."""
    for python in SUPPORTED_PYTHONS:
        if (found := find_interpreter(python)) is not None:
            # Where it can't write, processes compile.
            subprocess.run([found.path, "-I", "-S", "-m", "compileall", "-q", source], check=False)
    if run is None:
        return source

    def make(folder: Path) -> None:
        shutil.copytree(source, folder, dirs_exist_ok=True)

    return made_once(run / "shared", f"sources-{source.name}", make)


def _copy(source: str, target: str) -> None:
    # Python writes bytecode to a new file that takes the place of the old one.
    if source.endswith(".pyc"):
        try:
            os.link(source, target)
        except OSError:  # another file system
            pass
        else:
            return
    shutil.copy2(source, target)
