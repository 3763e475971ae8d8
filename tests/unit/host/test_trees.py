"""Files are copied into bundles, or linked from the bundle before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.host.trees import copy_files

NAMES = ("a.py", "deep/er/b.so", "deep/c.txt")


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Path]:
    files = {name: tmp_path / "given" / name for name in NAMES}
    for name, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} as it is")
        path.chmod(0o700 if name.endswith(".so") else 0o600)
    return files


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Return what the files in a folder hold, and their modes."""
    return {
        path.relative_to(folder).as_posix(): (path.read_text(), path.stat().st_mode & 0o7777)
        for path in folder.rglob("*")
        if path.is_file()
    }


EXPECTED = {
    "a.py": ("a.py as it is", 0o644),
    "deep/er/b.so": ("deep/er/b.so as it is", 0o755),
    "deep/c.txt": ("deep/c.txt as it is", 0o644),
}


def test_modes_are_fixed(given: dict[str, Path], tmp_path: Path) -> None:
    copy_files(given, tmp_path / "made")
    assert contents(tmp_path / "made") == EXPECTED
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "made").rglob("*/")} == {0o755}


def test_what_the_bundle_before_has_alike_is_linked(given: dict[str, Path], tmp_path: Path) -> None:
    before, made = tmp_path / "before", tmp_path / "made"
    copy_files(given, before)
    copy_files(given, made, before)
    assert contents(made) == EXPECTED
    assert all((before / name).samefile(made / name) for name in NAMES)
    assert not any((given[name]).samefile(made / name) for name in NAMES)


@pytest.mark.parametrize("change", ["text", "longer", "mode", "gone", "a link", "a folder"])
def test_what_was_changed_there_is_copied(
    given: dict[str, Path], tmp_path: Path, change: str
) -> None:
    before, made = tmp_path / "before", tmp_path / "made"
    copy_files(given, before)
    changed = before / "a.py"
    if change in ("text", "longer"):
        changed.write_text("a.py as it was" if change == "longer" else "a.py as it IS")
    elif change == "mode":
        changed.chmod(0o666)
    else:
        changed.unlink()
        if change == "a link":
            changed.symlink_to(given["a.py"])
        elif change == "a folder":
            changed.mkdir()
    copy_files(given, made, before)
    assert contents(made) == EXPECTED
    assert not (made / "a.py").is_symlink()
    assert [name for name in NAMES if (made / name).stat().st_nlink == 1] == ["a.py"]


@pytest.mark.parametrize("linked", ["deep", "deep/er", "."])
def test_nothing_is_linked_to_what_a_folder_there_is_a_link_to(
    given: dict[str, Path], tmp_path: Path, linked: str
) -> None:
    before, made = tmp_path / "before", tmp_path / "made"
    copy_files(given, before)
    (before / linked).rename(tmp_path / "elsewhere")
    (before / linked).symlink_to(tmp_path / "elsewhere")
    copy_files(given, made, before)
    assert contents(made) == EXPECTED
    alone = [name for name in NAMES if (made / name).stat().st_nlink == 1]
    assert alone == [name for name in NAMES if linked == "." or name.startswith(f"{linked}/")]


def test_what_has_another_name_is_copied(given: dict[str, Path], tmp_path: Path) -> None:
    before, made, kept = tmp_path / "before", tmp_path / "made", tmp_path / "kept"
    copy_files(given, before)
    os.link(before / "a.py", kept)
    copy_files(given, made, before)
    kept.write_text("changed")
    assert contents(made) == EXPECTED


def test_without_links_all_is_copied(
    given: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, made = tmp_path / "before", tmp_path / "made"
    copy_files(given, before)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    copy_files(given, made, before)
    assert contents(made) == EXPECTED
    assert {(made / name).stat().st_nlink for name in NAMES} == {1}
