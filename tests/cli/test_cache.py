"""`packager cache`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from packager.host.cache import cached_folder, keep_bytes
from packager.host.cache_use import let_go
from tests.cli.conftest import Run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "packager/v3"


@pytest.fixture
def kept(folder: Path) -> Path:
    entry = cached_folder(folder, "installed/old", lambda made: None)
    (size,) = (path.stat().st_size for path in entry.iterdir())
    (entry / "f").write_bytes(bytes(400_000 - size))
    keep_bytes(folder, "checked/new", bytes(2_000))
    let_go()
    os.utime(entry, (0, 0))
    return folder


def test_show(run: Run, kept: Path) -> None:
    done = run("cache", "show")
    assert done.code == 0
    heading, new, old = done.stdout.splitlines()
    assert heading.split() == ["KIND", "ENTRIES", "SIZE", "LAST", "USED", "OLDEST", "WHAT"]
    assert new.split()[:4] == ["checked", "1", "2", "KB"]
    assert old.startswith("installed  1        400 KB  ") and old.endswith("as functions have them")
    assert done.stderr == f"{kept} has 402 KB; it is kept below 1000.0 MB\n"

    facts = json.loads(run("cache", "show", "--format", "json").stdout)
    assert [facts[key] for key in ("folder", "bytes", "entries")] == [str(kept), 402_000, 2]
    assert [each["kind"] for each in facts["kinds"]] == ["checked", "installed"]
    assert facts["kinds"][1] | {"what": ""} == {
        "kind": "installed",
        "what": "",
        "entries": 1,
        "bytes": 400_000,
        "last_used": 0.0,
        "oldest": 0.0,
    }


def test_clean(run: Run, kept: Path) -> None:
    assert run("cache", "clean", "--max-size", "1GB", "--older-than", "99999w").stdout == (
        "removed 0 entries, 0 B\n"
    )
    assert run("cache", "clean", "--older-than", "1.5 d").stdout == "removed 1 entry, 400 KB\n"
    done = run("cache", "clean", "--all", "--format", "json")
    assert json.loads(done.stdout) == {
        "removed": {"entries": 1, "bytes": 2000},
        "in_use": {"entries": 0, "bytes": 0},
    }
    assert (run("cache", "show").stdout, run("cache", "clean").code) == ("nothing is kept\n", 0)


def test_what_is_used_is_said_to_stay(run: Run, folder: Path) -> None:
    cached_folder(folder, "installed/used", lambda made: None)
    done = run("cache", "clean", "--all")
    let_go()
    assert done.stdout == "removed 0 entries, 0 B\n"
    assert done.stderr.startswith("1 entry, ") and done.stderr.endswith("builds use them\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--older-than", "7"], "'7' is no time such as 7d (s, m, h, d, w)"),
        (["--max-size", "-1GB"], "'-1GB' is no size such as 500MB (b, kb, mb, gb)"),
        (["--all", "--max-size", "1GB"], "--all removes everything"),
    ],
)
def test_wrong_usage(run: Run, folder: Path, options: list[str], said: str) -> None:
    done = run("cache", "clean", *options)
    assert (done.code, said in done.stderr) == (2, True)
