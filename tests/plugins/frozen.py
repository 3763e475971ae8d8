"""A function URL whose function streams, and is frozen whenever it waits: what Lambda does.

The Runtime API is packager's own. When the process asks for the next invocation it is stopped
(SIGSTOP), and goes on (SIGCONT) when there is one.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from packager.bundle.read import read_bundle
from packager.host.interpreter import find_interpreter
from packager.local.function_start import function_command, function_environment
from packager.local.http_reply import HttpReply, read_reply
from packager.local.request_event import make_event
from packager.local.runtime_api_server import Answer, Failure, Ready, RuntimeApi
from packager.local.stock_client import client_folder

ARN = "arn:aws:lambda:us-east-1:123456789012:function:test"


class _FreezingApi(RuntimeApi):
    """What the process does, and the parts of its streamed replies, are in `outcomes`, in order."""

    def __init__(self) -> None:
        super().__init__(lambda part: self.outcomes.put(part))  # type: ignore[arg-type]
        self.pid = 0

    def take_next(self) -> Any:
        os.kill(self.pid, signal.SIGSTOP)
        invocation = super().take_next()
        os.kill(self.pid, signal.SIGCONT)
        return invocation


@dataclass
class Function:
    """A running function, reached at `url`."""

    url: str
    log_path: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    @property
    def is_frozen(self) -> bool:
        """Whether the process is stopped (proc(5): the third field is its state)."""
        status = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8")
        return status.rpartition(")")[2].split()[0] == "T"

    def wait_until_frozen(self) -> None:
        for _ in range(2000):
            if self.is_frozen:
                return
            time.sleep(0.01)
        raise AssertionError(f"the function is not done:\n{self.log}")


@contextlib.contextmanager
def function(folder: Path, log_path: Path, env: Mapping[str, str]) -> Iterator[Function]:
    """Run the bundle in `folder`, its URL on a free port of 127.0.0.1; stop both at the end."""
    bundle = read_bundle(folder)
    interpreter = find_interpreter(bundle.python)
    assert interpreter is not None
    client = client_folder(interpreter) if bundle.entry == "stock" else None
    api = _FreezingApi()
    with api, log_path.open("wb") as log:
        variables = function_environment(bundle, env, api.address, client)
        gate = subprocess.Popen(  # no invocation is asked for before `pid` is known
            [
                "/bin/sh",
                "-c",
                'read go; exec "$@"',
                "-",
                *function_command(bundle, interpreter, client),
            ],
            cwd=folder,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        api.pid = gate.pid
        assert gate.stdin is not None
        gate.stdin.write(b"\n")
        gate.stdin.close()
        server = _Server(api, bundle.timeout)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            host, port = server.server_address[:2]
            yield Function(f"http://{host!s}:{port}", log_path, gate)
        finally:
            gate.kill()
            gate.wait()
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: _FreezingApi, timeout: int) -> None:
        self.api, self.seconds = api, timeout
        self.one_at_a_time = threading.Lock()  # an execution environment takes one event at once
        super().__init__(("127.0.0.1", 0), _Handler)

    def invoke(self, event: object) -> Iterator[HttpReply | bytes]:
        """Yield the reply: its head with what there is of its body, then the rest as it comes."""
        self.api.offer(
            json.dumps(event).encode(),
            request_id=str(uuid4()),
            deadline_ms=int((time.time() + self.seconds) * 1000),
            arn=ARN,
        )
        while True:
            try:
                what: Any = self.api.outcomes.get(timeout=self.seconds + 30)
            except queue.Empty:
                raise AssertionError("the function does not answer") from None
            if isinstance(what, Ready):
                continue
            assert not isinstance(what, Failure), what
            if isinstance(what, bytes):
                yield what
                continue
            if isinstance(what, Answer) and what.streamed:
                return
            answer = json.loads(what.payload) if isinstance(what, Answer) else what
            reply = read_reply(answer)
            assert reply is not None, "every request is answered"
            yield reply
            if isinstance(what, Answer):
                return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = [pair for pair in self.headers.items() if pair[0].lower() != "host"]
        event = make_event(self.command, self.path, headers, body, "url")
        with self.server.one_at_a_time:
            for part in self.server.invoke(event):
                if isinstance(part, HttpReply):
                    self._begin(part)
                    part = part.body
                if part:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def _begin(self, reply: HttpReply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    do_GET = do_POST = do_DELETE = do_OPTIONS = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
