"""A bundle served by either entry: its calls, its log and its exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from packager.host.interpreter import Interpreter, find_interpreter
from tests.support.hostile_api import RuntimeServer, Step
from tests.support.loop_process import (
    environment,
    fast_command,
    start,
    stock_client,
    stock_command,
)

PYTHON = Path(sys.executable)
HANDLER = "endpoint_runtime.lambda_handler.handler"


def interpreter() -> Interpreter:
    found = find_interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert found is not None
    return found


def serve(
    bundle: Path, steps: Iterable[Step], entry: str, **env: str
) -> tuple[list[str], list[str], int]:
    """The calls that the API got, with the bodies of replies; the log; the exit code."""
    if entry == "stock":
        env["PYTHONPATH"] = f"{bundle}:{stock_client(interpreter())}"
        command = stock_command(PYTHON, HANDLER)
    else:
        command = fast_command(bundle, PYTHON)
    with RuntimeServer(steps) as server:
        process = start(command, bundle, environment(server.address, **env))
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        calls = []
        for each in server.requests:
            said = ""
            if each.method == "POST":
                body = json.loads(each.body)
                said = ": " + (body["body"] if "body" in body else body["errorMessage"])
            calls.append(each.call + said)
    return calls, (out + err).decode().splitlines(), process.returncode
