"""`--debug`: a function that waits for a debugger, and stops where its user says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.host.interpreter import Interpreter
from packager.local.debugger import bring_debugger
from tests.support.debug_client import DebugClient
from tests.support.examples import NEKO, ROOT
from tests.support.ports import free_ports
from tests.support.served import served


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory, interpreter: Interpreter) -> Path:
    bring_debugger(interpreter)  # the tests' patience is not for downloads
    return Path(shutil.copytree(NEKO, tmp_path_factory.mktemp("debug") / "neko"))


def stop_and_go_on(client: DebugClient, source: Path, line: int) -> None:
    stopped = client.event("stopped")
    assert stopped["reason"] == "breakpoint"
    [frame, *_] = client.ask("stackTrace", {"threadId": stopped["threadId"]})["stackFrames"]
    assert (frame["source"]["path"], frame["line"]) == (str(source), line)
    found = client.ask("evaluate", {"expression": "values['app_id']", "frameId": frame["id"]})
    assert found["result"] == "'42'"
    client.ask("continue", {"threadId": stopped["threadId"]})


def breakpoint_of(plugin: Path) -> tuple[Path, int]:
    source = plugin / "endpoints" / "duck.py"
    lines = source.read_text().splitlines()
    return source, next(n for n, text in enumerate(lines, 1) if 'values["app_id"]' in text)


def test_invoke(plugin: Path, interpreter: Interpreter) -> None:
    source, line = breakpoint_of(plugin)
    [port] = free_ports(1)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "packager", "invoke", plugin, "--runtime", interpreter.python),
            *("--request", "GET /duck/42", "--debug", "--debug-port", str(port)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with DebugClient(port) as client:
        client.attach(source, line)
        stop_and_go_on(client, source, line)
        out, said = process.communicate(timeout=60)
    assert (out, process.returncode) == (b"42 <br>", 0), said.decode()
    assert f"waiting for a debugger on 127.0.0.1:{port}".encode() in said


def test_serve(plugin: Path, interpreter: Interpreter) -> None:
    source, line = breakpoint_of(plugin)
    [port] = free_ports(1)
    options = ("--runtime", interpreter.python, "--debug", "NekoFunction", "--debug-port", port)
    with served(plugin, *options) as server, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.send, "GET", "/duck/42")
        with DebugClient(port) as client:
            client.attach(source, line)
            stop_and_go_on(client, source, line)
            assert answer.result(60).body == b"42 <br>"
            # The same process answers on.
            answer = pool.submit(server.send, "GET", "/duck/42")
            stop_and_go_on(client, source, line)
            assert answer.result(60).body == b"42 <br>"
        assert server.stop() == 0
