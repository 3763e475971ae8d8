"""The fast entry under AWS's Runtime Interface Emulator.

Its managed-instances mode, which needs root as of aws-sam-cli 1.151, is test_streaming_emulator's.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.loop_process import environment, write_bundle
from tests.support.ports import free_ports
from tests.support.rie import emulator_path

HANDLER = """
import os

def handler(event, context):
    case = event.get("case")
    if case == "raise":
        raise ValueError("no luck")
    if case == "large":
        return "x" * 7_000_000
    if case == "exit":
        raise SystemExit(4)
    return {
        "event": event,
        "pid": os.getpid(),
        "id": len(context.aws_request_id),
        "time": 0 < context.get_remaining_time_in_millis() <= 9000,
        "function": context.function_name,
    }
"""


class Function:
    def __init__(self, port: int, log: Path) -> None:
        self._port = port
        self._log = log

    def invoke(self, payload: bytes) -> tuple[int, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", payload)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def log(self) -> str:
        return self._log.read_bytes().decode()  # carriage returns and all


@contextmanager
def running(tmp_path: Path, handler: str, **env: str) -> Iterator[Function]:
    bundle = write_bundle(tmp_path / "bundle", handler)
    port, api_port = free_ports(2)
    variables = environment(f"127.0.0.1:{api_port}", **env)
    variables |= {"LAMBDA_TASK_ROOT": str(bundle), "AWS_LAMBDA_FUNCTION_TIMEOUT": "9"}
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [
                str(emulator_path()),
                *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
                *("--runtime-api-address", f"127.0.0.1:{api_port}"),
                *(str(bundle / "start_fast"), sys.executable),
                *("/var/runtime/bootstrap.py", "endpoint_runtime.lambda_handler.handler"),
            ],
            cwd=bundle,
            env=variables,
            stdout=stream,
            stderr=stream,
        )
    try:
        deadline = time.monotonic() + 10
        while True:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield Function(port, log)
    finally:
        process.terminate()
        process.wait(10)


def test_it_serves_under_the_emulator(tmp_path: Path) -> None:
    with running(tmp_path, HANDLER) as function:
        status, first = function.invoke('{"n": "\u00e4"}'.encode())
        assert isinstance(first, dict)
        pid = first.pop("pid")
        assert (status, first) == (
            200,
            {"event": {"n": "\u00e4"}, "id": 36, "time": True, "function": "test"},
        )

        status, failed = function.invoke(b'{"case": "raise"}')
        assert isinstance(failed, dict)
        assert len(failed.pop("requestId")) == 36
        assert (status, failed) == (
            200,
            {
                "errorMessage": "no luck",
                "errorType": "ValueError",
                "stackTrace": [
                    f'  File "{tmp_path}/bundle/endpoint_runtime/lambda_handler.py", line 7,'
                    ' in handler\n    raise ValueError("no luck")\n'
                ],
            },
        )

        _, large = function.invoke(b'{"case": "large"}')
        assert isinstance(large, dict)
        assert large["errorType"] == "Function.ResponseSizeTooLarge"

        _, malformed = function.invoke(b"no json")
        assert isinstance(malformed, dict)
        assert malformed["errorType"] == "Runtime.UnmarshalError"

        _, still = function.invoke(b"{}")
        assert isinstance(still, dict)
        assert still["pid"] == pid  # through all of this it was one process

        _, gone = function.invoke(b'{"case": "exit"}')
        assert isinstance(gone, dict)
        assert gone["errorType"] == "Runtime.ExitError"
        assert gone["errorMessage"].endswith("Runtime exited with error: exit status 4")

        _, fresh = function.invoke(b"{}")
        assert isinstance(fresh, dict)
        assert fresh["pid"] != pid
        assert "[ERROR] ValueError: no luck\rTraceback (most recent call last):\r" in function.log()


def test_a_start_that_fails_is_reported_under_the_emulator(tmp_path: Path) -> None:
    with running(tmp_path, "import not_there\n") as function:
        _, failed = function.invoke(b"{}")

        assert isinstance(failed, dict)
        assert failed["errorType"] == "Runtime.ImportModuleError"
        assert failed["errorMessage"] == (
            "Unable to import module 'endpoint_runtime.lambda_handler': No module named 'not_there'"
        )
