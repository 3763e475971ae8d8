"""Runs a bundle behind AWS's Runtime Interface Emulator, the one that aws-sam-cli's wheel holds."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import samcli  # type: ignore[import-untyped]

from packager.bundle.read import read_bundle
from packager.host.interpreter import find_interpreter
from packager.local.function_start import function_command, function_environment
from packager.local.stock_client import client_folder
from packager.local.streamed_reply import whole_reply
from tests.support.ports import free_ports

PATH = "/2015-03-31/functions/function/invocations"


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: `address` takes events, `log_path` has what it and the function wrote."""

    address: str
    log_path: Path

    def invoke(self, event: object) -> Any:
        """Post an event and return the function's answer; a streamed one in one piece."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request("POST", PATH, json.dumps(event).encode())
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        assert response.status == 200, body
        # The emulator hands a stream on as it was sent: no JSON has a NUL.
        head, nuls, streamed = body.partition(bytes(8))
        return whole_reply(json.loads(head), streamed) if nuls else json.loads(body)

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8")


def emulator_path() -> Path:
    """Return the emulator's program for this machine."""
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return Path(samcli.__file__).parent / "local/rapid" / f"aws-lambda-rie-{machine}"


@contextlib.contextmanager
def emulator(folder: Path, log_path: Path, env: Mapping[str, str]) -> Iterator[Emulator]:
    """Start the emulator for the bundle in `folder`, and stop it and the function at the end."""
    bundle = read_bundle(folder)
    interpreter = find_interpreter(bundle.python)
    assert interpreter is not None
    client = client_folder(interpreter) if bundle.entry == "stock" else None
    runtime_api, address = (f"127.0.0.1:{port}" for port in free_ports(2))
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [
                emulator_path(),
                *("--runtime-api-address", runtime_api),
                *("--runtime-interface-emulator-address", address),
                *function_command(bundle, interpreter, client),
            ],
            cwd=folder,
            env=function_environment(bundle, env, runtime_api, client),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(address, process)
        yield Emulator(address, log_path)
    finally:
        # The function's process, in a session of its own, ends with the emulator's Runtime API.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    host, port = address.split(":")
    for _ in range(500):
        assert process.poll() is None, "the emulator did not start"
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.02)
    raise AssertionError("the emulator does not listen")
