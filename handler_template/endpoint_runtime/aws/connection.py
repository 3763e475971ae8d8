"""One kept-alive HTTP/1.1 connection, plain or with TLS, for whole requests and whole answers.

Source: RFC 9112. Every wait ends: at the time that the caller gives, or once nothing has moved for
a while.
"""

from __future__ import annotations

import _socket
from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONNECT = 3.0  # s that one address gets to answer
_STALL = 10.0  # s that an exchange may stand still
_RECEIVE = 1 << 16  # bytes
_MAX_HEAD = 1 << 18  # bytes


class ConnectionFailed(Exception):
    """No connection, or it broke; the message says how."""


class TimedOut(Exception):
    """Nothing came in time."""


class Unused(ConnectionFailed):
    """The connection ended before the first byte of an answer."""


class _Socket(_socket.socket):
    """A socket that can be referred to weakly, as `_ssl` wants it."""

    __slots__ = ("__weakref__",)


class Connection:
    """A connection to `host` and `port`, for one thread at a time.

    `wrap` makes the TLS handshake over the connected socket and gives what reads and writes on it;
    None for plain HTTP. Times are in seconds since the epoch. Making it raises ConnectionFailed,
    TimedOut or what `wrap` raises.
    """

    def __init__(self, host: str, port: int, limit: float, wrap: Any = None) -> None:
        self.kept = False  # has served before
        self.closes = False  # the server closes it after this answer
        self._buffer = bytearray()  # read, not yet used
        self._socket = _connect(host, port, limit)
        self._tls: Any = None
        if wrap is not None:
            try:
                self._socket.settimeout(_patience(limit))
                self._tls = wrap(self._socket)
            except TimeoutError:
                self.close()
                raise TimedOut(f"{host} did not finish the TLS handshake in time") from None
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Close it at once: nothing is left to be said."""
        self._socket.close()

    def is_alive(self) -> bool:
        """Say whether it can be used again: it is open, and nothing unasked for has come."""
        if self.closes or self._buffer:
            return False
        try:
            self._socket.settimeout(0)
            try:
                if not self._socket.recv(1, _socket.MSG_PEEK) or self._tls is None:
                    return False
            except BlockingIOError:
                return True
            self._tls.read(1)  # what came may be a session ticket, which is no data
        except OSError as error:
            return type(error).__name__ == "SSLWantReadError"
        return False

    def exchange(
        self, head: bytes, body: bytes, limit: float, *, bodiless: bool = False
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request and give the answer's status, headers (in lower case) and body.

        `bodiless` is for HEAD. Raises ConnectionFailed or TimedOut, and then can't be used again.
        """
        try:
            return self._exchange(head, body, limit, bodiless)
        except (ConnectionFailed, TimedOut):
            self.close()
            raise
        except TimeoutError:
            self.close()
            raise TimedOut("no answer came in time") from None
        except OSError as error:
            self.close()
            if type(error).__name__ == "SSLEOFError":
                raise ConnectionFailed("the connection was cut") from None
            raise ConnectionFailed(f"the connection broke: {error.strerror or error}") from None

    def _exchange(
        self, head: bytes, body: bytes, limit: float, bodiless: bool
    ) -> tuple[int, dict[str, str], bytes]:
        try:
            if len(body) < _RECEIVE:
                self._send(head + body, limit)
            else:
                self._send(head, limit)
                self._send(body, limit)
        except ConnectionError:
            self.closes = True  # refused halfway: the answer may say why
        while True:
            status, headers = self._read_head(limit)
            if status >= 200:
                break
        length = headers.get("content-length")
        if bodiless or status in (204, 304):
            content = b""
        elif "chunked" in headers.get("transfer-encoding", "").lower():
            content = self._read_chunks(limit)
        elif length is None:  # the body ends with the connection
            self.closes = True
            while self._receive(limit):
                pass
            content = bytes(self._buffer)
            self._buffer.clear()
        elif length.isascii() and length.isdecimal():
            content = self._take(int(length), limit)
        else:
            raise ConnectionFailed("the answer has no length that can be read")
        self.kept = True
        return status, headers, content

    def _send(self, data: bytes, limit: float) -> None:
        view = memoryview(data)
        write = self._socket.send if self._tls is None else self._tls.write
        while view:
            self._socket.settimeout(_patience(limit))
            view = view[write(view) :]

    def _receive(self, limit: float) -> int:
        """Add what comes to the buffer, at least a byte; 0 if the connection has ended."""
        self._socket.settimeout(_patience(limit))
        try:
            read = self._socket.recv if self._tls is None else self._tls.read
            data: bytes = read(_RECEIVE)
        except ConnectionError:
            return 0
        except OSError as error:
            # An end that is said, and one that is not: whether it is too early shows elsewhere.
            if type(error).__name__ in ("SSLZeroReturnError", "SSLEOFError"):
                return 0
            raise
        self._buffer += data
        return len(data)

    def _read_head(self, limit: float) -> tuple[int, dict[str, str]]:
        buffer = self._buffer
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) > _MAX_HEAD:
                raise ConnectionFailed("the answer's headers are endless")
            if not self._receive(limit):
                if buffer:
                    raise ConnectionFailed("the answer was cut short")
                raise Unused("the connection was cut before an answer came")
        first, *lines = buffer[:end].decode("latin-1").split("\r\n")
        del buffer[: end + 4]
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal() or not rest[:3].isascii():
            raise ConnectionFailed("the answer is no HTTP")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if version == "HTTP/1.0" or headers.get("connection", "").lower() == "close":
            self.closes = True
        return int(rest[:3]), headers

    def _read_chunks(self, limit: float) -> bytes:
        body = bytearray()
        while True:
            line = self._read_line(limit).partition(b";")[0].strip()
            if not line.isalnum() or len(line) > 16:
                raise ConnectionFailed("the answer has a broken chunk")
            try:
                length = int(line, 16)
            except ValueError:
                raise ConnectionFailed("the answer has a broken chunk") from None
            if length == 0:
                break
            body += self._take(length, limit)
            if self._read_line(limit):
                raise ConnectionFailed("the answer has a broken chunk")
        while self._read_line(limit):  # trailers
            pass
        return bytes(body)

    def _read_line(self, limit: float) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise ConnectionFailed("the answer has a broken chunk")
            if not self._receive(limit):
                raise ConnectionFailed("the answer was cut short")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _take(self, length: int, limit: float) -> bytes:
        while len(self._buffer) < length:
            if not self._receive(limit):
                raise ConnectionFailed("the answer was cut short")
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken


def _connect(host: str, port: int, limit: float) -> _Socket:
    """Connect to the first address of a host that answers."""
    try:
        # As bytes: a str would import the codec of international names, and `re` with it.
        found = _socket.getaddrinfo(host.encode("ascii"), port, 0, _socket.SOCK_STREAM)
    except OSError as error:
        raise ConnectionFailed(f"{host} can't be resolved: {error.strerror}") from None
    failure: ConnectionFailed | TimedOut = ConnectionFailed(f"{host} has no address")
    for family, kind, protocol, _, address in found:
        made = _Socket(family, kind, protocol)
        try:
            made.settimeout(min(_CONNECT, _patience(limit)))
            made.connect(address)
            made.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            return made
        except TimeoutError:
            failure = TimedOut(f"{host}:{port} did not answer in time")
        except OSError as error:
            failure = ConnectionFailed(f"{host}:{port} can't be reached: {error.strerror}")
        except TimedOut:
            made.close()
            raise
        made.close()
    raise failure


def _patience(limit: float) -> float:
    """Give the seconds to wait for the next sign of life; TimedOut if the time is over."""
    left = limit - time()
    if left <= 0:
        raise TimedOut("the time for the call is over")
    return min(left, _STALL)
