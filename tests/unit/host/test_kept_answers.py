from __future__ import annotations

from pathlib import Path

import pytest

from packager.host.kept_answers import contents_of, kept_answer, state_of


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/packager/v3"


def test_a_question_is_asked_once(cache: Path) -> None:
    asked: list[str] = []

    def ask() -> list[str]:
        asked.append("")
        return [*asked]

    for _ in range(2):
        assert kept_answer("kind", lambda: [1, "a"], ask) == [""]
    (entry,) = (cache / "kind").iterdir()
    entry.write_bytes(entry.read_bytes()[:-1])  # damaged
    assert kept_answer("kind", lambda: [1, "a"], ask) == ["", ""]
    assert kept_answer("kind", lambda: [2, "a"], ask) == ["", "", ""]


def test_what_changes_meanwhile_is_not_kept(tmp_path: Path, cache: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("before")

    def ask() -> str:
        source.write_text("after")
        return "of whichever"

    made_of = lambda: contents_of(tmp_path, ["a.py", "none.py"])  # noqa: E731
    assert kept_answer("kind", made_of, ask) == "of whichever"
    assert not (cache / "kind").exists()


def test_another_file_of_the_same_size_and_time_is_another(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("1")
    before = state_of(path)
    other.write_text("2")
    other.replace(path)
    assert state_of(path) != before
    assert state_of(tmp_path / "none") == [str(tmp_path / "none")]
