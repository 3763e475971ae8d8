"""Serves Lambda's Runtime API on loopback for one execution environment.

The paths, headers and states are those of AWS's page "Using the Lambda runtime API for custom
runtimes"; the reply's size limit is the Runtime Interface Emulator's.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from packager.dataclass import dataclass
from packager.local.streamed_reply import (
    MAX_STREAM,
    MODE,
    Cut,
    Malformed,
    Part,
    StreamTooLarge,
    read_stream,
)

MAX_REPLY = 6 * 1024 * 1024 + 100  # bytes
PREFIX = "/2018-06-01/runtime/"
_TOO_LARGE = "Function.ResponseSizeTooLarge"


@dataclass(frozen=True, slots=True)
class Ready:
    """The process asked for the next invocation, so it is idle; `at` is monotonic seconds."""

    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The process answered an invocation with `payload`; `at` is monotonic seconds.

    A streamed answer has been handed on as it came; its payload is empty.
    """

    request_id: str
    payload: bytes
    at: float
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """The process reported an error: of an invocation, or of its init phase (no `request_id`)."""

    request_id: str | None
    error_type: str
    message: str
    stack: tuple[str, ...]
    at: float


Outcome = Ready | Answer | Failure


@dataclass(frozen=True, slots=True)
class _Invocation:
    request_id: str
    payload: bytes
    headers: tuple[tuple[str, str], ...]


class RuntimeApi:
    """A Runtime API; a context manager that listens on a free port of 127.0.0.1.

    What the process does arrives in `outcomes`, in order, or is told to `on_outcome` on a thread
    of the server's. `address` is `host:port`, as `AWS_LAMBDA_RUNTIME_API` wants it. `on_part` gets
    what a streamed reply consists of, as it comes: its prelude (none where it is not HTTP), then
    the body's bytes. To close it takes up to `poll_seconds`.
    """

    def __init__(
        self,
        on_part: Callable[[Part], None] = lambda part: None,
        on_outcome: Callable[[Outcome], None] | None = None,
        poll_seconds: float = 0.02,
    ) -> None:
        self.on_part = on_part
        self.outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.tell: Callable[[Outcome], None] = on_outcome or self.outcomes.put
        self._waiting: queue.SimpleQueue[_Invocation | None] = queue.SimpleQueue()
        self.current: str | None = None
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": poll_seconds}, daemon=True
        )
        host, port = self._server.server_address[:2]
        self.address = f"{host!s}:{port}"

    def __enter__(self) -> RuntimeApi:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._waiting.put(None)  # lets a request that waits for the next invocation go
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def offer(
        self, payload: bytes, *, request_id: str, deadline_ms: int, arn: str, trace_id: str = ""
    ) -> None:
        """Hand `payload` to the process when it next asks.

        `deadline_ms` is when the function's time is over, in ms since the epoch.
        """
        headers = [
            ("Lambda-Runtime-Aws-Request-Id", request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", arn),
        ]
        if trace_id:
            headers.append(("Lambda-Runtime-Trace-Id", trace_id))
        self._waiting.put(_Invocation(request_id, payload, tuple(headers)))

    def take_next(self) -> _Invocation | None:
        """Wait for the next invocation; None when the server is closing."""
        self.tell(Ready(time.monotonic()))
        invocation = self._waiting.get()
        self.current = invocation.request_id if invocation else None
        return invocation

    def finish(self, request_id: str, outcome: Answer | Failure) -> bool:
        """Note how an invocation ended; False if it is not the one under way."""
        if request_id != self.current:
            return False
        self.current = None
        self.tell(outcome)
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the process is killed while it waits, which breaks its connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A reply is one segment: else its second half waits for the first one's acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if self.path != PREFIX + "invocation/next":
            self._refuse(404, "NotFound", f"no {self.path} in the Runtime API")
            return
        invocation = self.server.api.take_next()
        if invocation is None:
            self.close_connection = True
            return
        self._reply(200, invocation.payload, invocation.headers)

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding"):
            self._stream()
            return
        body = self._read_body()
        if body is None:
            return
        parts = self.path.removeprefix(PREFIX).split("/")
        match parts:
            case ["init", "error"]:
                self.server.api.tell(self._failure(None, body))
                self._accept()
            case ["invocation", request_id, "error"]:
                self._finish(request_id, self._failure(request_id, body))
            case ["invocation", request_id, "response"]:
                self._finish(request_id, self._answer(request_id, body))
            case _:
                self._refuse(404, "NotFound", f"no {self.path} in the Runtime API")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the library never prints."""

    def _answer(self, request_id: str, body: bytes) -> Answer | Failure:
        if len(body) <= MAX_REPLY:
            return Answer(request_id, body, time.monotonic())
        message = (
            f"Response payload size ({len(body)} bytes) exceeded maximum allowed payload size "
            f"({MAX_REPLY} bytes)."
        )
        return Failure(request_id, _TOO_LARGE, message, (), time.monotonic())

    def _stream(self) -> None:
        """Take a reply in streaming mode; whatever is wrong with it ends the connection."""
        parts = self.path.removeprefix(PREFIX).split("/")
        self.close_connection = True
        match parts:
            case ["invocation", request_id, "response"] if self.headers.get(MODE) == "streaming":
                if request_id != self.server.api.current:
                    self._refuse(400, "InvalidRequestID", "Invalid request ID")
                    return
            case _:
                self._refuse(411, "LengthRequired", "the request has no Content-Length")
                return
        error: tuple[str, str] | None = None
        try:
            told = read_stream(
                self.rfile,  # type: ignore[arg-type]
                self.headers.get("Content-Type"),
                self.server.api.on_part,
            )
            if told is not None:
                error = told[0], str(told[1].get("errorMessage") or "")
        except StreamTooLarge:
            error = _TOO_LARGE, f"the streamed reply exceeds {MAX_STREAM} bytes"
        except Malformed as fault:
            error = "Runtime.InvalidStreamResponse", str(fault)
        except (Cut, OSError):
            error = "Runtime.TruncatedResponse", "the connection ended before the reply did"
        now = time.monotonic()
        if error is None:
            self._finish(request_id, Answer(request_id, b"", now, streamed=True))
        else:
            self._finish(request_id, Failure(request_id, *error, (), now))

    def _failure(self, request_id: str | None, body: bytes) -> Failure:
        error_type = self.headers.get("Lambda-Runtime-Function-Error-Type", "")
        try:
            details = json.loads(body)
        except ValueError:
            details = None
        if not isinstance(details, dict):
            details = {}
        stack = details.get("stackTrace")
        return Failure(
            request_id,
            str(details.get("errorType") or error_type),
            str(details.get("errorMessage") or ""),
            tuple(str(line) for line in stack) if isinstance(stack, list) else (),
            time.monotonic(),
        )

    def _finish(self, request_id: str, outcome: Answer | Failure) -> None:
        if not self.server.api.finish(request_id, outcome):
            self._refuse(400, "InvalidRequestID", "Invalid request ID")
        elif isinstance(outcome, Failure) and outcome.error_type == _TOO_LARGE:
            self._refuse(413, "RequestEntityTooLarge", outcome.message)
        else:
            # The connection of a streamed reply that broke is gone, and the runtime with it maybe.
            with contextlib.suppress(OSError):
                self._accept()

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            self._refuse(411, "LengthRequired", "the request has no Content-Length")
            return None
        return self.rfile.read(int(length))

    def _accept(self) -> None:
        self._reply(202, b'{"status":"OK"}\n', ())

    def _refuse(self, status: int, error_type: str, message: str) -> None:
        body = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
        self._reply(status, body, ())

    def _reply(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
