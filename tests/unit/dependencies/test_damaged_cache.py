"""Builds over a cache that was damaged, is full, or can't be written; and over a failing uv."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.errors import PackagerError
from packager.host.interpreter import find_interpreter
from packager.host.uv import find_uv
from packager.local.stock_client import client_folder
from tests.support.packages.installs import NEWEST, THIS, Install, index, install, names
from tests.support.packages.wheels import make_wheel

__all__ = ["index", "install"]  # fixtures


def _uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have uv run by a shell script, in which $UV is the real one."""
    path = tmp_path / "bin/uv"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\nUV={find_uv()}\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr("packager.host.uv.find_uv", lambda: str(path))


@pytest.mark.parametrize(
    "damaged", ["tool/__init__.py", "tool/native.so", "__pycache__/werkzeug.*.pyc"]
)
@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[::-1]]
)
def test_a_damaged_file_never_ships(
    install: Install, index: Path, damaged: str, damage: Callable[[bytes], bytes]
) -> None:
    make_wheel(
        index, "tool", "1.0", files={"tool/__init__.py": "VALUE = 1\n", "tool/native.so": "ELF!"}
    )
    first = install("tool", "werkzeug", python=THIS, bytecode=True)
    [path] = first.folder.glob(damaged)
    before = path.read_bytes()
    path.write_bytes(damage(before))
    got = install("tool", "werkzeug", python=THIS, bytecode=True)
    [note] = got.notes
    assert re.search(rf"was damaged \(files/{re.escape(path.name)}|/{re.escape(path.name)} ", note)
    assert (got.folder, path.read_bytes()) == (first.folder, before)
    assert install("tool", "werkzeug", python=THIS, bytecode=True).notes == ()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"packages": 3}'])
def test_broken_descriptions_are_made_again(install: Install, content: bytes) -> None:
    first = install("werkzeug")
    (first.folder.parent / "contents.json").write_bytes(content)
    got = install("werkzeug")
    assert (names(got), len(got.notes)) == (NEWEST, 1)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"lock": 3}'])
def test_broken_resolutions_are_made_again(
    install: Install, content: bytes, tmp_path: Path
) -> None:
    install("werkzeug")
    [path] = (tmp_path / "cache/packager").rglob("resolved/*")
    path.write_bytes(content)
    got = install("werkzeug")
    assert (names(got), got.notes) == (NEWEST, (f"{path}, in the cache, was damaged: made again",))
    assert install("werkzeug").notes == ()


def test_a_cache_that_can_not_be_written_is_done_without(install: Install, tmp_path: Path) -> None:
    install("werkzeug")
    [folder] = (tmp_path / "cache/packager").glob("*/installed")
    folder.rename(folder.with_name("gone"))
    folder.write_text("a file, where the cache has a folder")
    got = install("werkzeug<3.1")
    assert names(got) == {**NEWEST, "werkzeug": "3.0.0"}
    assert got.notes == (f"the cache {folder.parent} can't be used: File exists",)
    assert (got.folder / "werkzeug.py").is_file()


def test_a_cache_without_room_is_done_without(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = "error: failed to copy file: No space left on device (os error 28)"
    _uv(
        tmp_path,
        monkeypatch,
        f'case "$*" in *cache/packager/*) echo "{full}" >&2; exit 2;; esac; exec $UV "$@"',
    )
    got = install("werkzeug")
    [note] = got.notes
    assert names(got) == NEWEST
    assert note.endswith("can't be used: there is no room left on the disk")


def test_a_failing_uv_does_not_change_versions(
    install: Install, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(index, "dify_plugin", "0.1.0", requires=["werkzeug<3.1"])
    script = f'test -e {tmp_path}/short && ulimit -n 12\nexec $UV "$@"'
    _uv(tmp_path, monkeypatch, script)
    (tmp_path / "short").write_text("")
    with pytest.raises(PackagerError) as caught:
        install("dify_plugin==0.1.0")
    assert str(caught.value).startswith("too many files are open; uv says:")
    (tmp_path / "short").unlink()
    got = install("dify_plugin==0.1.0")
    assert (names(got), got.notes) == ({**NEWEST, "werkzeug": "3.0.0"}, ())


@pytest.mark.parametrize(
    "said",
    [
        "error: Failed to write: No space left on device (os error 28)",
        "memory allocation of 16 bytes failed",
        "error: Failed to fetch: `https://host/simple/dify-plugin/`",
    ],
)
def test_whatever_fails_uv_while_it_asks_for_the_sdk_is_not_remembered(
    install: Install, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    make_wheel(index, "dify_plugin", "0.1.0", requires=["werkzeug<3.1"])
    _uv(
        tmp_path,
        monkeypatch,
        f'case "$*" in *dify.in*) test -e {tmp_path}/ok || {{ echo "{said}" >&2; exit 2; }};;\n'
        'esac; exec $UV "$@"',
    )
    with pytest.raises(PackagerError):
        install("dify_plugin==0.1.0")
    (tmp_path / "ok").write_text("")
    assert names(install("dify_plugin==0.1.0"))["werkzeug"] == "3.0.0"
    assert os.listdir(tmp_path / "uv")  # noqa: PTH208 - the test ran with uv's own cache


def test_lambdas_client_without_a_place_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = find_interpreter(THIS)
    assert interpreter is not None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "packager/v3").mkdir(parents=True)
    (tmp_path / "packager/v3/client").write_text("a file, where the cache has a folder")
    with pytest.raises(PackagerError, match="Lambda's runtime client can't be kept in"):
        client_folder(interpreter)
