"""Runs a package's own tests on a release of it, as it ships and with its imports waiting.

    python -m tests.support.diet_verify PACKAGE [VERSION] [--python 3.13] [--tests FOLDER] [--write]
    python -m tests.support.diet_verify --newest [--write]

`make diet-verify PACKAGE=requests VERSION=2.34.2` is the same, and writes; without a version it is
the newest, and `--newest` is that of every package in the table. The release's source archive comes
from the package index, its wheel, what it needs and pytest into two environments. The table's entry
(`packager/dependencies/diet/verified.json`) is written if every test that passes as it ships
passes with the treatment, and some do, on every Python that it was run on. How each package's tests
are run is in `diet_packages.py`. Where a source archive has no tests, `--tests` names a checkout of
the release's repository.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.version import Version

from packager._in_target.waiting.shape import shape_of
from packager.contract import template_folder
from packager.dependencies.diet.packages import TABLE, digest_of, rules_of, verified
from packager.host.bytecode import compile_files
from packager.host.interpreter import Interpreter, find_interpreter
from packager.host.uv import run_uv
from tests.support.diet_packages import PACKAGES, Tests

LEAST = 20  # tests that have to pass: fewer prove nothing
AGAIN = 30  # that no longer pass are run once more, by themselves


def verify(
    name: str,
    version: str | None,
    python: Interpreter,
    *,
    write: bool,
    checkout: Path | None = None,
) -> bool:
    """Run both, say what came out, and write the entry if wanted; return whether all is as well."""
    tests = PACKAGES[name]
    with tempfile.TemporaryDirectory(prefix="diet-") as folder:
        work = Path(folder)
        wanted = f"{name}=={version}" if version else name
        source = _copied(checkout, work) if checkout else _source(wanted, work)
        venv = work / "venv"
        _uv("venv", "--quiet", "--python", str(python.path), str(venv))
        interpreter = venv / "bin" / "python"
        needs = ("pytest", "pytest-timeout", *tests.needs)
        _uv("pip", "install", "--quiet", "--python", str(interpreter), wanted, *needs)
        site = next(venv.glob("lib/python*/site-packages"))
        info = next(p for p in site.glob("*.dist-info") if _is(p, name))
        version = info.name.removesuffix(".dist-info").rpartition("-")[2]
        recorded = (line.rpartition(",")[0].rpartition(",")[0] for line in _lines(info / "RECORD"))
        files = [path for path in recorded if path.endswith(".py") and (site / path).is_file()]
        entry: dict[str, Any] = {"modules": [*tests.modules]}
        entry |= {"eager": [*tests.eager]} if tests.eager else {}
        entry |= {"skip": [*tests.skip]} if tests.skip else {}
        entry |= {"relative": True} if tests.relative else {}
        entry |= {"texts": True} if tests.texts else {}
        entry |= {"types": True} if tests.types else {}
        entry |= {"replaced": tests.replaced} if tests.replaced else {}
        for path, pairs in tests.replaced.items():
            said = (site / path).read_text("utf-8")
            assert all(said.count(old) == 1 for old, _ in pairs), f"{path} says it otherwise"
        if tests.inside:
            shutil.copytree(source / tests.inside, site / tests.inside, dirs_exist_ok=True)
        before = _passed(interpreter, source, tests)
        (site / "endpoint_runtime").mkdir()
        (site / "endpoint_runtime" / "__init__.py").touch()
        for module in ("waiting.py", "entry_points.py"):
            runtime = template_folder() / "endpoint_runtime" / module
            shutil.copy2(runtime, site / "endpoint_runtime")
        treated = [path for path in files if not path.startswith(tests.skip or ("\0",))]
        for path in treated:
            for cache in (site / path).parent.glob(f"__pycache__/{Path(path).stem}.*"):
                cache.unlink()
        compile_files(python, site, treated, waiting=rules_of(entry))
        after = _passed(interpreter, source, tests)
        lost = sorted(before - after)
        if lost and len(lost) <= AGAIN:  # of those that wait for others, a busy machine fails some
            after |= _passed(interpreter, source, replace(tests, paths=tuple(lost)))
        waiting = [path for path in treated if _waits(site / path)]
        print(f"{name} {version}: {len(waiting)} of {len(treated)} modules have imports that wait")
        print(f"{len(before)} tests pass as it ships, {len(after)} with the treatment")
        for each in sorted(before - after)[:40]:
            print(f"  no longer: {each}")
        if len(before) < LEAST or before - after:
            return False
        if write:
            trees = {path: ast.parse((site / path).read_bytes()) for path in waiting}
            entry |= {"shapes": {path: shape_of(tree) for path, tree in trees.items()}}
            _write(name, version, entry, digest_of(site, files), len(before), python)
        return True


def _write(
    name: str, version: str, entry: dict[str, Any], sources: str, tests: int, python: Interpreter
) -> None:
    """Write a release into the table, beside the Pythons that it was verified on before."""
    table = json.loads(TABLE.read_text("utf-8"))
    releases = table.get(name, {}).get("releases", {})
    before = releases.get(version, {})
    pythons = {python.python}
    if before.get("sources") == sources and _treatment(table[name]) == _treatment(entry):
        pythons |= {*before["pythons"]}  # the same treatment of the same files
        tests = min(tests, before["tests"])
        shapes = table[name]["shapes"] | entry["shapes"]  # more waits on some Pythons
        entry |= {"shapes": dict(sorted(shapes.items()))}
    in_order = sorted(pythons, key=lambda each: int(each.partition(".")[2]))
    said = {"sources": sources, "tests": tests, "pythons": in_order}
    if releases and max(map(Version, releases)) > Version(version):
        entry |= {"shapes": table[name]["shapes"]}
    table[name] = entry | {"releases": releases | {version: said}}
    TABLE.write_text(json.dumps(dict(sorted(table.items())), indent=1) + "\n", "utf-8")


def _treatment(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in ("releases", "shapes")}


def _passed(python: Path, source: Path, tests: Tests) -> set[str]:
    """Return the tests that pass."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"AWS_DEFAULT_REGION": "us-east-1"}
    # What lies beside the tests must not be imported in place of what is installed.
    for name in tests.modules:
        for path in (source / name, source / "src" / name, source / "lib" / name):
            shutil.rmtree(path, ignore_errors=True)
    command = [str(python), "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--tb=no"]
    command += ["--continue-on-collection-errors"]
    command += ["--timeout", "60", "-W", "ignore", *tests.options, *tests.paths]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    passed = {line[7:].partition(" - ")[0] for line in lines if line.startswith("PASSED ")}
    if not passed:
        print(done.stdout[-3000:], done.stderr[-2000:])
    return passed


