"""Every code has a folder in tests/faults that shows it: `pytest ... --refresh` writes the output.

The files of a folder lie over the sound plugin of tests/support/plugin_writer.py: what is there is
what is wrong. `without.txt` names files that are not there, `command.txt` is what is run in place
of `packager check tiny`, `output.txt` what it says, with its exit code. What takes a build or a run
is said by few commands for many codes, of which each `output.txt` has its own part.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import get_args

import pytest

from packager.cli.console import diagnostic_facts, show_diagnostics
from packager.errors import Code, Diagnostic
from tests.cli.conftest import Run
from tests.support.built_faults import (
    BY_COMMANDS,
    FOLDER,
    compare,
    record,
    said_by_commands,
    settled,
)
from tests.support.plugin_writer import write_plugin
from tests.support.written_faults import WRITTEN

NOTES = ("command.txt", "output.txt", "without.txt")
CONFIGURED = {"packager.toml": '[settings]\napi_key = { ssm = "/tiny/api_key" }\n'}
# Said of endpoints in a stack: tests/cli/endpoints/test_stack.py has these.
OF_STACKS = ("advanced-parameter", "unchecked-value")
# Depends on the day: tests/cli/test_runtime_ends.py.
OF_DAYS = ("runtime-ends",)


def codes() -> list[str]:
    return sorted(path.name for path in FOLDER.iterdir())


def test_each_code_has_a_fixture_and_no_other_folder_is_there() -> None:
    assert codes() == sorted(get_args(Code))


@pytest.fixture(scope="module")
def said_late(tmp_path_factory: pytest.TempPathFactory) -> list[Diagnostic]:
    """What commands that build say, of all that is wrong then."""
    return said_by_commands(tmp_path_factory.mktemp("late"))


def make(code: str, root: Path) -> list[str]:
    """Write the plugin that has the fault, and return the command that says so."""
    fixture = FOLDER / code
    write_plugin(root, CONFIGURED)
    shutil.copytree(fixture, root, ignore=shutil.ignore_patterns(*NOTES), dirs_exist_ok=True)
    if (fixture / "without.txt").exists():
        for name in (fixture / "without.txt").read_text().split():
            (root / name).unlink()
    if code in WRITTEN:
        WRITTEN[code](root)
    command = fixture / "command.txt"
    return shlex.split(command.read_text()) if command.exists() else ["check", root.name]


@pytest.mark.parametrize(
    "code", [each for each in codes() if each not in BY_COMMANDS + OF_STACKS + OF_DAYS]
)
def test_a_fault_is_said_exactly(
    code: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refresh: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOKEN", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))  # without Poetry
    said = record(monkeypatch)
    command = make(code, tmp_path / "tiny")
    if command[0] == "build":  # it says what it does, of which nothing was done before
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = run(*command)
    assert code in {each.code for each in said}
    output = settled(f"{done.stderr}{done.stdout}")
    compare(code, f"{output}exit code {done.code}\n", refresh=refresh)


@pytest.mark.parametrize("code", BY_COMMANDS)
def test_a_fault_is_said_late(
    code: str,
    said_late: list[Diagnostic],
    capfdbinary: pytest.CaptureFixture[bytes],
    refresh: bool,
) -> None:
    capfdbinary.readouterr()
    show_diagnostics(each for each in said_late if each.code == code)
    output = settled(capfdbinary.readouterr().err.decode())
    assert output
    compare(code, output, refresh=refresh)


def test_facts_of_a_fault_have_its_code(said_late: list[Diagnostic]) -> None:
    assert diagnostic_facts(said_late[0])["code"] == said_late[0].code
