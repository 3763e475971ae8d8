"""The runtime is compiled once for all bundles, and its bytecode is what compiling gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from packager.bundle import runtime_bytecode
from packager.bundle.runtime_bytecode import write_runtime_bytecode
from packager.host.interpreter import newest_supported

SOURCES = {
    "endpoint_runtime/a.py": '"""Gone."""\nx = 1\n',
    "dify_plugin/core/b.py": '"""Stays."""\n',
    "start.py": "y = 2\n",
}


@pytest.fixture
def write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, list[str]], dict[str, bytes]]:
    """Write the bytecode into a folder; return all of it by path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    interpreter = newest_supported()
    assert interpreter is not None
    sources = []
    for name, text in SOURCES.items():
        path = tmp_path / "template" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        sources.append((path, name))

    def run(folder: str, notes: list[str]) -> dict[str, bytes]:
        for path, name in sources:
            copy = tmp_path / folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        write_runtime_bytecode(interpreter, tmp_path / folder, sources, notes.append)
        found = (tmp_path / folder).rglob("*.pyc")
        return {path.relative_to(tmp_path / folder).as_posix(): path.read_bytes() for path in found}

    return run


def test_it_is_compiled_once(
    write: Callable[[str, list[str]], dict[str, bytes]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    first = write("first", [])
    assert len(first) == 3
    assert [b"Gone" in code for code in first.values()] == [False] * 3
    assert [b"Stays" in code for code in first.values()].count(True) == 1

    with monkeypatch.context() as patched:
        patched.setattr(runtime_bytecode, "compile_jobs", None)
        assert write("second", []) == first
        patched.undo()
        patched.setattr(runtime_bytecode, "cache_folder", lambda: None)
        assert write("third", []) == first  # as without a cache


def test_a_damaged_entry_is_made_again(
    write: Callable[[str, list[str]], dict[str, bytes]], tmp_path: Path
) -> None:
    first = write("first", [])
    (damaged, *_) = sorted((tmp_path / "cache").rglob("a.*.pyc"))
    damaged.write_bytes(damaged.read_bytes()[:-4])
    notes: list[str] = []

    assert write("second", notes) == first
    assert len(notes) == 1 and "was damaged" in notes[0]


def test_other_sources_are_other_entries(
    write: Callable[[str, list[str]], dict[str, bytes]], tmp_path: Path
) -> None:
    first = write("first", [])
    (tmp_path / "template/endpoint_runtime/a.py").write_text("x = 2\n")
    assert write("second", []) != first
