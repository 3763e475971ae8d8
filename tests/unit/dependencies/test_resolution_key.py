"""What a resolution follows from, and so how long it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.dependencies.resolution_key import resolution_key
from packager.dependencies.source_builds import builds_for
from packager.dependencies.target import Target
from packager.errors import Diagnostics
from packager.host.interpreter import find_interpreter
from packager.requirements.read import read_requirements
from tests.support.packages.installs import THIS


def key_of(plugin: Path, work: Path) -> str:
    """Return the key for a plugin in a folder, which is made if it is not there."""
    plugin.mkdir(parents=True, exist_ok=True)
    (plugin / "requirements.txt").write_text("werkzeug\n")
    interpreter = find_interpreter(THIS)
    assert interpreter is not None
    requirements = read_requirements(plugin, "p", Diagnostics())
    work.mkdir(exist_ok=True)
    target = Target(THIS, "arm64", interpreter.path)
    builds = builds_for(requirements, target, work, lambda message: None)
    return resolution_key(requirements, (), builds, frozenset(), sdk=False)


def test_a_plugin_in_another_folder_has_the_same(tmp_path: Path) -> None:
    assert key_of(tmp_path / "one", tmp_path / "a") == key_of(tmp_path / "other", tmp_path / "b")


@pytest.mark.parametrize("name", ["uv.toml", "pyproject.toml"])
@pytest.mark.parametrize("text", ["", "# as it was\n"])
def test_files_that_uv_is_configured_by_count(tmp_path: Path, name: str, text: str) -> None:
    """One without a word, too: uv looks no further up."""
    before = key_of(tmp_path / "one", tmp_path / "a")

    (tmp_path / "one" / name).write_text(text)

    assert key_of(tmp_path / "one", tmp_path / "b") != before


def test_what_a_variable_names_is_in_the_folder_that_uv_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CONSTRAINT", "only.txt")
    found = []
    for name, text in (("one", "tool==1"), ("same", "tool==1"), ("other", "tool==2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "only.txt").write_text(text)
        found.append(key_of(tmp_path / name / "plugin", tmp_path / f"work of {name}"))

    assert found[0] == found[1] != found[2]
