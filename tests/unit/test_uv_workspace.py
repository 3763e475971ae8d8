from __future__ import annotations

from pathlib import Path

import pytest

from packager.requirements import uv_workspace
from packager.requirements.uv_workspace import find_workspace
from tests.support.timing import soon


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a", "b/one", "b/two", "b/deep/three", ".hidden", "empty"):
        (tmp_path / "w" / name).mkdir(parents=True)
        if name != "empty":
            project = f'[project]\nname = "{Path(name).name.strip(".")}"\n'
            (tmp_path / "w" / name / "pyproject.toml").write_text(project)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/pyproject.toml").write_text('[project]\nname = "outside"\n')
    return tmp_path / "w"


@pytest.mark.parametrize(
    ("members", "exclude", "found"),
    [
        (["a"], [], ["a"]),
        (["./b/*"], [], ["one", "two"]),
        (["b/*"], ["b/t*"], ["one"]),
        (["b/[!t]*", "b/tw?"], [], ["one", "two"]),
        (["**"], [], ["hidden", "a", "one", "three", "two"]),
        (["b/**"], ["b/deep/**"], ["one", "two"]),
        (["**/*/three"], [], ["three"]),
        (["../outside"], [], ["outside"]),
        (["nothing", "empty", "", 1, "b/one/../../a", "b/one/pyproject.toml"], [], ["a"]),
    ],
)
def test_members(root: Path, members: list[object], exclude: list[str], found: list[str]) -> None:
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "w"\n[tool.uv.workspace]\nmembers = {members}\nexclude = {exclude}\n'
    )

    assert set(getattr(find_workspace(root), "members", ())) == {"w", *found}


def test_a_package_is_a_workspace_of_what_is_in_it(root: Path) -> None:
    (root / "pyproject.toml").write_text(
        '[project]\nname = "w"\n[tool.uv.workspace]\n'
        f'members = ["a", "../outside", "{root.parent}/outside", "a/../../outside"]\n'
    )

    assert set(getattr(find_workspace(root, alone=True), "members", ())) == {"w", "a"}
    assert set(getattr(find_workspace(root), "members", ())) == {"w", "a", "outside"}
    assert find_workspace(root / "a", alone=True) is None
    assert getattr(find_workspace(root / "a"), "root", None) == root


def test_a_pattern_of_a_whole_disk_takes_no_longer_than_a_second(root: Path) -> None:
    patterns = {"members": ["**", "/**", "/**/*"], "exclude": ["/**/x"]}
    (root / "pyproject.toml").write_text(
        "[tool.uv.workspace]\n" + "".join(f"{key} = {each}\n" for key, each in patterns.items())
    )

    soon(1, "a pattern of the whole disk", lambda: find_workspace(root))


def test_the_nearest_folders_are_found_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv_workspace, "MAX_FOLDERS", 30)
    (root / "b/deep" / "/".join("x" * 100)).mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["**"]\n')

    found = getattr(find_workspace(root), "members", ())

    assert set(found) == {"hidden", "a", "one", "three", "two"}
