from __future__ import annotations

import importlib.util
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.bundle.verify import check_zip
from packager.bundle.zip_file import write_zip
from packager.contract import CODE_ARCHIVE
from packager.errors import PackagerError
from packager.host.bytecode import compile_files
from packager.host.interpreter import Interpreter, find_interpreter
from tests.support.archives import write_archive

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"
TAG = sys.implementation.cache_tag
MAGIC = importlib.util.MAGIC_NUMBER
SOURCES = {"tool/__init__.py": "x = 1\n", "plugin/a.py": "y = 2\n", "plugin/py2.py": "print 'x'\n"}
CACHED = f"plugin/__pycache__/a.{TAG}.pyc"

Change = Callable[[bytes], bytes]


@pytest.fixture
def interpreter() -> Interpreter:
    found = find_interpreter(THIS)
    assert found is not None
    return found


@pytest.fixture
def folder(tmp_path: Path, interpreter: Interpreter) -> Path:
    folder = tmp_path / "bundle"
    for name, text in SOURCES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    compile_files(interpreter, folder, SOURCES)
    return folder


def checked(folder: Path, interpreter: Interpreter | None) -> str:
    """Zip the folder and return what is wrong with it."""
    path = folder.parent / "F.zip"
    write_zip(folder, path)
    try:
        check_zip(path, interpreter)
    except PackagerError as error:
        return str(error)
    return ""


def test_what_was_compiled_is_valid(folder: Path, interpreter: Interpreter) -> None:
    assert checked(folder, interpreter) == ""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda data: b"\0\0\r\n" + data[4:], f"has the magic number 00000d0a, not {MAGIC.hex()}"),
        (
            lambda data: data[:4] + b"\3\0\0\0" + data[8:],
            "would be checked against its source (PEP 552 flags)",
        ),
        (
            lambda data: data[:4] + bytes(12) + data[16:],
            "would be checked against its source (PEP 552 flags)",
        ),
        (lambda data: data[:-9], "is damaged"),
        (
            lambda data: data.replace(b"/var/task/plugin/a.py", b"/var/tusk/plugin/a.py"),
            "names the source /var/tusk/plugin/a.py, not /var/task/plugin/a.py",
        ),
    ],
)
def test_bytecode_that_is_not_valid(
    folder: Path, interpreter: Interpreter, change: Change, fault: str
) -> None:
    (folder / CACHED).write_bytes(change((folder / CACHED).read_bytes()))
    assert checked(folder, interpreter) == (
        f"the bytecode in F.zip is not valid for Python {THIS}: {CACHED} {fault}"
    )


def test_files_that_do_not_belong_together(folder: Path, interpreter: Interpreter) -> None:
    (folder / CACHED).rename(folder / "plugin/__pycache__/a.cpython-39.pyc")
    (folder / "tool/__init__.py").unlink()
    assert checked(folder, interpreter) == (
        f"the bytecode in F.zip is not valid for Python {THIS}: "
        f"plugin/__pycache__/a.cpython-39.pyc is for another Python than {TAG}; "
        f"tool/__pycache__/__init__.{TAG}.pyc has no source beside it"
    )


def test_a_source_without_bytecode(folder: Path, interpreter: Interpreter) -> None:
    (folder / CACHED).unlink()
    assert checked(folder, interpreter).endswith(": plugin/a.py has no bytecode")
    assert checked(folder, None) == ""


@pytest.mark.parametrize("name", ["bootstrap", "bootstrap/x.py"])
def test_no_bootstrap(folder: Path, interpreter: Interpreter, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("")
    (folder / "plugin/bootstrap").write_text("")
    assert checked(folder, None) == (
        "F.zip holds bootstrap at its root, which Lambda's emulator would run in place of the "
        "runtime"
    )


def test_an_interpreter_that_fails(folder: Path, interpreter: Interpreter) -> None:
    broken = folder.parent / "python"
    broken.write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    broken.chmod(0o755)
    other = Interpreter(broken, interpreter.version, interpreter.architecture)
    assert checked(folder, other) == (
        f"the bytecode in F.zip is not valid for Python {THIS}: no luck"
    )


def test_the_zip_is_read_not_the_folder(folder: Path, interpreter: Interpreter) -> None:
    path = folder.parent / "F.zip"
    write_zip(folder, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"plugin/__pycache__/b.{TAG}.pyc", b"")
    with pytest.raises(PackagerError):
        check_zip(path, interpreter)


ARCHIVED = {
    "endpoint_runtime/__init__.py": "",
    "endpoint_runtime/late.py": "x = 1\n",
    "endpoint_runtime/loop.py": "x = 1\n",
    "endpoint_runtime/gateway/headers.py": "y = 2\n",
}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda data: data, ""),
        (lambda data: b"\0\0\r\n" + data[4:], f"{CODE_ARCHIVE} has the magic number 00000d0a"),
        (lambda data: data[:-9], f"{CODE_ARCHIVE}: endpoint_runtime.late is damaged"),
        (lambda data: data[:99], f"{CODE_ARCHIVE} is damaged"),
        (lambda data: data[:-400], f"{CODE_ARCHIVE} is damaged"),
        (
            lambda data: data.replace(
                b"/var/task/endpoint_runtime/late", b"/var/tusk/" + b"x" * 21
            ),
            f"{CODE_ARCHIVE}: endpoint_runtime.late names the source /var/tusk/{'x' * 21}.py, "
            "not /var/task/endpoint_runtime/late.py",
        ),
        (
            lambda data: data.replace(
                b"/var/task/endpoint_runtime/loop", b"/var/tusk/" + b"x" * 21
            ),
            f"{CODE_ARCHIVE}: endpoint_runtime.loop names the source /var/tusk/{'x' * 21}.py, "
            "not /var/task/endpoint_runtime/loop.py",
        ),
    ],
)
def test_the_archive_of_code(
    tmp_path: Path, interpreter: Interpreter, change: Change, fault: str
) -> None:
    folder = tmp_path / "bundle"
    for name, text in ARCHIVED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    compile_files(interpreter, folder, ARCHIVED)
    write_archive(folder, interpreter)
    (folder / CODE_ARCHIVE).write_bytes(change((folder / CODE_ARCHIVE).read_bytes()))
    assert fault in checked(folder, interpreter)
    assert bool(checked(folder, interpreter)) is bool(fault)


def test_an_archive_without_its_sources(tmp_path: Path, interpreter: Interpreter) -> None:
    folder = tmp_path / "bundle"
    (folder / "endpoint_runtime").mkdir(parents=True)
    (folder / "endpoint_runtime/loop.py").write_text("x = 1\n")
    compile_files(interpreter, folder, ["endpoint_runtime/loop.py"])
    write_archive(folder, interpreter)
    (folder / "endpoint_runtime/loop.py").unlink()
    assert checked(folder, interpreter).endswith(
        f": {CODE_ARCHIVE}: endpoint_runtime.loop has no source"
    )
