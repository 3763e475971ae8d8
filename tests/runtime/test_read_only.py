"""Bundles run where nothing but /tmp can be written to, as on Lambda."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime.logs.read_only_hint import NOTE, explain
from tests.support.builders import Bundle, endpoint, url
from tests.support.capabilities import drop_override


def run_read_only(
    made: Bundle, event: dict[str, Any], temporary: Path, *, code: str = ""
) -> tuple[Any, str]:
    """Have a bundle's handler answer in a process that can't write to it; its reply and its log."""
    script = code + (
        "import json, os, sys\n"
        "assert not os.access('.', os.W_OK)\n"
        "from endpoint_runtime.lambda_handler import handler\n"
        f"print(json.dumps(handler({event!r}, None)))\n"
    )
    inside = [made.folder, *made.folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in inside}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            cwd=made.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(made.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                "TMPDIR": str(temporary),
            },
            preexec_fn=drop_override,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


MakeBundle = Callable[..., Bundle]


def served(bundle: MakeBundle, source: str, tmp_path: Path) -> tuple[Any, str]:
    made = bundle({"e.py": source}, ROUTES=(("/", "GET", "e.py"),))
    return run_read_only(made, url(path="/"), tmp_path)


def test_a_plugin_that_writes_nothing(bundle: MakeBundle, tmp_path: Path) -> None:
    reply, log = served(bundle, endpoint("return Response('fine')"), tmp_path)

    assert (reply["statusCode"], reply["body"]) == (200, "fine")
    assert NOTE not in log


def test_tmp_is_writable(bundle: MakeBundle, tmp_path: Path) -> None:
    writes = """
import tempfile
with tempfile.NamedTemporaryFile() as file:
    return Response(file.name)
"""
    reply, _ = served(bundle, endpoint(writes), tmp_path)

    assert reply["body"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    "write",
    [
        "open('plugin.log', 'w')",
        "open(__file__ + '.log', 'a')",
        "open('e.py', 'r+')",
        "__import__('os').mkdir('cache')",
        "__import__('os').remove('e.py')",
        "__import__('logging').FileHandler('plugin.log')",
        "__import__('sqlite3').connect('a.db').execute('create table t (a)')",
    ],
)
def test_a_write_elsewhere_says_so(bundle: MakeBundle, tmp_path: Path, write: str) -> None:
    reply, log = served(bundle, endpoint(f"{write}\nreturn Response('no')"), tmp_path)

    assert reply["statusCode"] == 500
    assert "e.py failed\nTraceback (most recent call last):" in log
    assert log.count(NOTE) == 1


def test_a_write_at_import_says_so(bundle: MakeBundle, tmp_path: Path) -> None:
    source = "import logging\nlogging.basicConfig(filename='plugin.log')\n"
    reply, log = served(bundle, source + endpoint("return Response('no')"), tmp_path)

    assert reply["statusCode"] == 500
    assert "e.py can't be loaded" in log
    assert log.count(NOTE) == 1


def test_a_write_behind_another_error(bundle: MakeBundle, tmp_path: Path) -> None:
    wrapped = """
try:
    open('state.json', 'w')
except OSError as fault:
    raise RuntimeError('no state') from fault
"""
    _, log = served(bundle, endpoint(wrapped), tmp_path)

    assert log.count(NOTE) == 1


def test_other_errors_have_no_note(tmp_path: Path) -> None:
    missing = FileNotFoundError(2, "No such file or directory", str(tmp_path / "none"))
    for fault in (missing, PermissionError(13, "Permission denied"), ValueError("readonly")):
        explain(fault)
        assert not hasattr(fault, "__notes__")


def test_a_read_only_file_system(tmp_path: Path) -> None:
    fault = OSError(30, "Read-only file system", "/var/task/plugin/a.log")

    explain(fault)
    explain(fault)

    assert fault.__notes__ == [NOTE]