def _copied(checkout: Path, work: Path) -> Path:
    return shutil.copytree(checkout, work / "source", ignore=shutil.ignore_patterns(".git"))


def _source(wanted: str, work: Path) -> Path:
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    options = ("--no-deps", "--no-binary", wanted.partition("=")[0], "--dest", str(work))
    subprocess.run([*pip, *options, wanted], check=True, cwd=work)
    archive = next(work.glob("*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(work / "source", filter="data")
    return next((work / "source").iterdir())


def _is(info: Path, name: str) -> bool:
    return (
        re.sub(r"[._-]+", "-", info.name.removesuffix(".dist-info").rpartition("-")[0]).lower()
        == name
    )


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def _waits(source: Path) -> bool:
    caches = source.parent.glob(f"__pycache__/{source.stem}.*.pyc")
    return any(b"__waiting__" in path.read_bytes() for path in caches)


def _uv(*arguments: str) -> None:
    done = run_uv(arguments, cwd=Path("/"))
    assert done.code == 0, done.problem


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Verify a release for the import diet.")
    parser.add_argument("package", nargs="?", choices=sorted(PACKAGES))
    parser.add_argument("version", nargs="?")
    parser.add_argument("--python", default="3.13")
    parser.add_argument("--tests", type=Path, help="a checkout of the release's repository")
    parser.add_argument("--write", action="store_true", help="write the table's entry")
    parser.add_argument("--newest", action="store_true", help="of every package in the table")
    options = parser.parse_args()
    if not options.package and not options.newest:
        parser.error("name a package, or say --newest")
    python = find_interpreter(options.python)
    if python is None:
        raise SystemExit(f"no Python {options.python} here")
    names = sorted(verified()) if options.newest else [options.package]
    as_well = [
        verify(name, options.version, python, write=options.write, checkout=options.tests)
        for name in names
    ]
    if not all(as_well):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
