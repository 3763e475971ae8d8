"""One connection to the Dify stand-in: bodies that come, answers that go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

from packager.local.fake_dify.events import Event
from packager.local.fake_dify.refusals import ApiRefusal


class Connection(BaseHTTPRequestHandler):
    """What is read from a client and sent to it."""

    protocol_version = "HTTP/1.1"
    # Else the head of an answer waits for the acknowledgement of what went before.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def read_body(self, content: bytes) -> dict[str, Any]:
        """Return a request's JSON, or the fields of its form; raise `ApiRefusal` for others."""
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

    def send_refusal(self, refused: ApiRefusal) -> None:
        """Send why a request is not answered."""
        self.send_whole(refused.status, json.dumps(refused.document).encode() + b"\n")

    def send_json(self, status: int, answer: dict[str, Any]) -> None:
        """Send an answer in one piece."""
        self.send_whole(status, json.dumps(answer).encode())

    def send_events(self, events: Iterator[Event]) -> None:
        """Send an answer as it comes."""
        self.send_head(200, "text/event-stream; charset=utf-8", None)
        for event in events:
            self.send_event(event)
        self.wfile.write(b"0\r\n\r\n")

    def send_event(self, event: Event) -> None:
        """Send one event. A ping is, as Dify's own, a name without data."""
        ping = event is None
        self.send_chunk(b"event: ping\n\n" if ping else f"data: {json.dumps(event)}\n\n".encode())

    def send_chunk(self, data: bytes) -> None:
        """Send a part of an answer whose length was not said."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def send_whole(self, status: int, content: bytes) -> None:
        """Send JSON as the whole of an answer."""
        self.send_head(status, "application/json", len(content))
        self.wfile.write(content)

    def send_head(
        self, status: int, kind: str, length: int | None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send what goes before a body; without a `length` it comes in chunks."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()


def _form(content_type: str, content: bytes) -> dict[str, Any]:
    """Return the fields of a form, read as Dify does; a file is a dict of its name, type and
    content."""
    from werkzeug.formparser import parse_form_data  # few calls upload a file

    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": BytesIO(content),
    }
    _, fields, files = parse_form_data(environ)
    found: dict[str, Any] = fields.to_dict()
    for name, file in files.items():
        with file.stream as stream:
            found[name] = {
                "filename": file.filename,
                "mime_type": file.mimetype,
                "content": stream.read(),
            }
    return found
