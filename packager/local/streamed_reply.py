"""Reads a reply in the Runtime API's streaming mode, as Lambda and what stands before it do.

Sources: AWS, "Using the Lambda runtime API for custom runtimes" (chunks, trailers) and "Set up a
Lambda proxy integration with payload response streaming in API Gateway" (prelude, eight NULs).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import IO, Any

HTTP_CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
MODE = "Lambda-Runtime-Function-Response-Mode"
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
MAX_STREAM = 200 * 1024 * 1024  # bytes ("Lambda quotas")
_MAX_PRELUDE = 1024 * 1024  # bytes, of no use to anyone beyond
_NULS = bytes(8)
_MAX_LINE = 65536

Part = dict[str, Any] | bytes


class Malformed(ValueError):
    """What came is not a reply in streaming mode."""


class StreamTooLarge(ValueError):
    """More came than Lambda hands on."""


class Cut(ValueError):
    """The connection ended before the reply did."""


def read_stream(
    source: IO[bytes], content_type: str | None, on_part: Callable[[Part], None]
) -> tuple[str, dict[str, Any]] | None:
    """Hand on a reply's prelude, then its body as it comes; return the error in its trailers.

    A reply of another type than HTTP's has no prelude. Raises `Malformed`, `StreamTooLarge`, `Cut`.
    """
    trailers: dict[str, str] = {}
    chunks = _chunks(source, trailers)
    if content_type == HTTP_CONTENT_TYPE:
        prelude, rest = _prelude(chunks)
        on_part(prelude)
        if rest:
            on_part(rest)
    for chunk in chunks:
        on_part(chunk)
    kind = trailers.get(ERROR_TYPE.lower())
    if kind is None:
        return None
    return kind, _error_body(trailers.get(ERROR_BODY.lower(), ""))


def _chunks(source: IO[bytes], trailers: dict[str, str]) -> Iterator[bytes]:
    total = 0
    while True:
        line = _line(source)
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise Malformed(f"a chunk's size is {line[:100]!r}") from None
        if size <= 0:
            break
        total += size
        if total > MAX_STREAM:
            raise StreamTooLarge
        left = size
        while left:  # as it comes: a chunk may be large and slow
            data = source.read1(left) if hasattr(source, "read1") else source.read(left)
            if not data:
                raise Cut
            left -= len(data)
            yield data
        if _line(source):
            raise Malformed("a chunk is longer than its size says")
    while line := _line(source):
        name, _, value = line.decode("latin-1").partition(":")
        trailers[name.strip().lower()] = value.strip()


def _line(source: IO[bytes]) -> bytes:
    line = source.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        raise Cut if len(line) < _MAX_LINE else Malformed("a line of the chunked body has no end")
    return line.rstrip(b"\r\n")


def _prelude(chunks: Iterator[bytes]) -> tuple[dict[str, Any], bytes]:
    data = b""
    for chunk in chunks:
        data += chunk
        text, nuls, rest = data.partition(_NULS)
        if nuls:
            break
        if len(data) > _MAX_PRELUDE:
            raise Malformed("the reply has no prelude")
    else:
        raise Malformed("the reply has no prelude")
    try:
        prelude = json.loads(text)
    except ValueError:
        prelude = None
    if not isinstance(prelude, dict):
        raise Malformed("the reply's prelude is not a JSON object")
    return prelude, rest


def _error_body(text: str) -> dict[str, Any]:
    try:
        body = json.loads(base64.b64decode(text, validate=True))
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def whole_reply(prelude: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return what a streamed reply would be as one piece, in the form of payload 2.0."""
    try:
        text, is_base64 = body.decode("utf-8"), False
    except UnicodeDecodeError:
        text, is_base64 = base64.b64encode(body).decode(), True
    return {**prelude, "body": text, "isBase64Encoded": is_base64}
