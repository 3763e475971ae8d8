from __future__ import annotations

import importlib.util
import marshal
import os
import signal
import subprocess
import sys
import time
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packager.errors import PackagerError
from packager.host.bytecode import Job, compile_apart, compile_files, compile_once
from packager.host.interpreter import Interpreter, find_interpreter
from tests.support.served import are_gone

SOURCES = {
    "a.py": "from utils.crypto import one, two\nNAMES = {'one', 'two', 'three'}\n"
    "def f(one, two=(1, 2.5, 'x y')):\n    return {one: NAMES, 'two': two}\n",
    "pkg/odd-name.v2.py": "class A:\n    one = 'two'\n    def f(self): return lambda: self.one\n",
    "pkg/__init__.py": "",
    "pkg/broken.py": "def (:\n",
    "pkg/nul.py": "x = '\0'\n",
    "pkg/latin.py": "# -*- coding: latin-1 -*-\nx = '\u00e9'\n",
    "pkg/warns.py": "x = '\\d'\nassert (1, 'always')\n",
}


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    found = find_interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert found is not None
    return found


def write(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SOURCES[name], "latin-1" if name.endswith("latin.py") else "utf-8")
    return root


def bytecode(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.pyc")}


def test_bytecode_is_unchecked_and_names_the_place_on_lambda(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    root = write(tmp_path, ["pkg/odd-name.v2.py"])
    compile_files(interpreter, root, ["pkg/odd-name.v2.py"])
    tag = sys.implementation.cache_tag
    [(name, data)] = bytecode(root).items()
    source = (root / "pkg/odd-name.v2.py").read_bytes()
    head = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + importlib.util.source_hash(source)
    assert (name, data[:16]) == (f"pkg/__pycache__/odd-name.v2.{tag}.pyc", head)
    assert marshal.loads(data[16:]).co_filename == "/var/task/pkg/odd-name.v2.py"
    assert str(root / name) == importlib.util.cache_from_source(str(root / "pkg/odd-name.v2.py"))


def test_files_that_do_not_parse_are_left_without(tmp_path: Path, interpreter: Interpreter) -> None:
    root = write(tmp_path, list(SOURCES))
    compile_files(interpreter, root, SOURCES)
    stems = {name.rpartition("/")[2].rpartition(".cpython")[0] for name in bytecode(root)}
    assert stems == {"a", "odd-name.v2", "__init__", "latin", "warns"}


def test_the_bytes_follow_from_the_file_alone(tmp_path: Path, interpreter: Interpreter) -> None:
    together = write(tmp_path / "together", list(SOURCES))
    compile_files(interpreter, together, reversed(list(SOURCES)))
    alone: dict[str, bytes] = {}
    for index, name in enumerate(SOURCES):
        root = write(tmp_path / ("alone" * (index + 1)), [name])
        compile_files(interpreter, root, [name])
        alone |= bytecode(root)
    assert alone == bytecode(together)


def test_the_environment_does_not_show(
    tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write(tmp_path / "plain", ["a.py"])
    compile_files(interpreter, plain, ["a.py"])
    for name, value in (("PYTHONHASHSEED", "7"), ("PYTHONOPTIMIZE", "2"), ("PYTHONPATH", "/x")):
        monkeypatch.setenv(name, value)
    other = write(tmp_path / "other", ["a.py"])
    compile_files(interpreter, other, ["a.py"])
    assert bytecode(other) == bytecode(plain)


def test_the_interpreter_takes_the_bytecode(tmp_path: Path, interpreter: Interpreter) -> None:
    root = write(tmp_path, ["a.py"])
    (root / "utils").mkdir()
    (root / "utils/crypto.py").write_text("one = two = 1\n")
    compile_files(interpreter, root, ["a.py", "utils/crypto.py"])
    os.utime(root / "a.py", (1, 1))
    done = subprocess.run(
        [
            interpreter.path,
            "-I",
            "-v",
            "-c",
            f"import sys; sys.path.insert(0, {str(root)!r}); import a",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"# code object from '{root}/__pycache__/a." in done.stderr


def test_an_interpreter_that_fails_is_named(tmp_path: Path, interpreter: Interpreter) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(PackagerError) as caught:
        compile_files(
            Interpreter(broken, interpreter.version, interpreter.architecture), tmp_path, ["a.py"]
        )
    assert str(caught.value) == f"{broken} could not compile bytecode: no luck"


def test_without_room_bytecode_is_not_cut_short(tmp_path: Path, interpreter: Interpreter) -> None:
    limited = tmp_path / "python"  # files of 512 or 1,024 bytes, by the shell
    limited.write_text(f'#!/bin/sh\nulimit -f 1\nexec "{interpreter.path}" "$@"\n')
    limited.chmod(0o755)
    compiler = replace(interpreter, path=limited)
    (tmp_path / "small.py").write_text("x = 1")
    (tmp_path / "large.py").write_text("\n".join(f"name_{number} = 1" for number in range(100)))
    assert compile_files(compiler, tmp_path, ["small.py"]) == []
    with pytest.raises(OSError, match=f"File too large: '{tmp_path}'"):
        compile_files(compiler, tmp_path, ["small.py", "large.py"])
    sources = {"large.py": tmp_path / "large.py"}
    with pytest.raises(OSError, match="File too large"):
        compile_apart(compiler, sources, [Job(frozenset(sources))], columns=True)


def test_a_signal_ends_all_that_compiles(tmp_path: Path, interpreter: Interpreter) -> None:
    python, started = tmp_path / "python", tmp_path / "started"
    python.write_text(  # once it has read, this process waits for it
        f'#!/bin/sh\nsleep 60 & echo $! > "{started}"\nhead -c 1 > /dev/null\n'
        f"kill -USR1 {os.getpid()}\nsleep 60\n"
    )
    python.chmod(0o755)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            compile_files(replace(interpreter, path=python), tmp_path, ["any.py"])
    finally:
        signal.signal(signal.SIGUSR1, before)
    deadline = time.monotonic() + 20
    while not are_gone({int(started.read_text())}):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_columns_can_be_left_out(tmp_path: Path, interpreter: Interpreter) -> None:
    columns = []
    for wanted in (True, False):
        root = write(tmp_path / str(wanted), ["a.py"])
        compile_files(interpreter, root, ["a.py"], columns=wanted)
        [data] = bytecode(root).values()
        positions = list(marshal.loads(data[16:]).co_positions())
        columns.append(any(column is not None for *_, column in positions))
    assert columns == [True, False]


DOCUMENTED = '''"""Of a module."""
from __future__ import annotations


class C:
    """Of a class."""
    "and more"

    def only(self):
        """Of a method."""

    async def more(self, wanted=True):
        """Of a coroutine."""
        assert wanted, "text"
        return "kept"
'''


def test_docstrings_can_be_left_out_and_nothing_else(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    found = []
    for wanted in (True, False):
        root = tmp_path / str(wanted)
        root.mkdir()
        (root / "a.py").write_text(DOCUMENTED)
        compile_files(interpreter, root, ["a.py"], docstrings=wanted)
        [data] = bytecode(root).values()
        names: dict[str, Any] = {"__name__": "a"}
        exec(marshal.loads(data[16:]), names)
        c = names["C"]
        documented = (names.get("__doc__"), c.__doc__, c.only.__doc__, c.more.__doc__)
        lines = (c.only.__code__.co_firstlineno, c.more.__code__.co_firstlineno)
        with pytest.raises(AssertionError) as failed:
            c().more(False).send(None)
        with pytest.raises(StopIteration) as returned:
            c().more().send(None)
        line = failed.traceback[-1].lineno
        found.append((documented, lines, line, returned.value.value, c().only()))
    with_docstrings, without = found
    assert with_docstrings[0] == ("Of a module.", "Of a class.", "Of a method.", "Of a coroutine.")
    assert without[0] == (None, None, None, None)
    assert with_docstrings[1:] == without[1:]


def test_docstrings_are_left_out_where_nothing_asserts(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    source = "".join(line for line in DOCUMENTED.splitlines(True) if "assert" not in line)
    (tmp_path / "a.py").write_text(source)
    compile_files(interpreter, tmp_path, ["a.py"], docstrings=False)
    [data] = bytecode(tmp_path).values()
    names: dict[str, Any] = {"__name__": "a"}
    exec(marshal.loads(data[16:]), names)
    c = names["C"]
    assert (names.get("__doc__"), c.__doc__, c.only.__doc__, c.more.__doc__) == (None,) * 4
    assert c().only() is None
    with pytest.raises(StopIteration) as returned:
        c().more().send(None)
    assert returned.value.value == "kept"
    first = source.splitlines().index("    async def more(self, wanted=True):") + 1
    assert c.more.__code__.co_firstlineno == first


READERS = {
    "a class hands its own on": """
class C:
    'Of C.'
    __doc__ = [__doc__]
docs = C.__doc__
""",
    "a class that shows another's": """
class C:
    'Of C.'
class D:
    'Of D.'
    @property
    def text(self):
        return C.__doc__
docs = D().text, D.__doc__
""",
    "a usage text": """
'Of the module.'
def usage():
    return __doc__.strip()
docs = usage()
""",
    "a command's help": """
import inspect
def command():
    'Of command.'
docs = inspect.getdoc(command)
""",
    "by name": """
def command():
    'Of command.'
docs = getattr(command, '__doc__', '')
""",
    "dataclasses": """
from dataclasses import dataclass
import dataclasses
@dataclass
class C:
    'Of C.'
    a: int = 1
@dataclasses.dataclass(frozen=True)
class D:
    'Of D.'
    a: int = 1
docs = [vars(each)['__doc__'] for each in (C, D)]
""",
}


@pytest.mark.parametrize("name", READERS)
def test_docstrings_stay_where_code_reads_them(
    tmp_path: Path, interpreter: Interpreter, name: str
) -> None:
    (tmp_path / "a.py").write_text(READERS[name])
    expected: dict[str, Any] = {"__name__": "a"}
    found: dict[str, Any] = {"__name__": "a"}

    compile_files(interpreter, tmp_path, ["a.py"], docstrings=False)

    [data] = bytecode(tmp_path).values()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "a", types.ModuleType("a"))  # where dataclass looks
        exec(READERS[name], expected)
        exec(marshal.loads(data[16:]), found)
    assert found["docs"] == expected["docs"]


def test_what_was_compiled_is_kept(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names = ["a.py", "broken.py", "folder/b.py"]

    def compiled(folder: str, content: str = "x = 1") -> dict[str, bytes]:
        root = tmp_path / folder
        (root / "folder").mkdir(parents=True)
        for name in names:
            (root / name).write_text("(" if name == "broken.py" else content)
        compile_once(interpreter, root, [Job(frozenset(names))])
        found = {path.relative_to(root).as_posix(): path for path in root.rglob("*.pyc")}
        assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o644}
        return {name: path.read_bytes() for name, path in found.items()}

    first = compiled("first")
    assert len(first) == 2
    with monkeypatch.context() as patched:
        patched.setattr("packager.host.bytecode.compile_jobs", lambda *_, **__: [])
        assert compiled("second") == first
    assert compiled("third", "x = 2") != first
    for entry in (tmp_path / "cache").rglob("compiled/*"):
        entry.write_bytes(entry.read_bytes()[:-1])
    assert compiled("fourth") == first


def test_packages_that_are_listed_beside_others_are_compiled_again(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rules = {"modules": [], "library": True, "eager": [], "relative": True, "package": True}

    def compiled(folder: str, beside: str) -> bytes:
        root = tmp_path / folder
        (root / "parcel" / beside).mkdir(parents=True)
        (root / "parcel/__init__.py").write_text("import json\ndef f(): return json")
        compile_once(interpreter, root, [Job(frozenset({"parcel/__init__.py"}), waiting=rules)])
        [data] = bytecode(root).values()
        return data

    first = compiled("first", "paper")
    assert b"__waiting__" in first
    # `import json` in a package that has a `json` inside is not followed.
    assert b"__waiting__" not in compiled("second", "json")
    assert compiled("third", "paper") == first


def test_a_file_that_ends_the_compiler_is_left_without(tmp_path: Path) -> None:
    names = [f"m{number}.py" for number in range(12)]
    for name in names:
        (tmp_path / name).write_text("x = 1")
    script = (
        "import os, sys\n"
        "from packager._in_target.compile import compile_all\n"
        "def compiled(source, path, shown):\n"
        "    if path in ('m3.py', 'm7.py'): os.kill(os.getpid(), 9)\n"
        "    return compile(source, shown, 'exec')\n"
        "root, *names = sys.argv[1:]\n"
        "compile_all(root, 'tag', [(name, name, compiled) for name in names])\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path, *names], check=True, timeout=60)
    found = {path.name for path in (tmp_path / "__pycache__").iterdir()}
    assert found == {f"m{number}.tag.pyc" for number in range(12) if number not in (3, 7)}
