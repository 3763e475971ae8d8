from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.errors import PackagerError
from packager.host.interpreter import (
    find_interpreter,
    host_architecture,
    need_interpreter,
    newest_supported,
    probe,
)
from packager.host.user_folders import home_folder

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


def script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No interpreter where a user may keep one, but for this process's own."""
    for name in list(os.environ):
        if name.startswith(("PYENV", "UV_", "XDG_", "CONDA", "ASDF", "MISE", "VIRTUAL_ENV")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    find_interpreter.cache_clear()
    yield tmp_path
    find_interpreter.cache_clear()


def test_the_running_interpreter_is_found_behind_its_virtual_environment() -> None:
    found = find_interpreter(THIS)
    assert found is not None
    assert (found.version, found.architecture, found.python) == (
        sys.version_info[:3],
        host_architecture(),
        THIS,
    )
    assert found.path.samefile(sys._base_executable)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("exit 127", id="a pyenv shim for a version that is not there"),
        pytest.param("echo hello", id="something else"),
        pytest.param("echo '()'", id="nothing"),
        pytest.param("echo \"('pypy',(3,13,0),'final',False,True,'x86_64','','00')\"", id="pypy"),
        pytest.param("echo \"('cpython',(3,14,0),'beta',False,True,'arm64','','00')\"", id="beta"),
        pytest.param(
            "echo \"('cpython',(3,13,0),'final',True,True,'arm64','','00')\"", id="no gil"
        ),
        pytest.param("echo \"('cpython',(3,13,0),'final',False,False,'i686','','00')\"", id="32"),
    ],
)
def test_what_is_no_released_cpython_is_passed_over(tmp_path: Path, answer: str) -> None:
    assert probe(script(tmp_path / "python3.13", answer)) is None


@pytest.mark.parametrize(
    "place",
    [
        "path/python3.99",
        "path/python3",
        ".pyenv/versions/3.99.10/bin/python",
        ".local/share/uv/python/cpython-3.99.10-linux-x86_64-gnu/bin/python3.99",
        ".asdf/installs/python/3.99.10/bin/python3",
        ".local/share/mise/installs/python/3.99.10/bin/python3",
        "miniconda3/envs/some/bin/python3.99",
    ],
)
def test_the_places_where_users_keep_theirs(bare_machine: Path, place: str) -> None:
    answer = "echo \"('cpython',(3,99,10),'final',False,True,'aarch64','','00')\""
    path = script(bare_machine / place, answer)
    found = find_interpreter("3.99")
    assert found is not None
    assert (found.path, found.version, found.architecture) == (path, (3, 99, 10), "arm64")


def test_the_newest_patch_release_is_taken(bare_machine: Path) -> None:
    for patch in (9, 10):
        script(
            bare_machine / f".pyenv/versions/3.99.{patch}/bin/python3.99",
            f"echo \"('cpython',(3,99,{patch}),'final',False,True,'x86_64','','00')\"",
        )
    found = find_interpreter("3.99")
    assert found is not None
    assert found.version == (3, 99, 10)


def test_a_shim_is_asked_only_where_nothing_else_is_found(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = bare_machine / "said"
    answer = "('cpython',(3,99,1),'final',False,True,'x86_64','','00')"
    shim = script(bare_machine / "path/python3.99", f"echo x >> {said}", f'echo "{answer}"')
    found = find_interpreter("3.99")
    assert found is not None and found.path == shim

    # A compiled program in a later place goes before it.
    real = bare_machine / f".local/bin/python{THIS}"
    real.parent.mkdir(parents=True)
    real.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", "")
    script(bare_machine / f"path/python{THIS}", f"echo x >> {said}")
    said.unlink()
    found = find_interpreter(THIS)
    assert found is not None and found.version == tuple(sys.version_info[:3])
    assert not said.exists()


def test_the_root_that_pyenv_itself_names(bare_machine: Path) -> None:
    script(bare_machine / "path/pyenv", f"echo {bare_machine}/elsewhere")
    answer = "echo \"('cpython',(3,99,1),'final',False,True,'x86_64','','00')\""
    path = script(bare_machine / "elsewhere/versions/3.99.1/bin/python3.99", answer)
    found = find_interpreter("3.99")
    assert found is not None
    assert found.path == path


def test_pyenv_is_asked_once_and_its_shims_never(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = bare_machine / "said"
    root = bare_machine / "root"
    script(bare_machine / "path/pyenv", f"echo asked >> {said}", f"echo {root}")
    script(root / "shims/python3.99", f"echo shim >> {said}")
    monkeypatch.setenv("PATH", f"{bare_machine / 'path'}:{root / 'shims'}")

    for _ in range(2):
        assert find_interpreter("3.99") is None
        find_interpreter.cache_clear()

    assert said.read_text() == "asked\n"


def test_a_missing_one_is_an_error_that_says_how_to_get_it(bare_machine: Path) -> None:
    with pytest.raises(PackagerError) as caught:
        need_interpreter("3.99", why="to compile bytecode", instead="do without")
    assert (str(caught.value), caught.value.hint) == (
        "Python 3.99 is needed to compile bytecode, and none was found on this machine",
        "install it (`uv python install 3.99`, or `pyenv install 3.99`), choose another runtime, "
        "or do without",
    )
    with pytest.raises(PackagerError) as caught:
        need_interpreter("3.99", why="to run here")
    assert caught.value.hint == (
        "install it (`uv python install 3.99`, or `pyenv install 3.99`), or choose another runtime"
    )


def test_a_user_without_a_home(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", fail)
    monkeypatch.setenv("PYENV_ROOT", "~/pyenv")
    assert (home_folder(), find_interpreter("3.99")) == (None, None)


def test_the_newest_supported_is_at_least_this_one() -> None:
    newest = newest_supported()
    assert newest is not None
    assert newest.version >= sys.version_info[:2]


def test_a_machine_that_lambda_has_no_match_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(PackagerError) as caught:
        host_architecture()
    assert str(caught.value) == (
        "bundles for this machine (riscv64) can't be built: Lambda knows arm64 and x86_64"
    )
