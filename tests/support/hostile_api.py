"""A Lambda Runtime API on loopback that keeps to the protocol strictly, or breaks it as scripted.

`RuntimeServer(steps)` answers each `GET next` with the next step. A step is the bytes to send (see
`event`), or what `slow`, `cut`, `reset` and `stall` make of them. When the steps are used up it
answers 403, as AWS's emulator does after an error, or waits (`end=None`). POSTs are answered 202
unless `posts` gives a step for them. What was asked is kept in `requests`, what was wrong in
`violations`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.support.streamed_post import Streamed, Violation, check_head, read_streamed

Step = bytes | Callable[[socket.socket], bool]  # the callable says whether to keep the connection

FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nnot today"
ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'
TRACE = "1-5bef4de7-ad49b0e87f6ef6c87fc2e700"  # as the Runtime API names it
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:test"


def event(
    body: bytes = b"{}",
    request_id: str | None = "id-1",
    *,
    length: int | str | None = None,
    chunks: Iterable[bytes] | None = None,
    status: str = "200 OK",
    deadline: str | None = None,
    **headers: str,
) -> bytes:
    """An answer to `next`. Keyword arguments are further headers, `_` standing for `-`.

    A deadline of `in 2000 ms` is counted from when the event is sent, as Lambda counts it: however
    long the function's process takes to start.
    """
    lines = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Deadline-Ms": deadline or "in 30000 ms",
        "Lambda-Runtime-Invoked-Function-Arn": ARN,
        "Lambda-Runtime-Trace-Id": f"Root={TRACE}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if request_id is not None:
        lines["Lambda-Runtime-Aws-Request-Id"] = request_id
    if chunks is not None:
        lines["Transfer-Encoding"] = "chunked"
        body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(c), c) for c in chunks)
        body += b"0\r\nX-Trailer: 1\r\n\r\n"
    else:
        lines["Content-Length"] = str(len(body) if length is None else length)
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items())
    return head.encode() + b"\r\n" + body


def answer(status: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


_DUE = re.compile(rb"(?<=\r\nLambda-Runtime-Deadline-Ms: )in (\d+) ms(?=\r\n)")


def dated(data: bytes) -> bytes:
    """Return what is sent now, with the time of its deadline."""
    return _DUE.sub(lambda found: b"%d" % (time.time() * 1000 + int(found[1])), data, count=1)


def slow(data: bytes, pause: float = 0.0005) -> Step:
    """Send byte by byte."""

    def step(connection: socket.socket) -> bool:
        now = dated(data)
        for index in range(len(now)):
            connection.sendall(now[index : index + 1])
            time.sleep(pause)
        return True

    return step


def cut(data: bytes = b"") -> Step:
    """Send, then end the connection in an orderly way."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(dated(data))
        return False

    return step


def reset(data: bytes = b"") -> Step:
    """Send, then end the connection with a reset."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(dated(data))
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return step


def stall(data: bytes) -> Step:
    """Send, and then nothing more until the client gives up."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(dated(data))
        connection.recv(1)
        return False

    return step


