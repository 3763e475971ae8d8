"""Copies sources with their bytecode into bundles, whose processes write none."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from packager.host.interpreter import SUPPORTED_PYTHONS, find_interpreter


def copy_sources(source: Path, target: Path, *left_out: str) -> Path:
    """Copy a folder of sources, compiled for every Python at hand: as long as the sources are not
    changed, no process compiles them again."""
    _compile(source)
    ignored = shutil.ignore_patterns(*left_out)
    return Path(shutil.copytree(source, target, ignore=ignored, copy_function=_copy))


@cache
def _compile(source: Path) -> None:
    for python in SUPPORTED_PYTHONS:
        if (found := find_interpreter(python)) is not None:
            # Where it can't write, processes compile.
            subprocess.run([found.path, "-I", "-S", "-m", "compileall", "-q", source], check=False)


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
