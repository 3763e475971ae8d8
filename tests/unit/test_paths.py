from __future__ import annotations

from pathlib import Path

import pytest

from packager.paths import (
    exists,
    expanded,
    is_file,
    is_folder,
    is_inside,
    missing,
    real_path,
    unseen,
)
from tests.support.impossible_paths import IMPOSSIBLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "loose").symlink_to("nothing")
    return tmp_path


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_every_question_has_an_answer(folder: Path, name: str) -> None:
    written, why = IMPOSSIBLE[name]
    path = folder / expanded(written)

    assert (exists(path), is_file(path), is_folder(path)) == (False, False, False)
    assert missing("file", path, written) == f"there is no file {written}{why}"
    assert unseen(path) == why
    assert real_path(path).is_absolute()
    assert not is_inside(path, folder.parent / "another")


def test_files_folders_and_links(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a/out").symlink_to("/")
    (folder / "a/up").symlink_to("../file")
    file, inner = folder / "file", folder / "a"

    assert (exists(file), is_file(file), is_folder(file), unseen(file)) == (True, True, False, "")
    assert (exists(inner), is_file(inner), is_folder(inner)) == (True, False, True)
    assert real_path(inner / "up") == file.resolve()
    assert [is_inside(folder / each, inner) for each in ("a", "a/b", "a/out", "a/up", "file")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert missing("folder", folder / "b") == f"there is no folder {folder / 'b'}"


def test_what_leads_nowhere_is_inside_of_nothing(folder: Path) -> None:
    """A path that can't be followed may look as if it lay inside, and lead out."""
    for each in ("circle/../../../etc", "a\0b", "circle"):
        assert not is_inside(folder / each, folder / "circle"), each
    assert not is_inside(folder / "a\0b", folder)


def test_a_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert expanded("~/x") == Path("/somewhere/x")
    assert expanded("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


def test_folders_that_may_not_be_looked_into(locked: Path) -> None:
    file = locked / "file"

    assert (exists(file), is_file(file), is_folder(file)) == (False, False, False)
    assert missing("file", file, "x") == "there is no file x (permission denied)"
    assert is_inside(file, locked)
