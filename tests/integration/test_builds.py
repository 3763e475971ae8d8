"""Builds: the same bytes each time, small, by the installed wheel too, and safe to repeat."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packager.host.interpreter import SUPPORTED_PYTHONS, Interpreter, find_interpreter
from packager.host.uv import find_uv
from packager.local.invoke import invoke_bundle
from packager.local.request_event import make_event
from tests.support.examples import NEKO, ROOT, Build, Command

MEGABYTE = 1024 * 1024
# For tests that build the example as it is.
as_it_is = pytest.mark.parametrize("entry", ["fast"], indirect=True, scope="session")
PYTHONS = [python for python in SUPPORTED_PYTHONS if find_interpreter(python)]
# Those between the oldest and the newest are a soak.
ENDS = [
    pytest.param(each, marks=[] if each in (PYTHONS[0], PYTHONS[-1]) else [pytest.mark.soak])
    for each in PYTHONS
]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@as_it_is
def test_a_second_build_gives_the_same_bytes(
    fresh_command: Command, neko_out: Path, tmp_path: Path, target: tuple[str, ...]
) -> None:
    again = tmp_path / "again"
    uv_cache = subprocess.run([find_uv(), "cache", "dir"], capture_output=True, text=True)
    # Nothing cached but downloads, and another folder, time zone, locale and hash seed.
    done = fresh_command(
        *("build", NEKO, "-o", again, *target),
        cwd=tmp_path,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
        UV_CACHE_DIR=uv_cache.stdout.strip(),
        PYTHONHASHSEED="7",
        TZ="Asia/Tokyo",
        LC_ALL="C",
    )
    assert done.returncode == 0, done.stderr.decode()
    assert digest(again / "NekoFunction.zip") == digest(neko_out / "NekoFunction.zip")


def test_neko_is_small(neko_out: Path) -> None:
    assert (neko_out / "NekoFunction.zip").stat().st_size < MEGABYTE


def test_the_zip_holds_what_the_folder_does(neko_out: Path, neko: Path) -> None:
    with zipfile.ZipFile(neko_out / "NekoFunction.zip") as archive:
        zipped = {name: archive.read(name) for name in archive.namelist()}
    files = {
        path.relative_to(neko).as_posix(): path.read_bytes()
        for path in neko.rglob("*")
        if path.is_file()
    }
    assert zipped == files
    assert {"endpoint_runtime/_bundle.py", "plugin/manifest.yaml", "werkzeug/__init__.py"} <= {
        *zipped
    }
    assert not [name for name in zipped if name == "bootstrap"]


@as_it_is
def test_what_lambda_starts_is_executable(neko_out: Path, neko: Path) -> None:
    with zipfile.ZipFile(neko_out / "NekoFunction.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert oct(modes["start_fast"]) == oct((neko / "start_fast").stat().st_mode) == "0o100755"
    assert (neko / "start_fast").read_bytes().startswith(b"#!/bin/sh\n")


def test_a_clean_interpreter_runs_what_is_in_the_zip(
    neko_out: Path, tmp_path: Path, interpreter: Interpreter
) -> None:
    root = tmp_path / "task"
    with zipfile.ZipFile(neko_out / "NekoFunction.zip") as archive:
        archive.extractall(root)
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); "
        "from endpoint_runtime.lambda_handler import handler; "
        "print(json.dumps(handler(json.loads(sys.argv[2]), None)))"
    )
    event = json.dumps(make_event("GET", "/qr?text=nyan"))
    done = subprocess.run(
        [interpreter.path, "-I", "-S", "-B", "-c", program, root, event],
        cwd=root,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    reply = json.loads(done.stdout.splitlines()[-1])
    assert (reply["statusCode"], reply["body"][:5]) == (200, "<?xml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [find_uv(), "build", "--wheel", "--quiet", "-o", folder, ROOT],
        check=True,
        env={**os.environ, "UV_PYTHON": sys.executable},
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_one_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert top == {"packager"}
    # PyPI's `packager` is another project, so the distribution has a name of its own.
    assert wheel.name.startswith("dify_packager-")
    assert "packager/handler_template/endpoint_runtime/lambda_handler.py" in names
    assert not [name for name in names if "__pycache__" in name]


def test_there_is_a_python_to_install_the_wheel_for() -> None:
    assert PYTHONS


@as_it_is
@pytest.mark.parametrize("python", ENDS)
def test_the_installed_wheel_builds_the_same_on_any_python(
    wheel: Path, python: str, neko_out: Path, tmp_path: Path, target: tuple[str, ...]
) -> None:
    interpreter = find_interpreter(python)
    assert interpreter is not None
    venv = tmp_path / "venv"
    uv = [find_uv(), "--quiet"]
    subprocess.run([*uv, "venv", "--python", interpreter.path, venv], check=True)
    subprocess.run([*uv, "pip", "install", "--python", venv / "bin/python", wheel], check=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [venv / "bin/packager", "build", NEKO, "-o", "out", *target],
        cwd=elsewhere,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # of modules that are loaded once
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    built = elsewhere / "out/NekoFunction.zip"
    assert digest(built) == digest(neko_out / "NekoFunction.zip")


def test_neko_without_the_import_diet_answers_the_same(
    build: Build, neko: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "neko"
    shutil.copytree(NEKO, plugin)
    text = (plugin / "packager.toml").read_text()
    (plugin / "packager.toml").write_text(f"diet = false\n{text}")
    bundle = build(plugin) / "NekoFunction"
    literals = [
        (folder / "endpoint_runtime" / "_bundle.py").read_text() for folder in (neko, bundle)
    ]
    assert "DIET = 'werkzeug 3." in literals[0]
    assert "DIET = ''" in literals[1]
    for request in (("GET", "/duck/42"), ("GET", "/dog"), ("PUT", "/mood/happy"), ("GET", "/neko")):
        event = make_event(*request, payload="2.0")
        replies = [invoke_bundle(folder, event, env={}).reply for folder in (neko, bundle)]
        assert replies[0] == replies[1]
