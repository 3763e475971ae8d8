"""One connection to the Dify stand-in: bodies that come, answers that go, and what goes wrong."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from typing import Any

from packager.local.fake_dify.refusals import ApiRefusal


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


class Connection(BaseHTTPRequestHandler):
    """What is read from a client and sent to it; a failure goes with the answer that it spoils."""

    protocol_version = "HTTP/1.1"
    # Else the head of an answer waits for the acknowledgement of what went before.
    disable_nagle_algorithm = True

    def wait(self, seconds: float) -> None:
        """Wait, or until the server stops."""
        raise NotImplementedError

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

    def send_refusal(self, refused: ApiRefusal, failure: InjectedFailure | None) -> None:
        """Send why a request is not answered."""
        content = json.dumps(refused.document).encode() + b"\n"
        kind = "application/json"
        if failure and failure.body is not None:
            content, kind = failure.body, "text/html"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send_head(refused.status, kind, failure.headers if failure else {}, len(content))
            self.wfile.write(content)

    def send_json(
        self, status: int, answer: dict[str, Any], failure: InjectedFailure | None
    ) -> None:
        """Send an answer in one piece."""
        content = json.dumps(answer).encode()
        if failure is None:
            self._send_head(status, "application/json", {}, len(content))
            self.wfile.write(content)
            return
        self.wait(failure.pause)
        if failure.garbage:
            content = content[: failure.after] + failure.garbage
        elif not (failure.cut or failure.stall):
            failure = InjectedFailure(after=len(content))
        self._send_head(status, "application/json", {}, len(content) + bool(failure.cut))
        self.wfile.write(content[: failure.after])
        self.wait(failure.stall)
        if failure.cut:
            self.close_connection = True
        else:
            self.wfile.write(content[failure.after :])

    def send_events(
        self, events: Iterator[dict[str, Any] | None], failure: InjectedFailure | None
    ) -> None:
        """Send an answer as it comes; None is a ping."""
        failure = failure or InjectedFailure(after=-1)
        self._send_head(200, "text/event-stream; charset=utf-8", {}, None)
        number = 0
        for number, event in enumerate(events):
            if number == failure.after and (failure.stall or failure.garbage or failure.cut):
                self.wait(failure.stall)
                if failure.garbage:
                    self._send_chunk(failure.garbage)
                if failure.cut:
                    self.close_connection = True
                    return
            if failure.pause:
                self.wait(failure.pause)
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
    """Return the fields of a form; a file is a dict of its name, type and content."""
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
