"""A console on a port of loopback, in a thread with an event loop of its own."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import uvicorn
from starlette.types import ASGIApp


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    def value(self, name: str) -> str:
        """The value of a hidden field."""
        found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', self.text)
        assert found, f"there is no field {name}"
        return found[1]


@dataclass
class ConsoleServer:
    """Talks to a console as a browser on this machine does."""

    port: int
    replies: list[Reply] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = {"Host": f"localhost:{self.port}", **(headers or {})}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
            names = {name.lower(): value for name, value in answer.getheaders()}
            reply = Reply(answer.status, names, text)
        finally:
            connection.close()
        self.replies.append(reply)
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", "/_console" + path, headers=headers)

    def post(self, path: str, page: str = "", **fields: str | list[str]) -> Reply:
        """Send a form as its page would: with the token that is in `page`, or any other."""
        token = self.get(page or path).value("form")
        body = urlencode({"form": token, **fields}, doseq=True)
        return self.ask("POST", "/_console" + path, body, self.form_headers())

    def form_headers(self) -> dict[str, str]:
        return {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}


@contextmanager
def serving(app: ASGIApp, host: str = "127.0.0.1") -> Iterator[ConsoleServer]:
    """Serve an application until the end of the block."""
    with socket.create_server((host, 0)) as listening:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield ConsoleServer(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
