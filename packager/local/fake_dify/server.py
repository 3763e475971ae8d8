"""A stand-in of Dify on loopback: apps, models and tools that answer by rule, apps with memory.

It serves `packager invoke --fake-dify` and the tests. Routes, shapes, codes and messages are those
of api/controllers/service_api and of the apps' response converters in langgenius/dify.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from packager.dataclass import dataclass
from packager.local.fake_dify.apps import Workspace
from packager.local.fake_dify.calls import FakeCalls
from packager.local.fake_dify.connection import Connection
from packager.local.fake_dify.events import Event
from packager.local.fake_dify.inner_api import PREFIX, inner_answer
from packager.local.fake_dify.memory import keep, remember
from packager.local.fake_dify.refusals import ApiRefusal
from packager.local.fake_dify.script import MODES, Script

_MAX_BODY = 64 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came: its body's JSON, or the fields and the file of a form."""

    method: str
    path: str
    app_id: str
    body: dict[str, Any]


class DifyHandler(Connection):
    """One connection."""

    dify: FakeDify

    def setup(self) -> None:
        """Have the server know of the connection."""
        self.dify.opened(self.request)
        super().setup()

    def finish(self) -> None:
        """Have the server forget it."""
        with contextlib.suppress(OSError):
            super().finish()
        self.dify.closed(self.request)

    def do_GET(self) -> None:
        """Answer what describes an app."""
        self.answer(self.path.partition("?")[0], b"")

    def do_POST(self) -> None:
        """Answer calls and uploads."""
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(min(length, _MAX_BODY))
        self.answer(self.path.partition("?")[0], content)

    def answer(self, path: str, content: bytes) -> None:
        """Answer a request."""
        if path.startswith(PREFIX):
            self.answer_inner(path, content)
            return
        try:
            app_id = self.dify.app_of(self.headers.get("Authorization", ""))
            body = self.read_body(content)
            self.dify.seen.append(Seen(self.command, path, app_id, body))
            status, answer = self.route(app_id, path, body)
        except ApiRefusal as refused:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_refusal(refused)
            return
        try:
            if isinstance(answer, dict):
                self.send_json(status, answer)
            else:
                self.send_events(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.dify.cut.set()
            self.close_connection = True

    def answer_inner(self, path: str, content: bytes) -> None:
        """Answer a request of the inner API, which calls models, tools and nodes."""
        key = self.headers.get("X-Inner-Api-Key", "")
        try:
            body = self.read_body(content)
            self.dify.seen.append(Seen(self.command, path, "", body))
            answer = inner_answer(self.dify.calls, path, key, body)
            if isinstance(answer, dict):
                self.send_json(200, answer)
                return
            self.send_head(200, "text/event-stream", None)
            for part in answer:
                self.send_chunk(part)
            self.wfile.write(b"0\r\n\r\n")
        except ApiRefusal as refused:
            self.send_refusal(refused)
        except (BrokenPipeError, ConnectionResetError):
            self.dify.cut.set()
            self.close_connection = True

    def route(
        self, app_id: str, path: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | Iterator[Event]]:
        """Return the status and the answer of an app; raise `ApiRefusal` for none."""
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


class FakeDify:
    """The stand-in; `url` is its base URL, as `dify.base_url` takes it.

    An app's key is its id. Any id is an app; `modes` says of which mode (`MODES`). Others take it
    from how their id starts (`workflow-1`), or are of whatever kind they are called as. With `keys`
    no other key is taken. Conversations outlive it in the file `memory`, if there is one; what is
    answered follows the `script`.
    """

    handler: type[DifyHandler] = DifyHandler

    def __init__(
        self,
        modes: Mapping[str, str] | None = None,
        *,
        keys: Mapping[str, str] | None = None,
        reply: str | None = None,
        events: int | None = None,
        tells_mode: bool = True,
        memory: Path | None = None,
        script: Script | None = None,
    ) -> None:
        self.workspace = Workspace(
            modes or {}, reply=reply, events=events, tells_mode=tells_mode, script=script
        )
        self.calls = FakeCalls(script)
        self._memory = memory
        if memory is not None:
            remember(self.workspace, memory)
        self.seen: list[Seen] = []
        self.cut = threading.Event()  # a client went away before the end of its answer
        self._keys = keys
        self._open: set[socket.socket] = set()
        handler = type("Handler", (self.handler,), {"dify": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        for connection in list(self._open):  # clients keep them open
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        if self._memory is not None:
            keep(self.workspace, self._memory)

    def app_of(self, authorization: str) -> str:
        """Return the id of the app whose key a request has; raises ApiRefusal."""
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

    def opened(self, connection: socket.socket) -> None:
        """Note a connection."""
        self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._open.discard(connection)


__all__ = ["MODES", "DifyHandler", "FakeDify", "Seen"]


def main() -> None:  # pragma: no cover - for a look by hand
    """Serve until interrupted, and say where."""
    with FakeDify() as fake, contextlib.suppress(KeyboardInterrupt):
        print(fake.url)  # noqa: T201
        while True:
            time.sleep(3600)


if __name__ == "__main__":  # pragma: no cover
    main()
