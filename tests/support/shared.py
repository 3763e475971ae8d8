"""Folders that take long to make: made once for a run of the tests, whichever worker asks first."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def shared_folder(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of that name, which `make` has filled; nobody may change what is in it.

    Where `make` fails it is made again by whoever asks next.
    """
    return made_once(run_folder(factory), name, make)


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what a run's workers share."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each has a folder of its own below that of the run
        root = root.parent
    (root / "shared").mkdir(exist_ok=True)
    return root / "shared"


def made_once(parent: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of that name in `parent`, filled by `make` if nobody has before."""
    folder = parent / name
    parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_name(f"{name}.done")
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def digest_of(folder: Path, *more: object) -> str:
    """Return a name for what is in a folder, and `more`, in the characters of file names."""
    digest = hashlib.sha256(repr(more).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            said = (path.relative_to(folder).as_posix(), path.stat().st_mode, len(content))
            digest.update(repr(said).encode() + content)
    return digest.hexdigest()[:16]
