"""A server on 127.0.0.1 that answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.aws.moto_server import Authority

# What is done with a request: `(status, headers, body)`, or "cut" or "hang".
Reply = tuple[int, dict[str, str], bytes] | str


@dataclass
class Asked:
    """A request: where it went, with what, over which connection (a number)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Server:
    """The server's port; what it was asked; and what it answers next, the last one ever after."""

    port: int
    replies: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    close_idle: Callable[[], None] = lambda: None


@contextlib.contextmanager
def scripted_server(authority: Authority | None = None) -> Iterator[Server]:
    """Run a server, with TLS where there is an authority."""
    stop = threading.Event()
    connections: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.append(self.connection)
            self.number = len(connections)

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append(Asked(self.command, self.path, headers, body, self.number))
            reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
            if reply == "hang":
                stop.wait(30)
            if isinstance(reply, str):
                self.close_connection = True
                return
            status, extra, content = reply
            self.send_response_only(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if "Content-Length" not in extra:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            if int(extra.get("Content-Length", 0)) > len(content):
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    listener.handle_error = lambda *_: None  # type: ignore[method-assign]
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate, authority.key)
        listener.socket = context.wrap_socket(listener.socket, server_side=True)

    def close_idle() -> None:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    server = Server(listener.server_port, close_idle=close_idle)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        listener.shutdown()
        thread.join()
        close_idle()
        listener.server_close()
