"""A stand-in of Dify's Service API on loopback: apps that answer by rule, with memory, and faults.

It serves `packager invoke --fake-dify` and the tests. Routes, shapes, codes and messages are those
of api/controllers/service_api and of the apps' response converters in langgenius/dify.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packager.local.fake_dify.apps import MODES, ApiRefusal, Workspace
from packager.local.fake_dify.memory import keep, remember

_MAX_BODY = 64 << 20  # bytes


@dataclass(frozen=True, slots=True)
class InjectedFailure:
    """What goes wrong with one request. Times are in seconds.

    `status` answers with an error instead (`code`, `message`, `headers` go with it). In an answer
    `after` events (or bytes of a blocking one) are sent right; then the server stalls for `stall`,
    sends `garbage` as it is, and cuts the connection if `cut`. `pause` is waited before each event.
    `path` limits the failure to requests whose path ends so.
    """

    status: int = 0
    code: str = ""
    message: str = "Injected."
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after: int = 0
    stall: float = 0.0
    garbage: bytes = b""
    cut: bool = False
    pause: float = 0.0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came: its body's JSON, or the fields and the file of a form."""

    method: str
    path: str
    app_id: str
    body: dict[str, Any]


class FakeDify:
    """The stand-in; `url` is its base URL, as `dify.base_url` takes it.

    An app's key is its id. Any id is an app; `modes` says of which mode (`MODES`). Others take it
    from how their id starts (`workflow-1`), or are of whatever kind they are called as. With `keys`
    no other key is taken. Conversations outlive it in the file `memory`, if there is one.
    """

    def __init__(
        self,
        modes: Mapping[str, str] | None = None,
        *,
        keys: Mapping[str, str] | None = None,
        reply: str | None = None,
        events: int | None = None,
        tells_mode: bool = True,
        memory: Path | None = None,
    ) -> None:
        self.workspace = Workspace(modes or {}, reply=reply, events=events, tells_mode=tells_mode)
        self._memory = memory
        if memory is not None:
            remember(self.workspace, memory)
        self.failures: list[InjectedFailure] = []  # each is for one request
        self.seen: list[Seen] = []
        self.cut = threading.Event()  # a client went away before the end of its answer
        self._keys = keys
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        fake = self

        class Handler(_Handler):
            dify = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FakeDify:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        for connection in list(self._open):  # clients keep them open
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        if self._memory is not None:
            keep(self.workspace, self._memory)

    def app_of(self, authorization: str) -> str:
        """Give the id of the app whose key a request has; raises ApiRefusal."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ApiRefusal(
                401, "unauthorized", "Authorization header must be provided and start with 'Bearer'"
            )
        if self._keys is None:
            return unquote(key)
        for app_id, known in self._keys.items():
            if known == key:
                return app_id
        raise ApiRefusal(401, "unauthorized", "Access token is invalid")

    def failure_for(self, path: str) -> InjectedFailure | None:
        """Take the next failure that is for a request of `path`."""
        for failure in self.failures:
            if path.endswith(failure.path):
                self.failures.remove(failure)
                return failure
        return None

    def opened(self, connection: socket.socket) -> None:
        """Note a connection."""
        self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._open.discard(connection)

    def wait(self, seconds: float) -> None:
        """Wait, or until the server stops."""
        self._stopping.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    dify: FakeDify
    protocol_version = "HTTP/1.1"
    # Else the head of an answer waits for the acknowledgement of what went before.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Have the server know of the connection."""
        self.dify.opened(self.request)
        super().setup()

    def finish(self) -> None:
        """Have the server forget it."""
        with contextlib.suppress(OSError):
            super().finish()
        self.dify.closed(self.request)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer what describes an app."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer calls and uploads."""
        length = int(self.headers.get("Content-Length") or 0)
        self._answer(self.rfile.read(min(length, _MAX_BODY)))

    def _answer(self, content: bytes) -> None:
        path = self.path.partition("?")[0]
        failure = self.dify.failure_for(path)
        try:
            app_id = self.dify.app_of(self.headers.get("Authorization", ""))
            body = self._body(content)
            self.dify.seen.append(Seen(self.command, path, app_id, body))
            if failure and failure.status:
                raise ApiRefusal(failure.status, failure.code, failure.message)
            status, answer = self._route(app_id, path, body)
        except ApiRefusal as refused:
            self._send_refusal(refused, failure)
            return
        try:
            if isinstance(answer, dict):
                self._send_json(status, answer, failure)
            else:
                self._send_events(answer, failure)
        except (BrokenPipeError, ConnectionResetError):
            self.dify.cut.set()
            self.close_connection = True

    def _route(
        self, app_id: str, path: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | Iterator[dict[str, Any] | None]]:
        workspace = self.dify.workspace
        match self.command, path.removeprefix("/v1"):
            case "POST", "/chat-messages":
                return 200, workspace.chat(app_id, body)
            case "POST", "/completion-messages":
                return 200, workspace.completion(app_id, body)
            case "POST", "/workflows/run":
                return 200, workspace.workflow(app_id, body)
            case "POST", "/files/upload":
                return 201, workspace.upload(app_id, body)
            case "GET", "/info":
                return 200, workspace.info(app_id)
            case "GET", "/parameters":
                return 200, workspace.parameters(app_id)
            case "GET", "/meta":
                return 200, {"tool_icons": {}}
            case "GET", "/site":
                return 200, workspace.site(app_id)
        raise ApiRefusal(404, "not_found", "The requested URL was not found on the server.")

    def _body(self, content: bytes) -> dict[str, Any]:
        if not content:
            return {}
        kind = self.headers.get_content_type()
        if kind == "multipart/form-data":
            return _form(self.headers.get("Content-Type", ""), content)
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        if kind != "application/json" or not isinstance(body, dict):
            raise ApiRefusal(400, "bad_request", "Failed to decode JSON object.")
        return body

    def _send_refusal(self, refused: ApiRefusal, failure: InjectedFailure | None) -> None:
        content = json.dumps(refused.document).encode() + b"\n"
        kind = "application/json"
        if failure and failure.body is not None:
            content, kind = failure.body, "text/html"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send_head(refused.status, kind, failure.headers if failure else {}, len(content))
            self.wfile.write(content)

    def _send_json(
        self, status: int, answer: dict[str, Any], failure: InjectedFailure | None
    ) -> None:
        content = json.dumps(answer).encode()
        if failure is None:
            self._send_head(status, "application/json", {}, len(content))
            self.wfile.write(content)
            return
        self.dify.wait(failure.pause)
        if failure.garbage:
            content = content[: failure.after] + failure.garbage
        elif not (failure.cut or failure.stall):
            failure = InjectedFailure(after=len(content))
        self._send_head(status, "application/json", {}, len(content) + bool(failure.cut))
        self.wfile.write(content[: failure.after])
        self.dify.wait(failure.stall)
        if failure.cut:
            self.close_connection = True
        else:
            self.wfile.write(content[failure.after :])

    def _send_events(
        self, events: Iterator[dict[str, Any] | None], failure: InjectedFailure | None
    ) -> None:
        failure = failure or InjectedFailure(after=-1)
        self._send_head(200, "text/event-stream; charset=utf-8", {}, None)
        number = 0
        for number, event in enumerate(events):
            if number == failure.after and (failure.stall or failure.garbage or failure.cut):
                self.dify.wait(failure.stall)
                if failure.garbage:
                    self._send_chunk(failure.garbage)
                if failure.cut:
                    self.close_connection = True
                    return
            if failure.pause:
                self.dify.wait(failure.pause)
            ping = event is None
            # As Dify's own: a ping is a name without data.
            self._send_chunk(
                b"event: ping\n\n" if ping else f"data: {json.dumps(event)}\n\n".encode()
            )
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _send_head(
        self, status: int, kind: str, headers: Mapping[str, str], length: int | None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()


def _form(content_type: str, content: bytes) -> dict[str, Any]:
    """Give the fields of a form; a file is a dict of its name, type and content."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parsed = BytesParser(policy=HTTP).parsebytes(head + content)
    fields: dict[str, Any] = {}
    for part in parsed.iter_parts() if parsed.is_multipart() else ():
        assert isinstance(part, Message)  # noqa: S101 - for the type checker
        name = str(part.get_param("name", "", header="content-disposition"))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)  # noqa: S101
        filename = part.get_filename()
        if filename is None:
            fields[name] = data.decode("utf-8", "replace")
        else:
            kind = part.get_content_type()
            fields[name] = {"filename": filename, "mime_type": kind, "content": data}
    return fields


__all__ = ["MODES", "FakeDify", "InjectedFailure", "Seen"]


def main() -> None:  # pragma: no cover - for a look by hand
    """Serve until interrupted, and say where."""
    with FakeDify() as fake, contextlib.suppress(KeyboardInterrupt):
        print(fake.url)  # noqa: T201
        while True:
            time.sleep(3600)


if __name__ == "__main__":  # pragma: no cover
    main()
