"""AWS on a bad day: a server in front of moto that counts calls, and fails them as AWS does."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.aws.moto_server import MotoServer

# How AWS says it: (status, type, message), from its pages "Common errors" and botocore's models.
FAULTS = {
    "deny": (
        400,
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/neko/NekoFunction is not authorized",
    ),
    "throttle": (400, "ThrottlingException", "Rate exceeded"),
    "expire": (
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    ),
    "break": (500, "InternalServerError", "An internal error occurred"),
}


class FaultyAws:
    """The server. `fault` is what its next calls fail with: one of FAULTS, `hang`, `cut` (nothing
    is done), `lost` (it is done, but there is no answer), or None; `chance` says it for each call.
    `calls` are the operations that were asked for."""

    def __init__(self, moto: MotoServer) -> None:
        self.moto = moto
        self.fault: str | None = None
        self.chance: Callable[[], str | None] | None = None
        # By token: moto does not know that a transaction is done once.
        self.transactions: dict[str, tuple[int, bytes]] = {}
        self.calls: list[str] = []
        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        return self.moto.environment | {"AWS_ENDPOINT_URL": self.url}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                faulty.calls.append(self.headers["X-Amz-Target"].rpartition(".")[2])
                fault = faulty.chance() if faulty.chance else faulty.fault
                if fault == "hang":
                    faulty.released.wait(30)
                if fault in ("hang", "cut"):
                    self.close_connection = True
                    return
                lost, fault = fault == "lost", None if fault == "lost" else fault
                status, answer = faulty.answer(fault, self.path, dict(self.headers), body)
                if lost:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler

    def answer(
        self, fault: str | None, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        if fault is not None:
            status, kind, message = FAULTS[fault]
            return status, json.dumps({"__type": kind, "message": message}).encode()
        token = json.loads(body).get("ClientRequestToken", "")
        if token in self.transactions:
            return self.transactions[token]
        host = self.moto.url.removeprefix("http://")
        with contextlib.closing(http.client.HTTPConnection(host, timeout=30)) as connection:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.status, response.read()
        if token and answer[0] == 200:
            self.transactions[token] = answer
        return answer


@contextlib.contextmanager
def faulty_aws(moto: MotoServer) -> Iterator[FaultyAws]:
    """Run the server for as long as the block lasts."""
    faulty = FaultyAws(moto)
    thread = threading.Thread(target=faulty.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield faulty
    finally:
        faulty.released.set()
        faulty.server.shutdown()
        thread.join()
        faulty.server.server_close()
