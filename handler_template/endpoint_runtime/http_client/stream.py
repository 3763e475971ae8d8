"""The bytes of a connection: sent and received within its deadline; and what can go wrong."""

from __future__ import annotations

from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PIECE = 1 << 16  # bytes asked for, and sent, at a time


class HttpError(Exception):
    """An exchange failed. The message is one line that names the server.

    `sent` is false if no byte of the request can have reached the server: it may be repeated.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class TimedOut(HttpError):
    """The deadline came, or nothing moved for too long, after `seconds`."""

    def __init__(self, message: str, *, sent: bool, seconds: float) -> None:
        super().__init__(message, sent=sent)
        self.seconds = seconds


class CertificateRefused(HttpError):
    """The server's certificate is not one to trust for its name."""


class Stream:
    """A socket, perhaps with TLS over it, and what has come by it and is not read yet.

    `name` is the server's in messages, `deadline` in seconds since the epoch or None, `stall` how
    long nothing may move, in seconds.
    """

    def __init__(self, name: str, deadline: float | None, stall: float) -> None:
        self.name = name
        self.deadline = deadline
        self.stall = stall
        self._socket: Any = None
        self._stream: Any = None  # the TLS layer, else the socket
        self._buffer = bytearray()  # received, not yet used
        self._used_at = self._asked_at = 0.0

    def close(self) -> None:
        """Close the connection; an answer that is not read yet is lost."""
        if self._socket is not None:
            self._socket.close()
        self._socket = self._stream = None
        self._buffer.clear()

    def send(self, head: bytes, body: bytes) -> None:
        """Send a request, in few pieces."""
        sent = False
        view = memoryview(head + body if len(body) < _PIECE else head)
        try:
            while True:
                while view:
                    self._socket.settimeout(self.left(sent=sent))
                    count = self._stream.send(view[:_PIECE])
                    sent = True
                    view = view[count:]
                if len(body) < _PIECE:
                    return
                view, body = memoryview(body), b""
        except TimeoutError:
            raise self.timed_out(sent=True) from None
        except ConnectionError:
            pass  # refused halfway: the answer may say why
        except OSError as fault:
            problem = fault.strerror or "the connection broke"
            raise HttpError(f"{self.name}: {problem}", sent=True) from None

    def left(self, *, sent: bool = True) -> float:
        """Return the seconds that the next step may take."""
        if self.deadline is None:
            return self.stall
        left = self.deadline - time()
        if left <= 0:
            raise self.timed_out(sent=sent)
        return min(left, self.stall)

    def timed_out(self, message: str = "", *, sent: bool) -> TimedOut:
        """Return the error for a step that has taken too long."""
        now = time()
        if self.deadline is None or now < self.deadline:
            seconds = self.stall
        else:
            seconds = now - self._asked_at
        message = message or f"{self.name} did not answer in time"
        return TimedOut(message, sent=sent, seconds=seconds)

    def receive(self) -> bool:
        """Add what has come to the buffer, at least a byte; False at the connection's end."""
        try:
            self._socket.settimeout(self.left())
            data = self._stream.recv(_PIECE)
        except TimeoutError:
            raise self.timed_out(sent=True) from None
        except OSError:  # reset, or TLS that ends without saying so
            raise self.cut_short() from None
        self._used_at = time()
        self._buffer += data
        return bool(data)

    def cut_short(self) -> HttpError:
        """Return the error for an answer that ends before its end."""
        return HttpError(f"{self.name} cut its answer short")

    def broken(self, what: object) -> HttpError:
        """Return the error for an answer that is not HTTP."""
        return HttpError(f"{self.name} sent an answer that is not HTTP: {what!r}")

    def take(self, size: int) -> bytes:
        """Return the first `size` bytes of the buffer."""
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def take_line(self, limit: int = _PIECE) -> bytes:
        """Return the next line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > limit:
                raise self.broken("a line without an end")
            if not self.receive():
                raise self.cut_short()
        return self.take(end + 1).rstrip(b"\r\n")

    def take_some(self, most: int | None = None) -> bytes:
        """Return what the buffer has, at most `most` bytes; b"" at the connection's end."""
        if not self._buffer and not self.receive():
            return b""
        size = len(self._buffer)
        return self.take(size if most is None else min(size, most))
