from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packager.host.cache import cached_folder, keep_bytes
from packager.host.cache_contents import Cleaned, bytes_of, clean, entries_in
from packager.host.cache_use import let_go

HOLD = """\
import sys
from pathlib import Path
from packager.host.cache_use import hold
hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache of entries of 1000 bytes and their index, the first used three days ago."""
    folder = tmp_path / "packager/v3"
    for days, key in enumerate(("installed/a", "installed/b", "base/c")):
        entry = cached_folder(folder, key, _fill)
        aged(entry, 3 - days)
    keep_bytes(folder, "checked/d", bytes(1000))
    (folder / "serve/.packager-abcdefgh").mkdir(parents=True)
    (folder / "serve/.packager-abcdefgh/f").write_bytes(b"running")
    let_go()
    return folder


def aged(path: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def names(cleaned: Cleaned) -> list[str]:
    return [entry.path.name for entry in cleaned.removed]


def left(cache: Path) -> set[str]:
    return {entry.path.name for entry in entries_in(cache) if entry.kind != "serve"}


def test_what_there_is(cache: Path) -> None:
    (cache.parent / "v1/installed").mkdir(parents=True)
    (cache.parent / "v1/installed/f").write_bytes(bytes(10))
    (cache.parent / "somebody's").mkdir()
    (cache / "uv-namespaces").mkdir()
    (cache / "uv-namespaces/f").write_bytes(bytes(20))
    found = {(entry.kind, entry.path.name): entry.bytes for entry in entries_in(cache)}
    index = found["installed", "a"] - 1000
    assert found == {
        ("earlier", "v1"): 10,
        ("base", "c"): 1000 + index,
        ("checked", "d"): 1000,
        ("installed", "a"): 1000 + index,
        ("installed", "b"): 1000 + index,
        ("serve", ".packager-abcdefgh"): 7,
        ("uv-namespaces", "uv-namespaces"): 20,
    }


def test_old_entries_go(cache: Path) -> None:
    assert names(clean(cache, older_than=1.5 * 24 * 3600)) == ["a", "b"]
    assert left(cache) == {"c", "d"}
    assert clean(cache) == Cleaned((), ())
    assert [path.name for path in (cache / "installed").iterdir() if path.is_dir()] == []


def test_of_too_much_the_oldest_go(cache: Path) -> None:
    total = bytes_of(entry for entry in entries_in(cache) if entry.kind != "serve")
    assert names(clean(cache, most_bytes=total)) == []
    assert names(clean(cache, most_bytes=total - 1)) == ["a"]
    assert names(clean(cache, most_bytes=1500)) == ["b", "c"]


def test_what_is_used_stays(cache: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(cache / "installed/a")]
    with subprocess.Popen(command, stdin=-1, stdout=-1) as user:
        assert user.stdout is not None and user.stdout.readline() == b"held\n"
        cleaned = clean(cache, older_than=0)
        assert (names(cleaned), left(cache)) == (["b", "c", "d"], {"a"})
        assert [entry.path.name for entry in cleaned.in_use] == ["a"]
        user.kill()  # what it held goes with it
    assert names(clean(cache, older_than=0)) == ["a"]


def test_it_stays_within_bounds_by_itself(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(cache / "installed/a", 31)
    cached_folder(cache, "base/new", lambda made: None)
    assert left(cache) == {"a", "b", "c", "d", "new"}  # it was looked at just now
    aged(cache / ".lock-bounds", 1)
    cached_folder(cache, "base/newer", lambda made: None)
    assert left(cache) == {"b", "c", "d", "new", "newer"}

    aged(cache / ".lock-bounds", 1)
    monkeypatch.setattr("packager.host.cache.MOST_BYTES", 1)
    made = cached_folder(cache, "base/newest", _fill)
    assert left(cache) == {"new", "newer", "newest"}  # this process uses them
    assert (made / "f").is_file()


def _fill(entry: Path) -> None:
    (entry / "f").write_bytes(bytes(1000))
