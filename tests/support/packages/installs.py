"""Installs a plugin's requirements from wheels made here, so that no index is asked."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from packager.dependencies.install import install_dependencies
from packager.dependencies.installed import Dependencies, Treatment
from packager.dependencies.prune import KeepRules
from packager.dependencies.resolve import Wanted
from packager.dependencies.sandbox import NAMESPACES
from packager.dependencies.target import Target
from packager.errors import Diagnostics, PackagerError
from packager.host.cache import cache_folder
from packager.host.interpreter import find_interpreter, host_architecture
from packager.host.uv import find_uv, run_uv
from packager.model.permissions import Permissions
from packager.model.progress import SILENT, Progress
from packager.requirements.joined import joined
from packager.requirements.read import read_requirements
from tests.support.packages.wheels import make_wheel

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"
NEWEST = {"markupsafe": "3.0.0", "werkzeug": "3.1.0"}  # of what `index` has
Install = Callable[..., Dependencies]


def only_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the packages that are all uv finds; its cache and ours are new.

    But for what follows from this machine and our own sources: what uv knows of interpreters, which
    it would run again for each test, and the runtime's bytecode.
    """
    for name in list(os.environ):
        if name.startswith("UV_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "index"
    (tmp_path / "offline.toml").write_text(f"no-index = true\nfind-links = ['{folder}']\n")
    known = _known_interpreters(tmp_path.parent)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "offline.toml"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache = cache_folder()
    assert cache is not None
    for kind in ("runtime", "front"):
        compiled = tmp_path.parent / "compiled" / kind
        compiled.mkdir(parents=True, exist_ok=True)
        (cache / kind).symlink_to(compiled)
    for uv in (tmp_path / "uv", cache / f"uv-{NAMESPACES}"):  # builds have one of their own
        uv.mkdir()
        (uv / known.name).symlink_to(known)
    return folder


@functools.cache
def _known_interpreters(base: Path) -> Path:
    """Return the part of uv's cache that is about interpreters, in a folder that tests share."""
    cache = base / "uv-interpreters"
    python = Path(sys.executable).resolve()
    find = ("python", "find", "--no-project", "--cache-dir", cache, python)
    subprocess.run([find_uv(), *find], check=True, capture_output=True)
    (known,) = cache.glob("interpreter-*")
    return known


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = only_index(tmp_path, monkeypatch)
    make_wheel(folder, "werkzeug", "3.0.0", requires=["markupsafe"])
    make_wheel(folder, "werkzeug", "3.1.0", requires=["markupsafe"])
    make_wheel(folder, "markupsafe", "3.0.0")
    return folder


@pytest.fixture
def install(tmp_path: Path, index: Path) -> Install:
    runs = iter(range(100))

    def run(
        *lines: str,
        imported: tuple[str, ...] = (),
        python: str = "3.13",
        host: bool = False,
        bytecode: bool = False,
        steps: list[str] | None = None,
        kept: KeepRules | None = None,
        sdk: bool = False,
        trusted: bool = False,
        other: tuple[str, ...] = (),
        folder: str = "plugin",
    ) -> Dependencies:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        if lines:
            (root / "requirements.txt").write_text("\n".join(lines))
        diagnostics = Diagnostics()
        permissions = Permissions(source_builds="trusted" if trusted else None)
        requirements = read_requirements(root, "p", diagnostics, permissions=permissions)
        if other:  # another plugin's, whose tools the function runs
            (tmp_path / "other").mkdir()
            (tmp_path / "other/requirements.txt").write_text("\n".join(other))
            theirs = read_requirements(tmp_path / "other", "o", diagnostics)
            requirements = joined(requirements, [theirs])
        diagnostics.raise_errors()
        interpreter = find_interpreter(THIS)
        assert interpreter is not None
        return install_dependencies(
            Wanted(requirements, tuple(sorted(imported)), sdk),
            Target(THIS if host else python, host_architecture(), interpreter.path, host)
            if host
            else Target(python, "arm64", interpreter.path),
            tmp_path / f"work{next(runs)}",
            Treatment(interpreter if bytecode else None, kept=kept or KeepRules()),
            Progress(steps.append) if steps is not None else SILENT,
        )

    return run


def names(dependencies: Dependencies) -> Mapping[str, str]:
    return {package.name: package.version for package in dependencies.packages}


def failure(install: Install, *lines: str) -> tuple[str, str | None]:
    with pytest.raises(PackagerError) as caught:
        install(*lines)
    return str(caught.value), caught.value.hint


def write_pyproject(tmp_path: Path, text: str) -> None:
    """Write the plugin's pyproject.toml; `text` goes on with its table `project`."""
    (tmp_path / "plugin").mkdir(exist_ok=True)
    (tmp_path / "plugin/pyproject.toml").write_text(
        f'[project]\nname = "plugin"\nversion = "1"\nrequires-python = ">=3.11"\n{text}'
    )


def write_lock(folder: Path) -> None:
    """Write the uv.lock of the project in `folder`."""
    made = run_uv(["lock", "--python", python_path()], cwd=folder)
    assert made.code == 0, made.problem


def python_path() -> str:
    """The path of the interpreter that runs the tests."""
    interpreter = find_interpreter(THIS)
    assert interpreter
    return str(interpreter.path)
