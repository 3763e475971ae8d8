"""The archive of code under every Python at hand: as if each module had come from its own file."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from packager.bundle.code_archive import HOT, TOGETHER, archived
from packager.contract import CODE_ARCHIVE, template_folder
from packager.host.bytecode import compile_files
from packager.host.interpreter import Interpreter
from tests.support.archives import write_archive
from tests.support.loop_process import interpreters

LATE = "endpoint_runtime.gateway.headers"
COLD = "dify_plugin.entities.tool"


@pytest.fixture(params=interpreters(), ids=lambda each: each.python)
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    found: Interpreter = request.param
    return found


@pytest.fixture(scope="session")
def archived_for(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Interpreter], Path]:
    """The runtime with its code archived for an interpreter; not to be changed."""

    @cache
    def make(interpreter: Interpreter) -> Path:
        folder = tmp_path_factory.mktemp("archived") / "bundle"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(template_folder(), folder, ignore=ignored)
        sources = [path.relative_to(folder).as_posix() for path in folder.rglob("*.py")]
        compile_files(interpreter, folder, sources, columns=False)
        write_archive(folder, interpreter)
        return folder

    return make


@pytest.fixture
def bundle(
    tmp_path: Path, archived_for: Callable[[Interpreter], Path], interpreter: Interpreter
) -> Path:
    """The runtime with its code archived, in a folder that is not the one it was compiled for."""
    return Path(shutil.copytree(archived_for(interpreter), tmp_path / "bundle"))


def run(bundle: Path, interpreter: Interpreter, code: str, *path: Path) -> Any:
    """Run code that fills `out`, with the bundle on the path, behind `path`."""
    start = f"import sys; sys.path[:0] = {[*map(str, (*path, bundle))]!r}; out = {{}}\n"
    start += "import endpoint_runtime\n"
    end = "\nimport json; print(json.dumps(out))"
    done = subprocess.run(
        [interpreter.path, "-S", "-B", "-W", "error", "-c", start + dedent(code) + end],
        capture_output=True,
        text=True,
        cwd=bundle.parent,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def test_modules_come_from_the_archive_and_look_as_always(
    bundle: Path, interpreter: Interpreter
) -> None:
    opened = """
        opened = []
        sys.addaudithook(lambda event, found: event == "open" and opened.append(str(found[0])))
        import endpoint_runtime.gateway.headers as headers, dify_plugin.core.runtime
        out["opened"] = [path for path in opened if "headers" in path or "core" in path]
        import inspect, importlib, pkgutil, pickle, traceback
        import dify_plugin.core as core
        out["file"] = headers.__file__
        out["cached"] = headers.__spec__.cached
        out["package"] = [core.__file__, list(core.__path__), core.__package__]
        out["source"] = inspect.getsource(headers) == open(headers.__file__).read()
        out["parent"] = endpoint_runtime.gateway.headers is headers
        out["modules"] = [m.name for m in pkgutil.iter_modules(core.__path__)]
        out["data"] = len(headers.__loader__.get_data(headers.__file__)) > 0
        functions = [each for each in vars(headers).values() if inspect.isfunction(each)]
        function = next(each for each in functions if each.__module__ == headers.__name__)
        out["lines"] = inspect.getsource(function).startswith("def ")
        out["code"] = function.__code__.co_filename
        out["pickled"] = pickle.loads(pickle.dumps(function)) is function
        out["reloaded"] = importlib.reload(headers) is headers
        from importlib import resources
        out["resource"] = (resources.files(core) / "__init__.py").is_file()
    """
    found = run(bundle, interpreter, opened)
    tag = f"cpython-{interpreter.python.replace('.', '')}"
    folder = bundle / "endpoint_runtime" / "gateway"
    assert "runtime" in found.pop("modules")
    assert found == {
        "opened": [],
        "file": f"{folder}/headers.py",
        "cached": f"{folder}/__pycache__/headers.{tag}.pyc",
        "package": [
            f"{bundle}/dify_plugin/core/__init__.py",
            [f"{bundle}/dify_plugin/core"],
            "dify_plugin.core",
        ],
        **dict.fromkeys(("source", "parent", "data", "lines", "pickled", "reloaded"), True),
        "code": f"{folder}/headers.py",
        "resource": True,
    }


def test_every_module_is_what_its_source_is(bundle: Path, interpreter: Interpreter) -> None:
    compared = """
        import importlib.util
        from endpoint_runtime import code_archive
        for name in sorted(code_archive._index()):
            spec = importlib.util.find_spec(name)
            code = spec.loader.get_code(name)
            plain = compile(open(spec.origin, "rb").read(), spec.origin, "exec", dont_inherit=True)
            out[name] = [code.co_names == plain.co_names, type(spec.loader).__name__]
    """
    found = run(bundle, interpreter, compared)
    assert found == {name: [True, "Loader"] for name in found}
    sources = (path.relative_to(bundle) for path in bundle.rglob("*.py"))
    there = {
        str(path.with_suffix("")).replace("/", ".").removesuffix(".__init__") for path in sources
    }
    top = {"dify_plugin", "endpoint_runtime", "endpoint_runtime.code_archive"}
    assert {*found} == there - top
    assert {name for name in HOT if not name.startswith("werkzeug")} <= {*found} | {
        "endpoint_runtime._bundle"
    }
    names = {name.replace(".", "/") for name in found}
    assert {
        path.removesuffix("/__init__.py").removesuffix(".py") for path in archived(bundle)
    } == names
    assert {path.name.partition(".")[0] for path in bundle.rglob("*.pyc")} == {
        *("__init__", "code_archive")
    }


def test_what_every_request_imports_is_read_at_once_and_the_rest_alone(
    bundle: Path, interpreter: Interpreter
) -> None:
    imports = f"""
        from endpoint_runtime import code_archive as archive
        import importlib.util, dify_plugin
        opened = []
        sys.addaudithook(lambda event, found: event == "open" and opened.append(str(found[0])))
        hot = [*archive._codes]
        specs = [importlib.util.find_spec(name) for name in hot]  # which imports their packages
        left = [spec for spec in specs if spec.name in archive._codes]
        codes = dict((spec.name, spec.loader.get_code(spec.name)) for spec in left)
        out["of hot ones"] = [path for path in opened if path.startswith({str(bundle)!r})]
        out["kept"] = [len(archive._codes), archive._others]
        spec = importlib.util.find_spec({LATE!r})
        again = spec.loader.get_code({LATE!r})
        out["again"] = again == codes[{LATE!r}]
        out["its file"] = again.co_filename == spec.origin
        opened.clear()
        import {COLD}
        folder = {str(bundle)!r} + "/dify_plugin/entities"
        out["of a cold one"] = [path for path in opened if path.startswith(folder)]
        out["hot"] = sorted(hot)
    """
    assert run(bundle, interpreter, imports) == {
        "of hot ones": [],
        "kept": [0, None],
        "again": True,
        "its file": True,
        "of a cold one": [],
        "hot": sorted(
            name
            for name in HOT
            if not name.startswith("werkzeug") and name != "endpoint_runtime._bundle"
        ),
    }


def test_an_archive_that_was_replaced_is_not_read(bundle: Path, interpreter: Interpreter) -> None:
    replaced = f"""
        path = {str(bundle / CODE_ARCHIVE)!r}
        open(path, "r+b").write(bytes(1 << 20))
        import {COLD} as cold
        out["doc"] = cold.__doc__
    """
    (found,) = run(bundle, interpreter, replaced).values()
    assert found in (bundle / "dify_plugin/entities/tool.py").read_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: None,
        lambda data: b"\0\0\r\n" + data[4:],
        lambda data: data[: -len(data) // 2],
        lambda data: data[: 14 + sum(length(data, at) for at in (4, 8))],
        lambda data: data[: 40 + length(data, 4)],
        lambda data: data[:9999],
        lambda data: data[:7],
    ],
    ids=[
        *("missing", "of another Python", "cut short", "without its rear"),
        *("with half an index", "hardly begun", "empty"),
    ],
)
def test_without_it_the_sources_are_imported(
    bundle: Path, interpreter: Interpreter, damage: Any
) -> None:
    path = bundle / CODE_ARCHIVE
    damaged = damage(path.read_bytes())
    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged)
    code = f"import {LATE} as late, {COLD} as cold; out['files'] = [late.__file__, cold.__file__]"
    files = [
        f"{bundle}/endpoint_runtime/gateway/headers.py",
        f"{bundle}/dify_plugin/entities/tool.py",
    ]
    assert run(bundle, interpreter, code) == {"files": files}


def test_what_comes_first_on_the_path_still_does(
    bundle: Path, interpreter: Interpreter, tmp_path: Path
) -> None:
    own = tmp_path / "plugin/dify_plugin/core"
    own.mkdir(parents=True)
    for folder in (own, own.parent):
        (folder / "__init__.py").write_text("")
    (own / "runtime.py").write_text("mine = True\n")
    code = "import dify_plugin.core.runtime as r; out['mine'] = r.mine"
    assert run(bundle, interpreter, code, tmp_path / "plugin") == {"mine": True}


def test_the_same_sources_give_the_same_archive(
    bundle: Path, interpreter: Interpreter, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    ignored = shutil.ignore_patterns("__pycache__", "code.bin")
    shutil.copytree(bundle, again, ignore=ignored)
    sources = [path.relative_to(again).as_posix() for path in again.rglob("*.py")]
    compile_files(interpreter, again, reversed(sources), columns=False)
    write_archive(again, interpreter)
    assert (again / CODE_ARCHIVE).read_bytes() == (bundle / CODE_ARCHIVE).read_bytes()


def test_where_there_is_no_room_for_files_it_is_made_without(
    bundle: Path, interpreter: Interpreter, tmp_path: Path
) -> None:
    again, limited = tmp_path / "again", tmp_path / "python"
    shutil.copytree(bundle, again, ignore=shutil.ignore_patterns("__pycache__", "code.bin"))
    with (again / "endpoint_runtime" / "process.py").open("a") as file:
        file.write(f"PATH = {str(tmp_path)!r}\n")  # so that no cache has it
    compile_files(
        interpreter, again, [p.relative_to(again).as_posix() for p in again.rglob("*.py")]
    )
    limited.write_text(f'#!/bin/sh\nulimit -f 1\nexec "{interpreter.path}" "$@"\n')
    limited.chmod(0o755)
    write_archive(again, replace(interpreter, path=limited))
    assert archived(again) == archived(bundle)


@pytest.mark.parametrize(
    ("package", "names"),
    [
        ("endpoint_runtime.calls", "answering"),
        ("endpoint_runtime.calls", "answering bedrock.api bedrock.converse"),
        ("endpoint_runtime.calls", "answering openai.api openai.chat openai.requests"),
        ("endpoint_runtime.aws", "json_protocol"),
        ("dify_plugin", "core._session_parts invocations.storage"),
        ("dify_plugin", "entities.model.llm _entity.schema"),
    ],
)
def test_what_is_read_with_a_module_is_imported_with_it(
    bundle: Path, interpreter: Interpreter, package: str, names: str
) -> None:
    code = f"""
        from endpoint_runtime import code_archive
        for name in {names.split()!r}:
            __import__("{package}." + name)
        out["modules"] = [*sys.modules]
        out["left"] = [name for name in code_archive._codes if name not in code_archive._front]
    """

    found = run(bundle, interpreter, code)

    assert found["left"] == []
    assert any(group <= set(found["modules"]) for group in TOGETHER)
