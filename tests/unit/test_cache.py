from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from packager.cache import cache_folder, cached_folder, cached_text, discard, keep_text


def test_the_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache/packager/v2"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache_folder() is None


def test_texts_are_kept_for_a_while(tmp_path: Path) -> None:
    keep_text(tmp_path, "a/b", "text")
    assert cached_text(tmp_path, "a/b", 60) == "text"
    os.utime(tmp_path / "a/b", (time.time() - 61, time.time() - 61))
    assert cached_text(tmp_path, "a/b", 60) is None
    assert cached_text(tmp_path, "a/c", 60) is None
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "f").write_text(str(len(made)))

    entries = [cached_folder(tmp_path, "a/k", make) for _ in range(2)]
    assert (entries, len(made)) == ([tmp_path / "a/k"] * 2, 1)
    discard(tmp_path, "a/k")
    assert (cached_folder(tmp_path, "a/k", make) / "f").read_text() == "2"


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached_folder(tmp_path, "a/k", fail)
    assert list((tmp_path / "a").iterdir()) == []


def test_whoever_is_first_wins(tmp_path: Path) -> None:
    def slow(folder: Path) -> None:
        (folder / "f").write_text("second")
        cached_folder(tmp_path, "a/k", lambda other: _write(other / "f", "first"))

    assert (cached_folder(tmp_path, "a/k", slow) / "f").read_text() == "first"


def test_what_nobody_used_for_long_is_removed(tmp_path: Path) -> None:
    old = cached_folder(tmp_path, "a/old", lambda folder: None)
    kept = cached_folder(tmp_path, "a/kept", lambda folder: None)
    for entry in (old, kept):
        os.utime(entry, (1, 1))
    cached_folder(tmp_path, "a/kept", lambda folder: None)
    cached_folder(tmp_path, "a/new", lambda folder: None)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["kept", "new"]


def _write(path: Path, text: str) -> None:
    path.write_text(text)
