"""A Runtime API for one cold start: hands out one event and takes the reply, with next to no work.

It runs in the process that measures, on raw sockets: what it takes of the time is some 0.1 ms.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

_RESPONSE = b"/response HTTP/"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
TIMEOUT = 60  # seconds


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, when the last byte of it had, when it was asked for the event, and when that
    was sent (`time.perf_counter`)."""

    body: bytes
    at: float
    asked: float
    sent: float


class ColdApi:
    """Listens on a free port of loopback; `address` is what AWS_LAMBDA_RUNTIME_API says."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(TIMEOUT)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._connection: socket.socket | None = None
        self._rest = b""

    def serve_one(self, event: bytes, ready: Callable[[], object] = lambda: None) -> Reply:
        """Answer the first `next` with `event`; return the reply. The POST is left unanswered.

        `ready` is called in between: the init phase is over then. Raises RuntimeError for whatever
        else is posted, and TimeoutError.
        """
        head, _ = self._read_request()
        asked = time.perf_counter()
        ready()
        sent = time.perf_counter()
        if not head.startswith(b"GET /2018-06-01/runtime/invocation/next "):
            raise RuntimeError(f"not a request for the next invocation: {head[:200]!r}")
        deadline = int(time.time() * 1000) + 30_000
        answer = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline}\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: {ARN}\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n"
            f"Content-Length: {len(event)}\r\n\r\n"
        )
        assert self._connection
        self._connection.sendall(answer.encode() + event)
        head, body = self._read_request()
        at = time.perf_counter()
        if _RESPONSE not in head:
            raise RuntimeError(f"{head.partition(b' HTTP')[0]!r}: {body[:2000].decode()}")
        return Reply(body, at, asked, sent)

    def hang_up(self) -> None:
        """Close the connection of the process that was measured."""
        if self._connection:
            self._connection.close()
        self._connection, self._rest = None, b""

    def close(self) -> None:
        """Stop listening."""
        self.hang_up()
        self._listener.close()

    def _read_request(self) -> tuple[bytes, bytes]:
        data = self._rest
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            body += self._receive()
        self._rest = body[length:]
        return head, body[:length]

    def _receive(self) -> bytes:
        """Some bytes, of the next connection where there is none or it has ended."""
        while True:
            if self._connection is None:
                self._connection, _ = self._listener.accept()
                self._connection.settimeout(TIMEOUT)
                self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if data := self._connection.recv(1 << 18):
                return data
            self.hang_up()
