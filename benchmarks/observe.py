"""What metrics and traces cost: CPU time of whole requests, through the fast entry's own loop.

    python -m benchmarks.observe [--rounds 400] [--write]

One process serves the same requests behind a Runtime API that does next to nothing, writes the
frames of its log into a pipe and, where it traces, datagrams to an address that takes them, as on
Lambda. In between, a request to an endpoint of its own has it observe what the next of `CASES`
says: two processes differ by more than what is measured. Every round asks for a batch of each, in
an order that moves on. CPU time is the kernel's of that process; as others on the machine only ever
add to it, the least batch counts, and a second turn without either says how far that is to be
trusted (A/A). `GET /plain` answers a text; `GET /call` asks an app of Dify first, over a connection
that is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.page import RESULTS, write_page
from benchmarks.warm import target_python
from tests.support.builders import url
from tests.support.fast_bundle import write
from tests.support.loop_process import environment, fast_command

OFF = "without"
ROOT = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=53995c3f42cd8ad8"
# name: what is observed, and whether the trace is sampled
CASES: dict[str, tuple[tuple[str, ...], bool]] = {
    OFF: ((), True),
    "without, again": ((), True),
    "metrics": (("metrics",), True),
    "tracing": (("tracing",), True),
    "tracing, not sampled": (("tracing",), False),
    "metrics and tracing": (("metrics", "tracing"), True),
}
BATCH = 20  # requests
WARM_UP = 3  # requests before them, which make what is made once
ENDPOINTS = {
    "plain": "return Response('ok')",
    "call": (
        "said = self.session.app.workflow.invoke("
        "app_id='app', inputs={'a': 1}, response_mode='blocking')\n"
        "return Response(said['data']['status'])"
    ),
    "observe": (
        "from endpoint_runtime import process\n"
        "from endpoint_runtime.logs import report\n"
        "from endpoint_runtime.observe.attach import attach\n"
        "plain = report.log_request\n"
        "---\n"
        "report.log_request, process.observe_call = plain, None\n"
        "attach(r.get_data(as_text=True).split())\n"
        "return Response('observed')"
    ),
}
MEASURED = ("plain", "call")
_ANSWER = json.dumps({"workflow_run_id": "1", "data": {"status": "succeeded", "outputs": {}}})


class Api:
    """A Runtime API for one process: hands out the same event as often as it is told to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._stream: Any = None

    def serve(self, event: bytes, trace: str, count: int = 1) -> None:
        """Have the process answer `event` so often; it has asked for the next one then."""
        if self._stream is None:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._stream = connection.makefile("rwb", buffering=1 << 16)
            self._next()
        for number in range(count):
            deadline = int(time.time() * 1000) + 30_000
            self._send(
                "200 OK",
                event,
                f"Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-{number:012d}\r\n"
                f"Lambda-Runtime-Deadline-Ms: {deadline}\r\n"
                f"Lambda-Runtime-Trace-Id: {trace}\r\n",
            )
            head, body = read_message(self._stream)
            if b"/response HTTP" not in head or b'"statusCode":200' not in body.replace(b" ", b""):
                raise RuntimeError(f"{head!r}: {body[:500]!r}")
            self._send("202 Accepted", b"{}")
            self._next()

    def _next(self) -> None:
        head, _ = read_message(self._stream)
        if b"/invocation/next HTTP" not in head:
            raise RuntimeError(f"not a request for the next invocation: {head!r}")

    def _send(self, status: str, body: bytes, headers: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self._stream.write(head.encode() + body)
        self._stream.flush()


def read_message(stream: Any) -> tuple[bytes, bytes]:
    """Return the first line and the body of what comes; raise EOFError where nothing does."""
    first = stream.readline()
    if not first:
        raise EOFError("the process has ended")
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return first, stream.read(length)


def _serve_dify(listener: socket.socket) -> None:
    """Answer every call at once, on any number of connections."""

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            body = _ANSWER.encode()
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            )
            try:
                while True:
                    read_message(stream)
                    stream.write(head.encode() + b"\r\n\r\n" + body)
                    stream.flush()
            except (EOFError, OSError):
                return

    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # it is closed
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def _drain(read: Any) -> None:
    try:
        while read():
            pass
    except OSError:
        return


def measure(route: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return, by case, CPU us a request, and how much more that is than the first case's."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="observe-")))
        process, api = _start(folder, stack)
        event = json.dumps(url(path=f"/{route}")).encode()
        least: dict[str, float] = {}
        names = [*CASES]
        for turn in range(rounds + 1):
            at = turn % len(names)
            for name in names[at:] + names[:at]:
                observed, sampled = CASES[name]
                trace = f"{ROOT};Sampled={int(sampled)}"
                switch = url(path="/observe", method="POST", body=" ".join(observed))
                api.serve(json.dumps(switch).encode(), trace)
                api.serve(event, trace, WARM_UP)
                before = cpu_ns(process.pid)
                api.serve(event, trace, BATCH)
                us = (cpu_ns(process.pid) - before) / BATCH / 1000
                least[name] = min(us, least.get(name, us))
    return {
        name: {"us": round(us, 1), "more": round(us - least[OFF], 1)} for name, us in least.items()
    }


def _start(folder: Path, stack: ExitStack) -> tuple[subprocess.Popen[bytes], Api]:
    """Start the function, and all that it speaks to."""
    dify = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    threading.Thread(target=_serve_dify, args=(dify,), daemon=True).start()
    daemon = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    daemon.bind(("127.0.0.1", 0))
    threading.Thread(target=_drain, args=(lambda: daemon.recv(65536),), daemon=True).start()
    bundle = write(
        folder,
        ENDPOINTS,
        STREAM=False,
        DIFY_BASE_URL=f"http://127.0.0.1:{dify.getsockname()[1]}/v1",
        APPS={"app": ("literal", "app-key")},
    )
    api = Api()
    reader, writer = os.pipe()
    threading.Thread(target=_drain, args=(lambda: os.read(reader, 1 << 16),), daemon=True).start()
    variables = environment(
        api.address,
        AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{daemon.getsockname()[1]}",
        _LAMBDA_TELEMETRY_LOG_FD=str(writer),
    )
    command = fast_command(bundle, target_python().path)
    process = subprocess.Popen(command, cwd=bundle, env=variables, pass_fds=(writer,))
    os.close(writer)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process, api


def cpu_ns(pid: int) -> int:
    """Return how long a process was on a CPU ("/proc/PID/schedstat" of the kernel)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--write", action="store_true", help="keep the results, write the page")
    options = parser.parse_args()
    machine = describe_machine(target_python())
    found = {route: measure(route, options.rounds) for route in MEASURED}
    for route, cases in found.items():
        for name, row in cases.items():
            print(f"GET /{route:6} {name:22} {row['us']:7.1f} us ({row['more']:+.1f})", flush=True)
    if options.write:
        record = {**machine, "rounds": options.rounds, "batch": BATCH, "us": found}
        (RESULTS / "observe.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        write_page()


if __name__ == "__main__":
    main()
