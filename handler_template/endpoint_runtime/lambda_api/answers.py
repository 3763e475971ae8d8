"""Reads what the Lambda Runtime API answers: HTTP/1.1, from a socket that is given.

The server is not trusted to keep to it: whatever it answers, reading ends with a result or with
RuntimeApiError.
"""

import _socket
from time import monotonic

_MAX_HEAD = 8 << 20  # bytes; Lambda sends a few kB
_MAX_INTERIM = 100  # answers such as 100 Continue before the real one
_MAX_BODY = 256 << 20  # bytes; Lambda sends at most 6 MB
RECEIVE = 1 << 18  # bytes asked for at a time


class RuntimeApiError(Exception):
    """The Runtime API can't be used any further; the message is one line for the log."""


class ConnectionCut(Exception):
    """The connection ended before the first byte of an answer."""


class AnswerReader:
    """Reads answers from `_socket`, and keeps what came beyond the one that was asked for.

    An answer may take `slowest` seconds from its first byte on.
    """

    def __init__(self, slowest: int) -> None:
        self._slowest = slowest
        self._socket: _socket.socket = NotImplemented  # until it is connected
        self._buffer = bytearray()  # read, not yet used
        self._last = False  # the server closes the connection after this answer
        self._begun = 0.0  # when the first byte of the answer came, by the monotonic clock

    def _read_answer(self, what: str) -> tuple[int, dict[str, str], bytearray]:
        for _ in range(_MAX_INTERIM):
            status, headers = self._read_head(what)
            if status >= 200:
                return status, headers, self._read_body(what, status, headers)
        raise RuntimeApiError(f"the Runtime API never came to answer {what}")

    def _receive(self, size: int) -> int:
        """Add what has come to the buffer, at least a byte; 0 if the connection has ended."""
        try:
            data = self._socket.recv(size)
        except ConnectionError:
            return 0
        self._buffer += data
        now = monotonic()
        if not self._begun:
            self._begun = now
        elif now - self._begun > self._slowest:
            raise OSError(f"its answer took more than {self._slowest} seconds")
        return len(data)

    def _more(self, what: str) -> None:
        if not self._receive(RECEIVE):
            raise RuntimeApiError(f"the Runtime API cut its answer to {what} short")

    def _read_head(self, what: str) -> tuple[int, dict[str, str]]:
        buffer = self._buffer
        seen = 0
        while (end := buffer.find(b"\r\n\r\n", seen)) < 0:
            if len(buffer) > _MAX_HEAD:
                raise RuntimeApiError(f"the Runtime API's headers to {what} are endless")
            seen = max(0, len(buffer) - 3)
            if not buffer and not self._receive(RECEIVE):
                raise ConnectionCut
            if buffer.find(b"\r\n\r\n", seen) < 0:
                self._more(what)
        lines = buffer[:end].decode("utf-8", "replace").split("\r\n")
        del buffer[: end + 4]
        version, _, rest = lines[0].partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not is_number(status, 3):
            raise RuntimeApiError(f"the Runtime API answered {what} with {lines[0][:100]!r}")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.lower()
            value = value.strip()
            if name == "content-length" and headers.get(name, value) != value:
                raise RuntimeApiError(f"the Runtime API gave two lengths in its answer to {what}")
            headers[name] = value
        if version == "HTTP/1.0" or headers.get("connection", "").lower() == "close":
            self._last = True
        return int(status), headers

    def _read_body(self, what: str, status: int, headers: dict[str, str]) -> bytearray:
        if status in (204, 304):
            return bytearray()
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._read_chunks(what)
        length = headers.get("content-length")
        if length is None:  # the body ends with the connection
            self._last = True
            while self._receive(RECEIVE):
                self._check_size(what, len(self._buffer))
            return self._take(len(self._buffer))
        if not is_number(length, 19):
            raise RuntimeApiError(f"the Runtime API gave {what} the length {length[:100]!r}")
        return self._read_exactly(what, int(length))

    def _read_chunks(self, what: str) -> bytearray:
        body = bytearray()
        while True:
            line = self._read_line(what)
            size = line.partition(b";")[0].strip()
            try:
                length = int(bytes(size), 16) if len(size) <= 16 and size.isalnum() else -1
            except ValueError:
                length = -1
            if length < 0:
                raise RuntimeApiError(f"the Runtime API sent {what} a broken chunk")
            if length == 0:
                break
            self._check_size(what, len(body) + length)
            body += self._read_exactly(what, length)
            if self._read_line(what):
                raise RuntimeApiError(f"the Runtime API sent {what} a broken chunk")
        for _ in range(1000):  # trailers
            if not self._read_line(what):
                return body
        raise RuntimeApiError(f"the Runtime API's trailers to {what} are endless")

    def _read_line(self, what: str) -> bytearray:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > 65536:
                raise RuntimeApiError(f"the Runtime API sent {what} a broken chunk")
            self._more(what)
        line = self._take(end)
        del self._buffer[:2]
        return line

    def _read_exactly(self, what: str, length: int) -> bytearray:
        self._check_size(what, length)
        while len(self._buffer) < length:
            if not self._receive(min(length - len(self._buffer), RECEIVE)):
                raise RuntimeApiError(
                    f"the Runtime API cut its answer to {what} short:"
                    f" {len(self._buffer)} of {length} bytes came"
                )
        return self._take(length)

    def _take(self, length: int) -> bytearray:
        if length == len(self._buffer):  # the usual case needs no copy
            taken, self._buffer = self._buffer, bytearray()
        else:
            taken = self._buffer[:length]
            del self._buffer[:length]
        return taken

    def _check_size(self, what: str, length: int) -> None:
        if length > _MAX_BODY:
            raise RuntimeApiError(f"the Runtime API's answer to {what} exceeds {_MAX_BODY} bytes")


def is_number(text: str, digits: int) -> bool:
    """Return whether a text is a number of at most so many digits."""
    return text.isdecimal() and text.isascii() and len(text) <= digits
