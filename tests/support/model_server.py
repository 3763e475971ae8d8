"""An HTTP server whose answers a test scripts one by one: of a model's endpoint, or a tool's."""

from __future__ import annotations

import contextlib
import json
import struct
import threading
from binascii import crc32
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `pieces` are sent one by one, each as a chunk of its own.

    Before the piece number `hold`, the server waits until the test lets it go on, or stops. With
    `cut` the connection ends without the body's end.
    """

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: int | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came; `json` is its body, if it is that."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: int  # the port of the client's end of the connection

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def reply(document: object, status: int = 200, **headers: str) -> Reply:
    """Return an answer that is JSON; names of headers are written with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply((json.dumps(document).encode(),), status, headers=named)


def events(*documents: object, done: bool = True, **options: Any) -> Reply:
    """Return an answer that is a stream of server-sent events."""
    pieces = [f"data: {json.dumps(each)}\n\n".encode() for each in documents]
    if done:
        pieces.append(b"data: [DONE]\n\n")
    return Reply(tuple(pieces), kind="text/event-stream", **options)


def aws_event(kind: str, payload: object, **headers: str) -> bytes:
    """Return a message of AWS's event stream; `kind` is its event's type."""
    named = {":message-type": "event", ":event-type": kind, **headers}
    data = b"".join(
        struct.pack("B", len(name)) + name.encode() + struct.pack(">BH", 7, len(each)) + each
        for name, value in named.items()
        for each in [value.encode()]
    )
    content = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(data) + len(content), len(data))
    whole = prelude + struct.pack(">I", crc32(prelude)) + data + content
    return whole + struct.pack(">I", crc32(whole))


def aws_events(*messages: bytes, **options: Any) -> Reply:
    """Return an answer that is a stream of AWS's events."""
    return Reply(messages, kind="application/vnd.amazon.eventstream", **options)


def dify_part(document: object) -> bytes:
    """Return a part of a stream of Dify's inner API, with its length before it."""
    content = json.dumps(document).encode() + b"\n\n"
    return struct.pack("<BBHI6x", 0x0F, 0, 10, len(content)) + content


def dify_stream(*documents: object) -> Reply:
    """Return an answer that is such a stream."""
    return Reply(tuple(map(dify_part, documents)), kind="text/event-stream")


class ModelServer:
    """The server; it answers with `replies` in turn, the last for good. `seen` are the requests."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.seen: list[Seen] = []
        self.go_on = threading.Event()
        self.left = threading.Event()  # a client went before it had all
        owner = self

        class Handler(_Handler):
            running = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(BaseHTTPRequestHandler):
    running: ModelServer
    protocol_version = "HTTP/1.1"
    # Else a piece waits for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.running.seen.append(
            Seen(self.command, self.path, headers, body, self.client_address[1])
        )
        self._send(self.running.next_reply())

    do_GET = do_POST
    do_PUT = do_POST
    do_DELETE = do_POST

    def _send(self, said: Reply) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(said.status)
            self.send_header("Content-Type", said.kind)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._send_pieces(said.pieces, said)
            if said.cut:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")
            return
        self.running.left.set()
        self.close_connection = True

    def _send_pieces(self, pieces: Iterable[bytes], said: Reply) -> None:
        for number, piece in enumerate(pieces):
            if number == said.hold:
                self.running.go_on.wait(30)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
