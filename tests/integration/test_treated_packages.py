"""Packages on the import diet show and take what they do untreated: most of them in a soak.

Those of the table, in their newest listed releases, which uv fetches and keeps in the user's cache.
Their own tests are `make diet-verify`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from packager.contract import template_folder
from packager.dependencies.diet.packages import rules_of, verified
from packager.host.bytecode import compile_files
from packager.host.interpreter import SUPPORTED_PYTHONS, Interpreter, find_interpreter
from packager.host.uv import run_uv

FACE = Path(__file__).parent / "diet" / "package_face.py"
PYTHONS = [python for python in SUPPORTED_PYTHONS if find_interpreter(python)]
# Hundreds of modules; slack-sdk needs much for all of its own.
LONG = ("botocore", "line-bot-sdk", "mcp", "openai", "redis", "slack-bolt", "slack-sdk")
NEEDED = {
    "httpcore": ("anyio",),
    "mcp": ("mcp[cli]",),
    "openai": ("aiohttp", "numpy", "websockets"),
    "redis": ("cryptography", "pybreaker", "pyjwt", "requests", "xxhash"),
    "slack-bolt": ("aiohttp", "websocket-client", "websockets"),
    "slack-sdk": ("aiohttp", "boto3", "sqlalchemy[asyncio]", "websocket-client", "websockets"),
}
# Between them they have every kind of rule but `eager`, which pydantic has: it is in the bundles of
# tests/integration/test_sdk_real.py.
TELLING = ("httpx", "jinja2", "pycryptodome", "pynacl")
OTHERS = tuple(name for name in verified() if name not in (*LONG, *TELLING))
ONCE_MORE = [
    *(pytest.param(python, (*TELLING, *OTHERS), id=python) for python in PYTHONS[:-1]),
    *(pytest.param(python, LONG, id=f"{python} long") for python in PYTHONS),
]


def install(folder: Path, names: tuple[str, ...], interpreter: Interpreter) -> None:
    """Put packages, what they need, and what treated modules call into a folder."""
    newest = [f"{name}=={max(verified()[name]['releases'], key=Version)}" for name in names]
    newest += [each for name in names for each in NEEDED.get(name, ())]
    where = ("--python", str(interpreter.path), "--target", str(folder))
    done = run_uv(("pip", "install", "--quiet", *where, *newest), cwd=Path("/"))
    assert done.code == 0, done.problem
    (folder / "endpoint_runtime").mkdir()
    (folder / "endpoint_runtime" / "__init__.py").touch()
    for module in ("waiting.py", "entry_points.py"):
        runtime = template_folder() / "endpoint_runtime" / module
        shutil.copy2(runtime, folder / "endpoint_runtime")


def treat(folder: Path, name: str, interpreter: Interpreter) -> None:
    """Have a package's imports wait."""
    entry = verified()[name]
    skip = tuple(entry.get("skip", ())) or ("\0",)
    sources = [
        path.relative_to(folder).as_posix()
        for module in entry["modules"]
        for path in [*(folder / module).rglob("*.py"), *folder.glob(f"{module}.py")]
    ]
    treated = sorted(path for path in sources if not path.startswith(skip))
    compile_files(interpreter, folder, treated, waiting=rules_of(entry))


def face_of(folder: Path, name: str, interpreter: Interpreter) -> dict[str, Any]:
    """Return what a package shows; the bytecode of what it needs stays for the others."""
    done = subprocess.run(
        [
            *(interpreter.path, "-I", "-S", "-W", "ignore", FACE, folder),
            *verified()[name]["modules"],
        ],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare(folder: Path, names: tuple[str, ...], python: str) -> None:
    """Assert that nothing but the imports of packages is different, in a folder for all of them."""
    interpreter = find_interpreter(python)
    assert interpreter is not None
    install(folder / "plain", names, interpreter)
    before = {name: face_of(folder / "plain", name, interpreter) for name in names}
    shutil.copytree(folder / "plain", folder / "treated")
    for name in names:
        treat(folder / "treated", name, interpreter)

    for name, plain in before.items():
        treated = face_of(folder / "treated", name, interpreter)

        assert (plain.pop("waiting"), treated.pop("waiting") > 0) == (0, True), name
        for module in plain:
            assert treated[module] == plain[module], module
        assert treated.keys() == plain.keys()
        raced = {key: value for key, value in plain.items() if key.startswith("threads: ")}
        assert {*raced.values()} == {"the same"}


def test_nothing_but_the_imports_is_different(tmp_path: Path) -> None:
    compare(tmp_path, TELLING, PYTHONS[-1])


@pytest.mark.soak
def test_nor_is_anything_in_the_others(tmp_path: Path) -> None:
    compare(tmp_path, OTHERS, PYTHONS[-1])


@pytest.mark.soak
@pytest.mark.parametrize(("python", "names"), ONCE_MORE)
def test_nor_is_it_on_each_python(tmp_path: Path, python: str, names: tuple[str, ...]) -> None:
    """For which `make soak` has no time with SECONDS."""
    compare(tmp_path, names, python)
