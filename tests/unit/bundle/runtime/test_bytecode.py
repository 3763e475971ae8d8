"""The runtime is compiled once for all bundles, and its bytecode is what compiling gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from packager.bundle.runtime import bytecode as runtime_bytecode
from packager.host.bytecode import Job, bytecode_of, compile_apart, compile_jobs
from packager.host.interpreter import Interpreter, newest_supported

SOURCES = {
    "endpoint_runtime/a.py": '"""Gone."""\nx = 1\n',
    "dify_plugin/core/b.py": '"""Stays."""\n',
    "start.py": "y = 2\n",
    "endpoint_runtime/storage/s3.py": "z = 3\n",
}
PART = "endpoint_runtime/storage/s3.py"  # which few bundles have

Compile = Callable[..., dict[str, bytes]]


@pytest.fixture
def interpreter() -> Interpreter:
    found = newest_supported()
    assert found is not None
    return found


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, text in SOURCES.items():
        path = tmp_path / "template" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "template"


@pytest.fixture
def compiled(template: Path, interpreter: Interpreter) -> Compile:
    """Return the bytecode of all sources, but for those `without`, by their names."""

    def run(notes: list[str], without: str = "") -> dict[str, bytes]:
        sources = {name: template / name for name in SOURCES if name != without}
        return runtime_bytecode.runtime_bytecode(interpreter, sources, notes.append)

    return run


def test_it_is_compiled_once(
    compiled: Compile, template: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiled([])
    assert first.keys() == SOURCES.keys()
    assert [b"Gone" in code for code in first.values()] == [False] * 4
    assert [b"Stays" in code for code in first.values()].count(True) == 1

    # As files of a bundle have it.
    of_sdk = frozenset({"dify_plugin/core/b.py"})
    jobs = [Job(of_sdk), Job(frozenset(SOURCES) - of_sdk, docstrings=False)]
    compile_jobs(interpreter, template, jobs, columns=False)
    files = {name: bytecode_of(template / name, interpreter).read_bytes() for name in SOURCES}
    assert first == files

    with monkeypatch.context() as patched:
        patched.setattr(runtime_bytecode, "compile_apart", lambda *given, **more: {})
        assert compiled([]) == first
        patched.undo()
        patched.setattr(runtime_bytecode, "cache_folder", lambda: None)
        assert compiled([]) == first  # as without a cache


def test_bundles_have_what_all_of_them_hold_in_common(
    compiled: Compile, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiled([], without=PART)
    asked: list[str] = []

    def noted(*given: object, **more: bool) -> dict[str, bytes]:
        made = compile_apart(*given, **more)  # type: ignore[arg-type]
        asked.extend(made)
        return made

    monkeypatch.setattr(runtime_bytecode, "compile_apart", noted)
    second = compiled([])
    assert asked == [PART]
    assert {name: second[name] for name in first} == first


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-4], lambda data: b"", lambda data: data[::-1]]
)
def test_a_damaged_entry_is_made_again(
    compiled: Compile, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    first = compiled([])
    (damaged, *_) = sorted(
        path for path in (tmp_path / "cache").rglob("runtime/*") if b"a.py" in path.read_bytes()
    )
    damaged.write_bytes(damage(damaged.read_bytes()))
    notes: list[str] = []

    assert compiled(notes) == first
    assert len(notes) == 1 and "was damaged" in notes[0]


def test_other_sources_are_other_entries(compiled: Compile, template: Path) -> None:
    first = compiled([])
    (template / "endpoint_runtime/a.py").write_text("x = 2\n")
    assert compiled([]) != first