@dataclass(frozen=True)
class Request:
    """One request as it was read; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    streamed: Streamed | None = None  # in streaming mode; `body` is empty then

    @property
    def call(self) -> str:
        """`GET invocation/next` and the like."""
        return f"{self.method} {self.path.removeprefix('/2018-06-01/runtime/')}"


class RuntimeServer:
    """The server; a context manager, whose exit stops all its threads."""

    def __init__(
        self,
        steps: Iterable[Step],
        *,
        posts: Iterable[Step] = (),
        end: bytes | None = FORBIDDEN,
        keep_requests: bool = True,
        on_chunk: Callable[[bytes], None] | None = None,
        early: Step | dict[str, Step] | None = None,
    ) -> None:
        """`on_chunk` gets the chunks of streamed bodies, which are not kept then.

        `early` is done to the first streamed reply, or to those to these invocations, in place of
        reading the body.
        """
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.used_up = threading.Event()
        self.connections = 0
        self._steps = iter(steps)
        self._posts = iter(posts)
        self._end = end
        self._keep = keep_requests
        self._on_chunk = on_chunk
        self._early = early
        self._open_ids: set[str] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> RuntimeServer:
        self._threads[0].start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            sockets = list(self._sockets)
        for connection in sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def calls(self) -> list[str]:
        return [request.call for request in self.requests]

    def body_of(self, call: str) -> bytes:
        """The body of the one request that made this call."""
        (body,) = [request.body for request in self.requests if request.call == call]
        return body

    def streamed(self, request_id: str) -> Streamed:
        """The one streamed reply to an invocation, as far as it came."""
        call = f"POST invocation/{request_id}/response"
        (found,) = [each.streamed for each in self.requests if each.call == call]
        assert found is not None
        return found

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._sockets.add(connection)
            thread = threading.Thread(target=self._converse, args=(connection, self.connections))
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        try:
            while (request := self._read(reader, number)) is not None:
                if self._keep and request.streamed is None:
                    self.requests.append(request)
                if request.streamed is not None and not self._read_body(
                    connection, reader, request
                ):
                    return
                if not self._answer(connection, request):
                    return
                if request.streamed is not None:
                    if rest := reader.read(1):  # AWS: the runtime closes the connection now
                        self.violations.append(f"{rest!r} after a streamed reply")
                    return
        except OSError:
            pass  # the client is gone
        finally:
            with self._lock:
                self._sockets.discard(connection)
            reader.close()
            connection.close()

    def _read(self, reader: Any, number: int) -> Request | None:
        line = reader.readline()
        if not line:
            return None
        found = re.fullmatch(rb"(GET|POST) (/2018-06-01/runtime/[!-~]+) HTTP/1\.1\r\n", line)
        if found is None:
            self.violations.append(f"request line {line!r}")
            return None
        headers: dict[str, str] = {}
        while (line := reader.readline()) != b"\r\n":
            field = re.fullmatch(rb"([A-Za-z0-9-]+): ([^\r\n\0]*)\r\n", line)
            if field is None or field[1].decode().lower() in headers:
                self.violations.append(f"header {line!r}")
                return None
            headers[field[1].decode().lower()] = field[2].decode()
        method = found[1].decode()
        if headers.get("host") != self.address:
            self.violations.append(f"host {headers.get('host')}")
        if "transfer-encoding" in headers or "lambda-runtime-function-response-mode" in headers:
            try:
                check_head(headers)
            except Violation as violation:
                self.violations.append(str(violation))
                return None
            return Request(method, found[2].decode(), headers, b"", number, Streamed())
        if (method == "POST") != ("content-length" in headers):
            self.violations.append(f"{method} with the length {headers.get('content-length')}")
        body = reader.read(int(headers.get("content-length", "0")))
        return Request(method, found[2].decode(), headers, body, number)

    def _read_body(self, connection: socket.socket, reader: Any, request: Request) -> bool:
        """Read a streamed body; False where its connection ended."""
        assert request.streamed is not None
        if self._keep:
            self.requests.append(request)
        request_id = request.path.split("/")[-2]
        if isinstance(self._early, dict):
            early = self._early.get(request_id)
        else:
            early, self._early = self._early, None
        if early is not None:
            self._open_ids.discard(request_id)
            if isinstance(early, bytes):
                connection.sendall(early)
                return False
            return early(connection)
        try:
            read_streamed(reader, request.streamed, self._on_chunk)
        except Violation as violation:
            self.violations.append(str(violation))
            return False
        except EOFError:
            with self._lock:
                self._open_ids.discard(request_id)
            return False
        return True

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        step: Step | None
        with self._lock:
            if request.call == "GET invocation/next":
                if self._open_ids:
                    self.violations.append(f"next while {sorted(self._open_ids)} are open")
                step = next(self._steps, None)
                if step is None:
                    self.used_up.set()
                    step = self._end
                elif isinstance(step, bytes):
                    head = step.partition(b"\r\n\r\n")[0]
                    if found := re.search(rb"(?m)^Lambda-Runtime-Aws-Request-Id: (.*)\r$", head):
                        self._open_ids.add(found[1].decode())
            elif request.call == "GET restore/next":
                step = answer("200 OK")
            else:
                if found_id := re.fullmatch(r"POST invocation/(.*)/(response|error)", request.call):
                    if found_id[1] not in self._open_ids:
                        self.violations.append(f"{request.call} without such an invocation")
                    self._open_ids.discard(found_id[1])
                elif request.call != "POST init/error":
                    self.violations.append(f"unknown call {request.call}")
                step = next(self._posts, ACCEPTED)
        if step is None:
            self._closing.wait()
            return False
        if callable(step):
            return step(connection)
        connection.sendall(dated(step))
        return True
