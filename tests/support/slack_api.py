"""A stand-in of Slack's Web API, as far as bots post with it: `POST /api/chat.postMessage`."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl


@dataclass
class SlackApi:
    """A running stand-in: `url` is what clients take, `posted` what they posted, in order."""

    token: str
    url: str = ""
    posted: list[dict[str, str]] = field(default_factory=list)

    def wait_for(self, count: int) -> list[dict[str, str]]:
        """Return what was posted once `count` messages are there."""
        for _ in range(1000):
            if len(self.posted) >= count:
                break
            time.sleep(0.01)
        assert len(self.posted) == count, self.posted
        return self.posted


@contextlib.contextmanager
def slack_api(token: str) -> Iterator[SlackApi]:
    """Serve on a free port of 127.0.0.1; only `token` may post."""
    api = SlackApi(token)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_json = self.headers["Content-Type"].startswith("application/json")
            sent = json.loads(body) if is_json else dict(parse_qsl(body))
            content: dict[str, object] = {"ok": True, "channel": sent.get("channel"), "ts": "9.9"}
            if self.path != "/api/chat.postMessage":
                content = {"ok": False, "error": "unknown_method"}
            elif self.headers["Authorization"] != f"Bearer {api.token}":
                content = {"ok": False, "error": "invalid_auth"}
            else:
                api.posted.append(sent)
            answer = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}/api/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
