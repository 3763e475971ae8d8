"""What code has by accident in Dify, it has in a bundle: submodules that others imported there.

The SDK, or werkzeug as it ships, imports `urllib.parse`, `importlib.metadata` and others for
everybody; after `import urllib` their attributes are there. What they really import is asked of
them, on each Python of this machine.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import markupsafe
import pytest

from endpoint_runtime.app.endpoints import _PACKAGES
from packager.host.interpreter import SUPPORTED_PYTHONS, Interpreter, find_interpreter
from tests.support.examples import ROOT, Release

PYTHONS = [python for python in SUPPORTED_PYTHONS if find_interpreter(python)]
LOADED = """
import sys
{}
for name, module in sorted(sys.modules.items()):
    top, *rest = name.split(".")
    by_others = top in sys.stdlib_module_names and rest and not any(p[0] == "_" for p in rest)
    if by_others and getattr(module, "__spec__", None):  # typing.io has none, nor can be imported
        print(name)
"""
# Uses each submodule after importing the package at the top alone, as an endpoint's source may.
PROBE = """
import sys
sys.path.insert(0, "probe")
from endpoint_runtime.app.endpoints import load_source
print(*load_source("probe", "source.py").MISSING)
"""
SOURCE = """
import sys
MISSING = []
for name in {!r}:
    top, *rest = name.split(".")
    found = __import__(top)
    for part in rest:
        found = getattr(found, part, None)
    if found is None or found is not sys.modules[name]:
        MISSING.append(name)
"""
# The packages with submodules that importing them leaves out.
FOUND = (
    """
import json, os, subprocess, sys
LEFT_OUT = """
    + "{left_out!r}"
    + """
library, found = os.path.dirname(os.__file__), []

def complete(name, names):
    code = f"import {{name}}, sys; package = sys.modules[{{name!r}}]"
    code += f"; sys.exit(not all(hasattr(package, each) for each in {{names}}))"
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", code]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

for folder, folders, files in os.walk(library):
    name = os.path.relpath(folder, library).replace(os.sep, ".")
    folders[:] = [
        each
        for each in folders
        if os.path.exists(f"{{folder}}/{{each}}/__init__.py") and each not in LEFT_OUT
    ]
    names = [f[:-3] for f in files if f.endswith(".py") and f[0] != "_"] + folders
    if name != "." and not complete(name, names):
        found.append(name)
