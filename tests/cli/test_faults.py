"""Every code has a folder in tests/faults that shows it: `pytest ... --refresh` writes the output.

The files of a folder lie over the sound plugin of tests/support/plugin_writer.py: what is there is
what is wrong. `without.txt` names files that are not there, `command.txt` is what is run in place
of `packager check tiny`, `output.txt` what it says, with its exit code.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from packager.cli.console import diagnostic_facts, show_diagnostics
from packager.errors import Code, Diagnostic
from tests.cli.conftest import Run
from tests.support.other_faults import FAULTS, WRITTEN, found
from tests.support.plugin_writer import write_plugin

FOLDER = Path(__file__).resolve().parents[1] / "faults"
NOTES = ("command.txt", "output.txt", "without.txt")
CONFIGURED = {"packager.toml": '[settings]\napi_key = { ssm = "/tiny/api_key" }\n'}
# What stands in the place of a fixture, as it takes a whole build to say.
ELSEWHERE = {"dependency-note": "tests/integration/test_builds.py"}


def codes() -> list[str]:
    return sorted(path.name for path in FOLDER.iterdir())


def test_each_code_has_a_fixture_and_no_other_folder_is_there() -> None:
    assert codes() == sorted({*get_args(Code)} - ELSEWHERE.keys())


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
    return command.read_text().split() if command.exists() else ["check", root.name]


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """What is shown from now on."""
    said: list[Diagnostic] = []

    def show(diagnostics: Iterable[Diagnostic], *, excerpts: bool = False) -> None:
        said.extend(diagnostics)
        show_diagnostics(said, excerpts=excerpts)

    monkeypatch.setattr("packager.cli.author.check.show_diagnostics", show)
    monkeypatch.setattr("packager.cli.console.show_diagnostics", show)
    return said


@pytest.mark.parametrize("code", codes())
def test_a_fault_is_said_exactly(
    code: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    refresh: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOKEN", raising=False)
    if code in FAULTS:
        said = found(code, tmp_path)
        show_diagnostics(said)
        output = capfdbinary.readouterr().err.decode()
        assert {each.code for each in said} == {code}
    else:
        said = recorded(monkeypatch)
        command = make(code, tmp_path / "tiny")
        done = run(*command)
        output = f"{done.stderr}{done.stdout}exit code {done.code}\n"
        assert code in {each.code for each in said}
    expected = FOLDER / code / "output.txt"
    if refresh:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(output, "utf-8")
    assert output == expected.read_text("utf-8")


def test_facts_of_a_fault_have_its_code() -> None:
    assert diagnostic_facts(found("large-zip", FOLDER)[0])["code"] == "large-zip"
