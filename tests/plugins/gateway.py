"""An HTTP server in front of a bundle that AWS's emulator runs: what a function URL is to clients.

Clients that nobody here wrote talk HTTP; the function gets events, and its replies become HTTP.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from packager.local.http_reply import read_reply
from packager.local.request_event import make_event
from tests.support.rie import Emulator, emulator


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where clients reach the function, and the emulator behind it."""

    url: str
    emulator: Emulator


@contextlib.contextmanager
def gateway(folder: Path, log_path: Path, env: Mapping[str, str]) -> Iterator[Gateway]:
    """Serve the bundle in `folder` on a free port of 127.0.0.1, and stop at the end."""
    with emulator(folder, log_path, env) as running:
        server = _Server(running)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            host, port = server.server_address[:2]
            yield Gateway(f"http://{host!s}:{port}", running)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, running: Emulator) -> None:
        self.running = running
        self.one_at_a_time = threading.Lock()  # an execution environment takes one event at once
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = [pair for pair in self.headers.items() if pair[0].lower() != "host"]
        event = make_event(self.command, self.path, headers, body, "url")
        with self.server.one_at_a_time:
            reply = read_reply(self.server.running.invoke(event))
        assert reply is not None, "every request is answered"
        self.send_response(reply.status)
        for name, value in reply.headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_DELETE = do_OPTIONS = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
