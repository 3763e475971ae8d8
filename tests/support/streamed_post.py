"""Reads a POST in the Runtime API's streaming mode, strictly: every departure is a violation."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TRAILERS = ("lambda-runtime-function-error-type", "lambda-runtime-function-error-body")
CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
_HEADER = re.compile(rb"([A-Za-z0-9-]+): ([^\r\n\0]*)\r\n")


class Violation(Exception):
    """What was sent is not the protocol."""


@dataclass
class Streamed:
    """A streamed reply: when each chunk came (monotonic seconds) and its bytes, the trailers."""

    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    @property
    def data(self) -> bytes:
        return b"".join(chunk for _, chunk in self.chunks)

    @property
    def prelude(self) -> Any:
        return json.loads(self.data.partition(bytes(8))[0])

    @property
    def body(self) -> bytes:
        _, nuls, body = self.data.partition(bytes(8))
        assert nuls, "no prelude"
        return body

    @property
    def error(self) -> tuple[str, Any] | None:
        """The error's type and body of the trailers."""
        if not self.trailers:
            return None
        return self.trailers[TRAILERS[0]], json.loads(base64.b64decode(self.trailers[TRAILERS[1]]))


def check_head(headers: Mapping[str, str]) -> None:
    """Raise Violation unless these are the headers of a streamed reply."""
    if headers.get("lambda-runtime-function-response-mode") != "streaming":
        raise Violation("chunked, but not in streaming mode")
    if headers.get("transfer-encoding") != "chunked" or "content-length" in headers:
        raise Violation("streaming mode, but not chunked")
    if headers.get("content-type") != CONTENT_TYPE:
        raise Violation(f"content type {headers.get('content-type')}")
    announced = [name.strip().lower() for name in headers.get("trailer", "").split(",")]
    if announced != list(TRAILERS):
        raise Violation(f"trailers announced: {announced}")


def read_streamed(
    reader: Any, streamed: Streamed, on_chunk: Callable[[bytes], None] | None = None
) -> None:
    """Read the chunks and trailers of a body. With `on_chunk` only the prelude's chunk is kept."""
    first = True
    while True:
        line = reader.readline()
        if not line:
            raise EOFError
        if not re.fullmatch(rb"[0-9a-f]+\r\n", line):
            raise Violation(f"chunk size {line!r}")
        size = int(line, 16)
        if size == 0:
            break
        data = reader.read(size)
        if len(data) < size:
            streamed.chunks.append((time.monotonic(), data))
            raise EOFError
        if (end := reader.read(2)) != b"\r\n":
            raise Violation(f"chunk of {size} bytes ends with {end!r}")
        if first:
            _check_prelude(data)
        if on_chunk is not None and not first:
            on_chunk(data)
        else:
            streamed.chunks.append((time.monotonic(), data))
        first = False
    if first:
        raise Violation("no prelude")
    while (line := reader.readline()) != b"\r\n":
        found = _HEADER.fullmatch(line)
        if found is None or (name := found[1].decode().lower()) not in TRAILERS:
            raise Violation(f"trailer {line!r}")
        if name in streamed.trailers:
            raise Violation(f"trailer twice: {line!r}")
        streamed.trailers[name] = found[2].decode()
    if streamed.trailers and len(streamed.trailers) != len(TRAILERS):
        raise Violation(f"trailers {sorted(streamed.trailers)}")
    streamed.ended = True


def _check_prelude(data: bytes) -> None:
    """The prelude is a chunk of its own here: JSON of the known keys, eight NULs, nothing else."""
    text, nuls, rest = data.partition(bytes(8))
    if not nuls or rest or b"\0" in text or len(data) > 16384:
        raise Violation(f"prelude {data[:100]!r}")
    prelude = json.loads(text)
    allowed = {"statusCode", "headers", "multiValueHeaders", "cookies"}
    if not {"statusCode", "headers"} <= prelude.keys() <= allowed:
        raise Violation(f"prelude with {sorted(prelude)}")
    if type(prelude["statusCode"]) is not int:
        raise Violation(f"prelude with the status {prelude['statusCode']!r}")
    if not all(isinstance(value, str) for value in prelude["headers"].values()):
        raise Violation(f"prelude with the headers {prelude['headers']}")
