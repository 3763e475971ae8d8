"""Real packages, pruned: every module that could be imported before still can, and is the same."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from packager.dependencies.prune import KeepRules, prune
from packager.dependencies.used_files import TEST_FOLDERS
from packager.host.interpreter import Interpreter
from packager.host.uv import run_uv

PACKAGES = ("cryptography", "httpx", "lxml", "numpy", "pydantic", "requests", "sqlalchemy")
# What can be left out of a package is in these: tests, stubs, C headers, and commands.
TELLING = ("httpx", "lxml", "numpy")

# Imports what it is told to, in turn, whatever each does to the process; writes what came of it.
IMPORTER = """
import importlib, io, json, os, sys, warnings
warnings.simplefilter("ignore")
root, out = sys.argv[1], sys.stdout
path, cwd = [root, *sys.path], os.getcwd()
found = {}
for name in json.load(sys.stdin):
    sys.path[:], sys.stdout, sys.stderr = path, io.StringIO(), io.StringIO()
    os.chdir(cwd)
    try:
        found[name] = sorted(vars(importlib.import_module(name)))
    except BaseException as fault:
        found[name] = [type(fault).__name__, str(fault).replace(root, "ROOT")]
json.dump(found, out)
"""


def install(folder: Path, packages: tuple[str, ...], interpreter: Interpreter) -> None:
    target = ("--target", str(folder), "--python", str(interpreter.path), "--quiet")
    done = run_uv(("pip", "install", *target, *packages), cwd=Path("/"))
    assert done.code == 0, done.problem


def owners_in(folder: Path) -> dict[str, str]:
    owners: dict[str, str] = {}
    for info in folder.glob("*.dist-info"):
        with (info / "RECORD").open(newline="") as record:
            for row in csv.reader(record):
                owners[row[0]] = canonicalize_name(info.name.split("-")[0])
    return owners


def modules_in(folder: Path) -> list[str]:
    """Every module's name, those in folders for tests aside."""
    names = set()
    for path in [*folder.rglob("*.py"), *folder.rglob("*.so")]:
        *parts, last = path.relative_to(folder).parts
        parts += [] if (stem := last.split(".")[0]) == "__init__" else [stem]
        if not TEST_FOLDERS & {*parts} and all(part.isidentifier() for part in parts):
            names.add(".".join(parts))
    return sorted(names - {name for name in names if name.endswith(("__main__", "conftest"))})


def imported(folder: Path, names: list[str], python: Path, cwd: Path) -> dict[str, list[str]]:
    done = subprocess.run(
        [python, "-S", "-c", IMPORTER, folder],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        cwd=cwd,
        # Most modules are the same in both, and compiled once, as both have the same path.
        env={"PATH": os.environ["PATH"], "PYTHONPYCACHEPREFIX": str(cwd / "bytecode")},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("packages", "least"),
    [
        pytest.param(TELLING, 300, id="telling"),
        pytest.param(PACKAGES, 500, id="all", marks=pytest.mark.soak),
    ],
)
def test_every_module_is_as_before(
    tmp_path: Path, interpreter: Interpreter, packages: tuple[str, ...], least: int
) -> None:
    whole, pruned = tmp_path / "whole", tmp_path / "pruned"
    install(whole, packages, interpreter)
    shutil.copytree(whole, pruned)
    prune(pruned, owners_in(whole), KeepRules())
    names = modules_in(whole)
    assert len(names) > least
    assert modules_in(pruned) == names
    before = imported(whole, names, interpreter.path, tmp_path)
    assert sum("__name__" in found for found in before.values()) > least
    whole.rename(tmp_path / "before")
    pruned = pruned.rename(whole)
    assert imported(pruned, names, interpreter.path, tmp_path) == before
    assert not [*pruned.rglob("*.pyi")]
    assert not (pruned / "numpy/linalg/tests").exists()
    assert not (pruned / "bin").exists()
