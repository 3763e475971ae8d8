from __future__ import annotations

from pathlib import Path

import pytest

from packager.requirements.uv_workspace import find_workspace


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