print(json.dumps(found))
"""
)
# Programs, tests, what only another system has, and where all that is left out is a command
# (json.tool, sqlite3.dump). Of the codecs nobody uses an attribute, but the SDK imports one.
LEFT_OUT = {
    *("__phello__", "_pyrepl", "asyncio", "distutils", "encodings", "ensurepip", "idlelib", "json"),
    *("lib2to3", "macholib", "msilib", "pydoc_data", "site-packages", "sqlite3", "test", "tests"),
    *("tkinter", "turtledemo", "venv"),
}


def run(python: str, code: str, *, folder: Path | str = ROOT, path: Path | str = "") -> str:
    interpreter = find_interpreter(python)
    assert interpreter is not None
    done = subprocess.run(
        [interpreter.path, "-S", "-W", "ignore", "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def missing(python: str, names: list[str], work: Path) -> list[str]:
    """Those of `names` that a source does not have after importing their first part."""
    (work / "probe").mkdir()
    (work / "probe" / "source.py").write_text(SOURCE.format(names))
    return run(python, PROBE, folder=work, path=ROOT / "handler_template").split()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("version", [pytest.param("3.0.0", marks=pytest.mark.soak), "3.1.9"])
def test_what_werkzeug_as_shipped_imports_is_there(
    release: Release, python: str, version: str, tmp_path: Path
) -> None:
    shutil.copytree(
        Path(markupsafe.__file__).parent,
        tmp_path / "beside" / "markupsafe",
        ignore=shutil.ignore_patterns("*.so", "__pycache__"),
    )
    path = f"{release(version)}:{tmp_path / 'beside'}"
    names = run(python, LOADED.format("import werkzeug"), path=path).split()

    assert {"urllib.parse", "http.client", "email.utils", "html.entities"} <= set(names)
    assert missing(python, names, tmp_path) == []


def test_what_the_sdk_imports_is_there(sdk: Path, interpreter: Interpreter, tmp_path: Path) -> None:
    python = interpreter.python
    names = run(python, LOADED.format("import dify_plugin"), path=sdk).split()

    assert {"importlib.metadata", "http.cookies", "concurrent.futures"} <= set(names)
    assert missing(python, names, tmp_path) == []


@pytest.mark.parametrize("python", PYTHONS)
def test_the_packages_are_those_with_submodules_left_out(python: str) -> None:
    found = set(json.loads(run(python, FOUND.format(left_out=LEFT_OUT))))

    later = {"importlib.metadata", "importlib.resources"}  # which have some since 3.13 or 3.11
    assert found - later == _PACKAGES - later - {"encodings"}


@pytest.mark.parametrize("python", PYTHONS)
def test_nothing_else_about_the_packages_is_different(python: str, tmp_path: Path) -> None:
    code = """
        import sys
        sys.path.insert(0, "plugin")
        from endpoint_runtime.app.endpoints import load_source
        import concurrent.futures
        load_source("plugin", "start.py")
        load_source("plugin", "start.py")
        import http, importlib, urllib, xml
        assert sys.meta_path.count(sys.meta_path[0]) == 1
        assert "parse" not in vars(urllib) and "urllib.parse" not in sys.modules
        assert hasattr(urllib, "parse") and vars(urllib)["parse"] is sys.modules["urllib.parse"]
        from urllib import request
        assert not hasattr(urllib, "unquote") and not hasattr(urllib, "_parse")
        try:
            urllib.parze
        except AttributeError as error:
            assert str(error) == "module 'urllib' has no attribute 'parze'", error
            assert (error.name, error.obj) == ("parze", urllib)
        try:
            from urllib import parze
        except ImportError as error:
            assert str(error).startswith("cannot import name 'parze' from 'urllib'"), error
        assert type(http.__loader__).__name__ == "SourceFileLoader"
        assert http.__spec__.loader is http.__loader__
        found = importlib.util.find_spec("wsgiref")
        assert found.loader.get_source("wsgiref") and "wsgiref" not in sys.modules
        import wsgiref
        assert wsgiref.util.FileWrapper and wsgiref.__spec__.loader.is_package("wsgiref")
        assert concurrent.futures.ThreadPoolExecutor.__module__ == "concurrent.futures.thread"
        from concurrent.futures import *
        assert ThreadPoolExecutor
        import multiprocessing
        assert not hasattr(multiprocessing, "popen_spawn_win32")  # for another system
        assert xml.etree.ElementTree.fromstring("<a/>").tag == "a"
        import inspect
        assert inspect.getsource(http).startswith("from enum import")
        import xmlrpc
        assert xmlrpc.MINE == "the plugin's own" and not hasattr(xmlrpc, "client")
    """
    (tmp_path / "plugin" / "xmlrpc").mkdir(parents=True)
    (tmp_path / "plugin" / "start.py").write_text("")
    (tmp_path / "plugin" / "xmlrpc" / "__init__.py").write_text('MINE = "the plugin\'s own"')
    (tmp_path / "plugin" / "xmlrpc" / "client.py").write_text("")

    run(python, dedent(code), folder=tmp_path, path=ROOT / "handler_template")


@pytest.mark.parametrize("python", PYTHONS)
def test_a_packages_own_attributes_are_asked_for_by_who_uses_them(
    python: str, tmp_path: Path
) -> None:
    code = """
        import sys, types, warnings
        sys.path.insert(0, "plugin")
        from endpoint_runtime.app import endpoints
        package = types.ModuleType("package")
        source = "def __getattr__(name):\\n    if name == 'old':\\n"
        source += "        import warnings; warnings.warn(name, stacklevel=2); return 1\\n"
        source += "    raise AttributeError(name)"
        exec(source, vars(package))
        package.__path__ = ["package"]
        sys.modules["package"] = package
        endpoints._import_when_used(package)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert package.old == 1
        assert [each.filename for each in caught] == ["<string>"]
        assert package.part.X == 2
        assert not hasattr(package, "other") and isinstance(package, types.ModuleType)
    """
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "part.py").write_text("X = 2")

    run(python, dedent(code), folder=tmp_path, path=ROOT / "handler_template")


@pytest.mark.parametrize("python", PYTHONS)
def test_sixteen_threads_that_use_one_at_once(python: str, tmp_path: Path) -> None:
    code = """
        import sys, threading, time
        sys.path.insert(0, "plugin")
        sys.setswitchinterval(1e-6)
        from endpoint_runtime.app.endpoints import load_source
        barrier, failed = threading.Barrier(16), []

        def use():
            try:
                barrier.wait()
                load_source("plugin", "start.py")
                import email, xml
                email.message.EmailMessage, email.mime.text.MIMEText, xml.dom.minidom.parseString
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=use) for _ in range(16)]
        [thread.start() for thread in threads]
        [thread.join(30) for thread in threads]
        assert failed == [] and not any(thread.is_alive() for thread in threads), failed
    """
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "start.py").write_text("")

    run(python, dedent(code), folder=tmp_path, path=ROOT / "handler_template")
