"""An HTTP/1.1 answer and its body (RFC 9112); see `connection`."""

from __future__ import annotations

from endpoint_runtime.http_client.stream import HttpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from endpoint_runtime.http_client.stream import Stream

MAX_BODY = 64 << 20  # bytes that `read` takes, where nothing else is said


class Response:
    """An answer: `status`, `headers` (names in lower case, repeated ones joined), and its body.

    Closing it before the body's end closes the connection; reading it to the end keeps that open.
    """

    def __init__(
        self,
        connection: Stream,
        method: str,
        status: int,
        version: str,
        headers: dict[str, str],
    ) -> None:
        self.status = status
        self.headers = headers
        self._connection = connection
        self._closing = version == "HTTP/1.0" or "close" in headers.get("connection", "").lower()
        self._length: int | None = None
        self._chunked = False
        self._ended = False
        encoding = headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length")
        if method in ("HEAD", "CONNECT") or status in (204, 304):
            self._ended = True
        elif encoding:
            if encoding != "chunked":
                raise connection.broken(f"transfer-encoding: {encoding[:40]}")
            self._chunked = True
        elif length is not None:
            lengths = {each.strip() for each in length.split(",")}
            length = lengths.pop()
            if lengths or not is_number(length):
                raise connection.broken(f"content-length: {headers['content-length'][:40]}")
            self._length = int(length)
            self._ended = not self._length

    @property
    def keeps_connection(self) -> bool:
        """Whether the answer is read and the connection can serve another."""
        return self._ended and not self._closing

    def iter_chunks(self) -> Iterator[bytes]:
        """Return the body's bytes as they come, in pieces of any size but none."""
        connection = self._connection
        while not self._ended:
            try:
                chunk = self._next_chunk()
            except BaseException:
                connection.close()
                raise
            if chunk:
                yield chunk

    def read(self, limit: int = MAX_BODY) -> bytes:
        """Return the whole body, or what is left of it; one of more than `limit` bytes raises."""
        parts, size = [], 0
        for chunk in self.iter_chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                self._connection.close()
                raise HttpError(f"{self._connection.name} sent more than {limit} bytes")
        return b"".join(parts)

    def close(self) -> None:
        """Give up the rest of the body."""
        if not self._ended or self._closing:
            self._ended = self._closing = True
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _next_chunk(self) -> bytes:
        connection = self._connection
        if self._chunked and not self._length:
            if self._length == 0 and connection.take_line():
                raise connection.broken("a chunk longer than it says")
            self._length = self._chunk_size()
            if self._length == 0:
                self._skip_trailers()
                self._ended = True
                return b""
        data = connection.take_some(self._length)
        if not data and self._length is not None:
            raise connection.cut_short()
        if self._length is not None:
            self._length -= len(data)
            self._ended = not self._length and not self._chunked
        elif not data:  # the body ends with the connection
            self._ended = self._closing = True
        return data

    def _chunk_size(self) -> int:
        line = self._connection.take_line()
        size = line.partition(b";")[0].strip()
        if not 0 < len(size) <= 16 or size.translate(None, b"0123456789abcdefABCDEF"):
            raise self._connection.broken(line[:40])
        return int(size, 16)

    def _skip_trailers(self) -> None:
        for _ in range(1000):
            if not self._connection.take_line():
                return
        raise self._connection.broken("trailers without an end")


def is_number(text: str) -> bool:
    """Return whether a text is a plain decimal number of a sane length."""
    return text.isascii() and text.isdigit() and len(text) <= 19
