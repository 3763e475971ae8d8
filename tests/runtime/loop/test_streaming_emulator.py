"""Streamed replies under AWS's Runtime Interface Emulator, in both of its modes.

The usual mode buffers and drops error trailers. The managed-instances mode (which the variable
AWS_LAMBDA_MAX_CONCURRENCY asks for) tells of them; it runs nothing but a `bootstrap` in folders of
the system's, as a user of its own: that needs root, and a namespace with such folders.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import fast_bundle
from tests.support.builders import url
from tests.support.hostile_api import RuntimeServer
from tests.support.loop_process import environment
from tests.support.ports import free_ports
from tests.support.rie import PATH, emulator_path, wait_for
from tests.support.runtime.streams import MIDWAY, MIXED, TICKS

Invoke = Callable[[str], tuple[int, bytes]]
ENDPOINTS = {
    "ticks": TICKS,
    "mixed": MIXED,
    "midway": MIDWAY,
    "none": "return Response(status=204)",
    "large": "return Response(b'x' * 50_000 for _ in range(100))",
}
NAMES = [*ENDPOINTS, "unknown", "ticks"]
# Folders of its own over /var: the bundle, the interpreter, and what starts one with the other.
NAMESPACE = """
mount -t tmpfs tmpfs /var && mkdir /var/task /var/runtime /var/lang &&
mount --bind "$1" /var/task && mount --bind "$2" /var/lang &&
printf '#!/bin/sh\\nexec /var/task/start_fast /var/lang/bin/%s /var/runtime/x.py\\n' "$3" \
  > /var/runtime/bootstrap && chmod 755 /var /var/* /var/runtime/bootstrap && cd /var/task &&
shift 3 && exec "$@"
"""
MANAGED = os.geteuid() == 0 and shutil.which("unshare") is not None


@contextmanager
def running(bundle: Path, log: Path, *, managed: bool) -> Iterator[Invoke]:
    api, address = (f"127.0.0.1:{port}" for port in free_ports(2))
    env = environment(api) | {"AWS_LAMBDA_FUNCTION_TIMEOUT": "20"}
    command = [
        str(emulator_path()),
        *("--runtime-interface-emulator-address", address, "--runtime-api-address", api),
        *(str(bundle / "start_fast"), sys.executable, "/var/runtime/bootstrap.py"),
        "endpoint_runtime.lambda_handler.handler",
    ]
    if managed:
        env |= {"AWS_LAMBDA_MAX_CONCURRENCY": "1"}
        python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        space = ["unshare", "--mount", "sh", "-c", NAMESPACE, "sh"]
        command = [*space, str(bundle), sys.base_prefix, python, *command]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=bundle, env=env, stdout=stream, stderr=stream, start_new_session=True
        )

    def invoke(name: str) -> tuple[int, bytes]:
        for _ in range(100):
            connection = http.client.HTTPConnection(address, timeout=20)
            connection.request("POST", PATH, json.dumps(url(path=f"/{name}")))
            response = connection.getresponse()
            status, body = response.status, response.read()
            connection.close()
            if b"Runtime.Unavailable" not in body:  # it is not waiting for work yet
                break
            time.sleep(0.05)
        return status, body

    try:
        wait_for(address, process)
        yield invoke
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "managed",
    [
        False,
        pytest.param(True, marks=pytest.mark.skipif(not MANAGED, reason="needs root")),
    ],
    ids=["usual", "managed instances"],
)
def test_the_bytes_are_the_same(tmp_path: Path, managed: bool) -> None:
    bundle = fast_bundle.write(tmp_path, ENDPOINTS)
    with RuntimeServer([fast_bundle.request(n, f"{n}-{i}") for i, n in enumerate(NAMES)]) as server:
        fast_bundle.run(bundle, server)
    assert server.violations == []

    with running(bundle, tmp_path / "log", managed=managed) as invoke:
        for number, name in enumerate(NAMES):
            status, body = invoke(name)
            expected = server.streamed(f"{name}-{number}")
            if managed and expected.error is not None:
                assert json.loads(body)["errorType"] == expected.error[0]
            else:
                assert (status, body) == (200, expected.data)
