"""Poetry and Pipenv export their locks themselves, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from packager.errors import Diagnostic, Diagnostics
from packager.host.uv import find_uv
from packager.requirements.foreign import export
from packager.requirements.read import read_requirements
from packager.requirements.requirements import Requirements
from tests.support.shared import shared_folder

LOCKS = Path(__file__).parent / "locks"
FILES = {"poetry": ("pyproject.toml", "poetry.lock"), "pipenv": ("Pipfile", "Pipfile.lock")}
WARNING = "what is in a requirements.txt is not converted: poetry export -o requirements.txt"


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of real `poetry`, with its plugin for exports, and of `pipenv`."""

    def make(folder: Path) -> None:
        packages = ("poetry", "poetry-plugin-export", "pipenv")
        for command in (
            ("venv", "--python", sys.executable, folder / "venv"),
            ("pip", "install", "--python", folder / "venv/bin/python", *packages),
        ):
            subprocess.run([find_uv(), *command, "--quiet"], check=True)

    return shared_folder(tmp_path_factory, "exporters", make) / "venv" / "bin"


def project(folder: Path, tool: str) -> Path:
    folder.mkdir()
    for name in FILES[tool]:
        shutil.copy(LOCKS / name, folder)
    return folder


def read(root: Path) -> tuple[Requirements, list[Diagnostic]]:
    diagnostics = Diagnostics()
    return read_requirements(root, "p", diagnostics), diagnostics.all


def install(folder: Path, script: str, tool: str = "poetry") -> Path:
    """Put a `tool` into `folder`, which does what a shell's `script` says."""
    folder.mkdir(exist_ok=True)
    path = folder / tool
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return folder


@pytest.mark.parametrize("tool", FILES)
def test_what_the_real_tool_exports_is_read_without_a_warning(
    tool: str, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "p", tool)
    (root / ".env").write_text("PIP_INDEX_URL=https://evil.example.com\n")
    before = sorted(root.iterdir())
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    requirements, said = read(root)
    assert said == []
    python = 'python_version >= "3.12" and python_version < "4.0"'
    marker = {"poetry": python, "pipenv": 'python_version >= "3.8"'}[tool]
    [requests] = requirements.declared
    assert requests.text == f"requests[socks]==2.32.3; {marker}"
    assert requests.hashes == (("sha256", "ee"),)
    assert str(requests.place).startswith(f"p/{FILES[tool][0]}:")
    assert [(each.name, each.hashes) for each in requirements.constraints] == [
        ("certifi", (("sha256", "c0"),)),
        ("pysocks", (("sha256", "50"),)),
    ]
    assert (requirements.options, str(requirements.constraints[0].place)) == (
        (),
        f"p/{FILES[tool][1]}",
    )
    assert sorted(root.iterdir()) == before


def test_a_stale_lock_is_converted_with_the_tool_s_words(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "p", "poetry")
    file = root / "pyproject.toml"
    file.write_text(file.read_text().replace("^2.31", "^2.30"))
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    requirements, [said] = read(root)
    assert [each.text for each in requirements.declared] == ["requests[socks]>=2.30,<3"]
    assert (said.code, said.hint) == (
        "converted-requirements",
        "poetry export failed: pyproject.toml changed significantly since poetry.lock was last "
        f"generated. Run `poetry lock` to fix the lock file.; {WARNING}",
    )


def test_the_tool_sees_the_lock_and_what_it_locks_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "p", "poetry")
    (root / "poetry.toml").write_text("[virtualenvs]\ncreate = true\n")
    (root / "evil").mkdir()
    script = f"ls -A > {tmp_path}/seen; cat pyproject.toml >> {tmp_path}/seen; echo six==1.17.0"
    bin_folder = install(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    requirements, said = read(root)
    assert ([each.text for each in requirements.constraints], said) == (["six==1.17.0"], [])
    assert (tmp_path / "seen").read_text().splitlines() == [
        "poetry.lock",
        "pyproject.toml",
        'tool = { poetry = { name = "plugin", version = "0", description = "", authors = [], '
        'package-mode = false, dependencies = { python = "^3.12", requests = { version = "^2.31", '
        'extras = ["socks"] }, attrs = { version = "*", optional = true } }, '
        'group = { dev = { dependencies = { six = "*" } } } } }',
    ]
    (bin_folder / "poetry").write_text("#!/bin/sh\nexit 1\n")
    os.utime(bin_folder / "poetry", (0, 0))
    assert read(root)[1][0].code == "converted-requirements"  # another tool is asked again


def test_an_export_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "p", "poetry")
    script = f"echo run >> {tmp_path}/runs; echo requests==2.32.3"
    monkeypatch.setenv("PATH", f"{install(tmp_path / 'bin', script)}:{os.environ['PATH']}")
    assert read(root) == read(root)
    assert (tmp_path / "runs").read_text() == "run\n"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo 'no such command' >&2; exit 3", "poetry export failed: no such command"),
        ("exit 3", "poetry export failed: exit code 3"),
        ("sleep 60", "poetry export took more than 0.2 s"),
        (
            "echo '--index-url https://a:b@x'; exit 1",
            "poetry export failed: --index-url https://***@x",
        ),
    ],
)
def test_a_tool_that_fails_is_said_and_its_tables_converted(
    script: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "SECONDS", 0.2)
    monkeypatch.setenv("PATH", f"{install(tmp_path / 'bin', script)}:{os.environ['PATH']}")
    requirements, [said] = read(project(tmp_path / "p", "poetry"))
    assert [each.text for each in requirements.declared] == ["requests[socks]>=2.31,<3"]
    assert said.hint == f"{problem}; {WARNING}"


def test_without_a_lock_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_folder = install(tmp_path / "bin", f"touch {tmp_path}/ran")
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    root = project(tmp_path / "p", "poetry")
    (root / "poetry.lock").unlink()
    [said] = read(root)[1]
    assert said.hint == f"there is no poetry.lock to export: `poetry lock` makes it; {WARNING}"
    assert not (tmp_path / "ran").exists()


def test_a_lock_that_is_too_large_is_no_tool_s_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = install(tmp_path / "bin", f"touch {tmp_path}/ran")
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    root = project(tmp_path / "p", "poetry")
    (root / "poetry.lock").write_bytes(b"#" * 5_000_000)
    assert [each.code for each in read(root)[1]] == ["too-large", "converted-requirements"]
    assert not (tmp_path / "ran").exists()


def test_a_plugin_s_own_tool_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "p", "poetry")
    install(root / "bin", f"touch {tmp_path}/ran")
    monkeypatch.chdir(root)
    for path in (str(root / "bin"), "bin"):
        monkeypatch.setenv("PATH", path)
        assert read(root)[1][0].hint == WARNING
    assert not (tmp_path / "ran").exists()


def test_what_an_old_lock_of_pipenv_s_lacks_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = install(tmp_path / "bin", "echo requests==2.32.3", "pipenv")
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    root = project(tmp_path / "p", "pipenv")
    (root / "Pipfile").write_text('[packages]\nrequests = "*"\nSix = "*"\n')
    requirements, [said] = read(root)
    assert [each.text for each in requirements.declared] == ["requests", "Six"]
    assert (said.hint or "").startswith("Pipfile.lock lacks Six: `pipenv lock` adds it; ")
