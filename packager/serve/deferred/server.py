"""Answers the runtime's calls of queues and claims, on a port of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from packager.serve.deferred.queues import LocalQueues, RefusedCall


@contextmanager
def queue_server(queues: LocalQueues) -> Iterator[str]:
    """Yield the URL at which `queues` answer, for as long as the context."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            status, answer = 200, {}
            try:
                asked = json.loads(self.rfile.read(length))
                answer = queues.call(self.headers.get("X-Operation", ""), asked)
            except RefusedCall as refused:
                status, answer = 400, {"code": refused.code}
            except (ValueError, KeyError, TypeError):
                status, answer = 400, {"code": "ValidationException"}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
