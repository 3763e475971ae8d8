from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from packager.host.cache import cache_folder, cached_folder, cached_text, discard, keep_text
from packager.host.cache_index import INDEX
from packager.host.cache_use import let_go


def test_the_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache/packager/v3"
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
    assert {path.name for path in (tmp_path / "a").iterdir()} == {".lock-k", ".used-k"}


def test_of_many_builds_at_once_one_makes_an_entry(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        entries = [pool.submit(_made_slowly, tmp_path, "a/k") for _ in range(4)]
        found = [entry.result() for entry in entries]
    assert set(found) == {tmp_path / "a/k"}
    assert (tmp_path / "makers").read_text().count("\n") == 1
    assert (tmp_path / "a/k/f").read_text() == "whole"


def test_of_many_builds_that_find_an_entry_damaged_one_makes_it_again(tmp_path: Path) -> None:
    entry = _made_slowly(tmp_path, "a/k")
    (entry / "f").write_text("wh")
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_made_slowly, [tmp_path] * 4, ["a/k"] * 4))
    assert (tmp_path / "makers").read_text().count("\n") == 2
    assert (entry / "f").read_text() == "whole"


def _made_slowly(folder: Path, key: str) -> Path:
    def make(entry: Path) -> None:
        with (folder / "makers").open("a") as log:
            log.write(f"{os.getpid()}\n")
        (entry / "f").write_text("who")
        time.sleep(0.3)
        (entry / "f").write_text("whole")

    return cached_folder(folder, key, make)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _rot(path: Path) -> None:
    """Change a byte, and hide that from whoever looks at size and time of change."""
    before = path.stat()
    path.write_bytes(b"?" + path.read_bytes()[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda entry: _cut(entry / "f.py"), "f.py has changed"),
        (lambda entry: _rot(entry / "f.py"), "f.py has changed"),
        (lambda entry: (entry / "f.py").write_bytes(b""), "f.py has changed"),
        (lambda entry: (entry / "in/g.so").unlink(), "in/g.so is gone"),
        (lambda entry: (entry / "in/h").write_text(""), "in/h was not there"),
        (lambda entry: (entry / "f.py").chmod(0o755), "f.py has changed"),
        (lambda entry: _cut(entry / INDEX), "its index is gone or broken"),
        (lambda entry: (entry / INDEX).write_bytes(b"\xff{"), "its index is gone or broken"),
        (lambda entry: (entry / INDEX).write_text("[]"), "its index is gone or broken"),
        (lambda entry: (entry / INDEX).unlink(), "its index is gone or broken"),
    ],
)
def test_a_damaged_entry_is_made_again_with_a_note(
    tmp_path: Path, damage: Callable[[Path], object], said: str
) -> None:
    def make(folder: Path) -> None:
        (folder / "in").mkdir()
        (folder / "f.py").write_text("VALUE = 1\n")
        (folder / "in/g.so").write_bytes(b"\x7fELF" * 100)

    notes: list[str] = []
    entry = cached_folder(tmp_path, "a/k", make, notes.append)
    assert notes == []
    damage(entry)
    assert cached_folder(tmp_path, "a/k", make, notes.append) == entry
    assert notes == [f"{entry}, in the cache, was damaged ({said}): made again"]
    assert (entry / "f.py").read_text() == "VALUE = 1\n"
    assert sorted(path.name for path in entry.rglob("*")) == [INDEX, "f.py", "g.so", "in"]
    assert cached_folder(tmp_path, "a/k", make, notes.append) == entry
    assert len(notes) == 1


def test_an_entry_that_came_out_of_an_archive_is_as_good(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "f").write_text("x")

    notes: list[str] = []
    entry = cached_folder(tmp_path, "a/k", make, notes.append)
    before = (entry / INDEX).read_text()
    os.utime(entry / "f", (1, 1))
    assert cached_folder(tmp_path, "a/k", make, notes.append) == entry
    after = (entry / INDEX).read_text()
    assert after != before  # it is known again at a glance
    assert cached_folder(tmp_path, "a/k", make, notes.append) == entry
    assert (notes, (entry / INDEX).read_text()) == ([], after)


def test_a_text_that_is_not_whole_counts_as_none(tmp_path: Path) -> None:
    for content in (b"", b"text", b"\xff", b"0" * 64 + b"\ntext"):
        keep_text(tmp_path, "a", "text")
        assert cached_text(tmp_path, "a", 60) == "text"
        (tmp_path / "a").write_bytes(content)
        notes: list[str] = []
        assert cached_text(tmp_path, "a", 60, notes.append) is None
        assert notes == [f"{tmp_path / 'a'}, in the cache, was damaged: made again"]


def test_what_nobody_used_for_long_is_removed(tmp_path: Path) -> None:
    old = cached_folder(tmp_path, "a/old", lambda folder: None)
    kept = cached_folder(tmp_path, "a/kept", lambda folder: None)
    let_go()
    for entry in (old, kept, tmp_path / ".lock-bounds"):
        os.utime(entry, (1, 1))
    cached_folder(tmp_path, "a/kept", lambda folder: None)
    cached_folder(tmp_path, "a/new", lambda folder: None)
    left = {path.name for path in (tmp_path / "a").iterdir() if not path.name.startswith(".")}
    assert left == {"kept", "new"}


def test_what_killed_builds_left_is_removed_after_a_day(tmp_path: Path) -> None:
    cached_folder(tmp_path, "a/k", lambda folder: None)
    yesterday = time.time() - 25 * 3600
    (tmp_path / "a/.new-x/entry").mkdir(parents=True)
    (tmp_path / "a/.new-y").write_text("half")
    for name in (".new-x", ".new-y", ".lock-k", "k"):
        os.utime(tmp_path / "a" / name, (yesterday, yesterday))
    (tmp_path / "a/.new-z").mkdir()
    cached_folder(tmp_path, "a/new", lambda folder: None)
    left = {path.name for path in (tmp_path / "a").iterdir()}
    assert left == {".lock-k", ".lock-new", ".used-k", ".used-new", ".new-z", "k", "new"}


def _write(path: Path, text: str) -> None:
    path.write_text(text)
