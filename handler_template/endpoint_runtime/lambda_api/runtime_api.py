"""The Lambda Runtime API over one kept-alive connection, on a raw socket.

Source: AWS, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01). The server is
not trusted to keep to it: whatever it answers, a call ends with a result or with RuntimeApiError.
"""

import _socket
import sys

from endpoint_runtime.lambda_api.answers import (
    RECEIVE,
    AnswerReader,
    ConnectionCut,
    RuntimeApiError,
    is_number,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_ROOT = "/2018-06-01/runtime/"
_STALL = 15  # seconds that a begun answer, or a request being sent, may stand still
_SLOWEST = 300  # seconds that an answer may take from its first byte on
_ID_MARKS = {ord(mark): None for mark in "-_.:"}  # what an id may hold besides letters and digits
_PATIENCE = bytes(8) + (250_000).to_bytes(8, sys.byteorder)  # 0.25 s, a struct timeval
_FOREVER = bytes(16)  # a struct timeval of zero: no time-out
# With `send`: an end of the connection is an error, whatever SIGPIPE does in this process.
NO_SIGNAL: int = getattr(_socket, "MSG_NOSIGNAL", 0)


class ReportedError(Exception):
    """A failed invocation or start that the API has a name for, such as Runtime.UnmarshalError."""

    def __init__(self, error_type: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.trace = trace or []


class Invocation:
    """One answer to `next`: the event as it came, and what its headers say."""

    __slots__ = ("body", "headers", "request_id")

    def __init__(self, request_id: str, headers: dict[str, str], body: bytearray) -> None:
        self.request_id = request_id
        self.headers = headers  # names in lower case
        self.body = body

    @property
    def deadline_ms(self) -> int:
        """When the invocation times out, in ms since the epoch; 0 if the header can't be read."""
        value = self.headers.get("lambda-runtime-deadline-ms", "")
        return int(value) if is_number(value, 19) else 0


class RuntimeApi(AnswerReader):
    """The Runtime API at `address` ("host:port"), for one thread.

    Every method raises RuntimeApiError if the API can't be reached, answers with a status that the
    call does not know, or breaks HTTP. `stall` is the number of seconds for which a begun answer
    may stand still, `slowest` that for which it may come in all; the wait for an invocation itself
    has no limit.
    """

    def __init__(self, address: str, *, stall: int = _STALL, slowest: int = _SLOWEST) -> None:
        super().__init__(slowest)
        host, _, port = address.rpartition(":")
        name = host.strip("[]")
        if not name or not is_number(port, 5) or not 0 < int(port) < 65536:
            raise RuntimeApiError(f"AWS_LAMBDA_RUNTIME_API is {address!r}, expected host:port")
        if not (name.isascii() and name.isprintable()) or " " in name:
            raise RuntimeApiError(f"AWS_LAMBDA_RUNTIME_API is {address!r}, expected host:port")
        self._address = (name, int(port))
        self._family = _socket.AF_INET6 if host.startswith("[") else _socket.AF_INET
        self._stall = stall.to_bytes(8, sys.byteorder) + bytes(8)  # a struct timeval
        self._common = (
            f" HTTP/1.1\r\nHost: {address}\r\nUser-Agent: endpoint-runtime python/"
            f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}\r\n"
        )
        self._next = f"GET {_ROOT}invocation/next{self._common}\r\n".encode()
        self._open = False
        self._patience = _FOREVER  # how long the socket waits for bytes to come

    def next(self) -> Invocation:
        """Wait for the next invocation, however long that takes."""
        status, headers, body = self._exchange("GET invocation/next", self._next, wait=True)
        if status != 200:
            _refuse("GET invocation/next", status, body)
        request_id = headers.get("lambda-runtime-aws-request-id", "")
        if not (request_id.isascii() and request_id.translate(_ID_MARKS).isalnum()):
            raise RuntimeApiError(
                f"the Runtime API sent an invocation whose request id is {request_id[:100]!r}"
            )
        return Invocation(request_id, headers, body)

    def respond(self, invocation: Invocation, body: bytes, content_type: str) -> bool:
        """Post the reply; False if the API finds it too large (it has told the caller so)."""
        return (
            self._post(
                f"invocation/{invocation.request_id}/response",
                body,
                f"Content-Type: {content_type}\r\n{_echo(invocation)}",
                known=(202, 413),
            )
            == 202
        )

    def error(self, invocation: Invocation, kind: str, report: bytes, cause: str) -> None:
        """Report a failed invocation: `kind` is the error's type, `cause` X-Ray's JSON or ""."""
        headers = f"{_error_type(kind)}{_echo(invocation)}"
        if cause:
            headers += f"Lambda-Runtime-Function-XRay-Error-Cause: {cause}\r\n"
        path = f"invocation/{invocation.request_id}/error"
        self._post(path, report, f"Content-Type: application/json\r\n{headers}", known=(202, 413))

    def begin_stream(self, invocation: Invocation, headers: str) -> "tuple[_socket.socket, bytes]":
        """Return the connection to send a streamed reply on, and the request's head.

        A `send` that nothing moves for `_PATIENCE` raises BlockingIOError.
        """
        what = f"POST invocation/{invocation.request_id}/response"
        try:
            self._connected()
        except (OSError, UnicodeError) as error:
            self.close()
            raise RuntimeApiError(f"{what} failed: {error}") from None
        self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, _PATIENCE)
        path = what.replace(" ", f" {_ROOT}", 1)
        return self._socket, f"{path}{self._common}{headers}{_echo(invocation)}\r\n".encode()

    def has_answer(self) -> bool:
        """Whether an answer, or the connection's end, came before a streamed reply's end."""
        try:
            self._socket.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def end_stream(self, invocation: Invocation, seconds: float) -> int:
        """Return the status of the answer to a streamed reply, 0 if none comes; then hang up.

        `seconds` is how long the answer may take where that is longer than the usual.
        """
        what = f"POST invocation/{invocation.request_id}/response"
        wait = max(int.from_bytes(self._stall[:8], sys.byteorder), int(seconds) + 1)
        timeval = wait.to_bytes(8, sys.byteorder) + bytes(8)
        status, answer = 0, bytearray()
        self._begun = 0.0
        try:
            self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, timeval)
            status, _, answer = self._read_answer(what)
        except (ConnectionCut, OSError):
            pass
        finally:
            self.close()
        if status not in (0, 202, 413):
            _refuse(what, status, answer)
        return status

    def init_error(self, kind: str, report: bytes) -> None:
        """Report that the handler can't be loaded."""
        headers = f"Content-Type: application/json\r\n{_error_type(kind)}"
        self._post("init/error", report, headers, known=(202,))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._open:
            self._open = False
            try:
                self._socket.close()
            except OSError:  # a plugin has closed it
                pass

    def _post(self, path: str, body: bytes, headers: str, *, known: tuple[int, ...]) -> int:
        head = f"POST {_ROOT}{path}{self._common}{headers}Content-Length: {len(body)}\r\n\r\n"
        status, _, answer = self._exchange("POST " + path, head.encode(), body)
        if status not in known:
            _refuse("POST " + path, status, answer)
        return status

    def _exchange(
        self, what: str, head: bytes, body: bytes = b"", *, wait: bool = False
    ) -> tuple[int, dict[str, str], bytearray]:
        """Send one request and read its answer. A kept connection that turns out to be cut before
        the first byte of the answer is opened again, once: that is what an idle time-out of the
        server looks like. A waiting request is sent again on a fresh connection too."""
        try:
            retry = self._connected() or wait
            try:
                return self._send_and_read(what, head, body, wait)
            except ConnectionCut:
                if not retry:
                    raise
            self.close()
            self._connected()
            return self._send_and_read(what, head, body, wait)
        except ConnectionCut:
            reason = "the connection was cut"
        except BlockingIOError:
            reason = "the API stopped in the midst of the exchange"
        except (OSError, UnicodeError) as error:  # the latter by a name that can't be looked up
            reason = str(error)
        except RuntimeApiError:
            self.close()
            raise
        self.close()
        raise RuntimeApiError(f"{what} at {self._address[0]}:{self._address[1]} failed: {reason}")

    def _connected(self) -> bool:
        """Make sure of a connection; True if it is one that served before and looks sound."""
        if self._open and not (self._last or self._buffer):
            try:
                self._socket.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True  # open, and nothing unasked for has come
            except OSError as error:
                from errno import ENOTSOCK

                if error.errno == ENOTSOCK:  # a plugin has closed it, and got its number for a file
                    self._socket.detach()
        self.close()
        self._buffer.clear()
        self._last = False
        connection = _socket.socket(self._family, _socket.SOCK_STREAM)
        try:
            if connection.gettimeout() is not None:  # by the plugin's socket.setdefaulttimeout
                connection.settimeout(None)
            connection.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, self._stall)
            connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            connection.connect(self._address)
        except BaseException:
            connection.close()
            raise
        self._socket = connection
        self._patience = _FOREVER
        self._open = True
        return False

    def _send_and_read(
        self, what: str, head: bytes, body: bytes, wait: bool
    ) -> tuple[int, dict[str, str], bytearray]:
        connection = self._socket
        self._begun = 0.0
        try:
            if len(body) < RECEIVE:
                connection.sendall(head + body, NO_SIGNAL)
            else:
                connection.sendall(head, NO_SIGNAL)
                connection.sendall(body, NO_SIGNAL)
        except ConnectionError:  # refused halfway: the answer may say why
            self._last = True
        if wait:
            self._wait_at_most(_FOREVER)
            if not self._receive(RECEIVE):
                raise ConnectionCut
        self._wait_at_most(self._stall)
        return self._read_answer(what)

    def _wait_at_most(self, timeval: bytes) -> None:
        if self._patience != timeval:
            self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, timeval)
            self._patience = timeval


def _error_type(kind: str) -> str:
    """The header that names an error; exception classes can have any text as their name."""
    if not (kind.isascii() and kind.isprintable()):
        kind = "Runtime.Unknown"
    return f"Lambda-Runtime-Function-Error-Type: {kind}\r\n"


def _echo(invocation: Invocation) -> str:
    """The header that the stock client sends back when the invocation came with it."""
    value = invocation.headers.get("lambda-runtime-invocation-id", "")
    if value and value.isascii() and value.isprintable():
        return f"Lambda-Runtime-Invocation-Id: {value}\r\n"
    return ""


def _refuse(what: str, status: int, body: bytearray) -> "NoReturn":
    said = body[:200].decode("utf-8", "replace")
    raise RuntimeApiError(f"the Runtime API answered {what} with status {status}: {said!r}")
