"""One HTTP/1.1 connection over TCP or TLS, without `http.client`, `ssl` and `socket`.

    connection = Connection("https", "api.example.com", deadline=time() + 10)
    with connection.request("POST", "/v1/x", {"Content-Type": "application/json"}, b"{}") as answer:
        answer.status, answer.headers["content-type"], answer.read()

Contract: an exchange ends with its answer or with `HttpError`, never after the deadline (seconds
since the epoch), and never for standing still longer than `stall` seconds. TLS verifies the chain
and the host's name, always. Nothing is retried here: `HttpError.sent` tells who may. One thread
uses a connection at a time, and reads or closes an answer before it asks for the next. Sources:
RFC 9110 and 9112.
"""

from __future__ import annotations

import _socket
import os
from posix import getpid
from time import time

from endpoint_runtime import process
from endpoint_runtime.http_client.response import MAX_BODY, Response, is_number
from endpoint_runtime.http_client.stream import CertificateRefused, HttpError, Stream, TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from endpoint_runtime.http_client.tls import Trust

STALL = 60.0  # seconds without a byte sent or received, where nothing else is said
MAX_HEAD = 256 << 10  # bytes
_CONNECT = 10.0  # seconds for one address, of which a host may have several
_MAX_INTERIM = 100  # answers such as 100 Continue before the real one
_PORTS = {"http": 80, "https": 443}

__all__ = ["MAX_BODY", "CertificateRefused", "Connection", "HttpError", "Response", "TimedOut"]


class _Socket(_socket.socket):
    """A socket that weak references can be made to, which is what TLS has."""


class Connection(Stream):
    """A connection to `host`, opened by the first request and again when it has been closed.

    `trust` says which roots are trusted, in the order in which they are tried (see
    endpoint_runtime.http_client.tls; by default the system's). `HTTPS_PROXY`, `HTTP_PROXY` and
    `NO_PROXY` are obeyed if `proxies` is true.
    """

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int | None = None,
        *,
        deadline: float | None = None,
        stall: float = STALL,
        trust: Sequence[Trust] | None = None,
        proxies: bool = True,
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port or _PORTS[scheme]
        name = f"[{host}]" if ":" in host else host
        if self.port != _PORTS[scheme]:
            name += f":{self.port}"
        super().__init__(name, deadline, stall)
        self._trust = trust
        self._proxies = proxies
        self._origin = ""  # what comes before the path where a proxy forwards plain HTTP
        self._proxy_headers: dict[str, str] = {}
        self._process = 0  # whose it is: one that a plugin forks has a copy of the socket
        self._answer: Response | None = None

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        deadline: float | None = None,
    ) -> Response:
        """Send a request, `path` as it is, and return its answer once the head of it is here.

        `Host` and `Content-Length` are added. `deadline` replaces the connection's from now on.
        """
        self.deadline = self.deadline if deadline is None else deadline
        observe = process.observe_call
        if observe is None:
            return self._exchange(method, path, headers, body)
        return observe(self, self._exchange, method, path, headers, body)  # type: ignore[no-any-return]

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes
    ) -> Response:
        self._asked_at = time()
        if self._answer is not None:
            self._answer.close()
        if not self.is_open():
            self._connect()
        head = self._head(method, path, headers or {}, len(body))
        try:
            self.send(head, body)
            self._answer = self._read_head(method)
        except BaseException:
            self.close()
            raise
        return self._answer

    def is_open(self, idle: float = 30.0) -> bool:
        """Whether the next request can be sent without connecting again.

        Not where it has been unused for more than `idle` seconds (servers close such connections,
        and a frozen environment does not see it), or the server has sent something unasked, such as
        the end; and never where another process has opened it, which goes on using it.
        """
        if self._stream is None or self._buffer or time() - self._used_at > idle:
            return False
        if self._process != getpid():
            return False
        if self._answer is not None and not self._answer.keeps_connection:
            return False
        try:
            self._socket.settimeout(None)
            self._socket.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _connect(self) -> None:
        self.close()
        self._answer = None
        host, port = self.host, self.port
        proxy = None
        if self._proxies and _names_proxy(self.scheme):
            from endpoint_runtime.http_client.proxies import proxy_for

            proxy = proxy_for(self.scheme, self.host, self.port)
        if proxy is not None:
            host, port, self._proxy_headers = proxy
        if self.scheme == "http":
            self._open(host, port)
            self._stream = self._socket
            self._origin = f"http://{self.name}" if proxy else ""
            return
        from endpoint_runtime.http_client import tls

        contexts = self._trust or tls.SYSTEM
        for number, trust in enumerate(contexts):
            self._open(host, port)
            if proxy:
                self._tunnel()
            try:
                self._stream = tls.wrap(self._socket, self.host, trust())
                return
            except TimeoutError:
                self.close()
                raise self.timed_out(sent=False) from None
            except OSError as fault:
                self.close()
                problem = tls.problem_of(fault)
                if not tls.is_distrust(fault):
                    message = f"{self.name}: no TLS connection: {problem}"
                    raise HttpError(message, sent=False) from None
                if number == len(contexts) - 1:
                    message = f"{self.name}: the certificate is not to be trusted: {problem}"
                    raise CertificateRefused(message, sent=False) from None

    def _open(self, host: str, port: int) -> None:
        """Connect to the first address of `host` that can be reached."""
        problem = "it has no address"
        for family, address in self._addresses(host, port):
            connection = _Socket(family, _socket.SOCK_STREAM)
            try:
                connection.settimeout(min(self.left(sent=False), _CONNECT))
                connection.connect(address)
                connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            except OSError as fault:
                connection.close()
                problem = fault.strerror or "it does not answer"
                continue
            except BaseException:
                connection.close()
                raise
            self._socket = connection
            self._used_at = time()
            self._process = getpid()
            return
        raise HttpError(f"{self.name} can't be reached: {problem}", sent=False)

    def _addresses(self, host: str, port: int) -> list[tuple[int, Any]]:
        """Look a host up, on a thread where it is a name: the resolver knows no deadline."""
        from _thread import allocate_lock, start_new_thread

        if ":" in host or host.rpartition(".")[2].isdecimal():  # an address, or no name
            name, kind = host.encode("ascii", "replace"), _socket.SOCK_STREAM
            try:
                numeric = _socket.getaddrinfo(name, port, 0, kind, 0, _socket.AI_NUMERICHOST)
            except OSError:
                raise HttpError(f"{self.name} is not an address", sent=False) from None
            return [(family, address) for family, _, _, _, address in numeric]
        done = allocate_lock()
        done.acquire()
        found: list[Any] = []

        def look_up() -> None:
            try:
                # As bytes: text would import the codec for international names.
                name = host.encode("ascii" if host.isascii() else "idna")
                found.extend(_socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM))
            except (OSError, UnicodeError) as fault:
                found.append(fault)
            finally:
                done.release()

        start_new_thread(look_up, ())
        if not done.acquire(timeout=self.left(sent=False)):
            raise self.timed_out(f"{self.name}: its address was not found in time", sent=False)
        if found and isinstance(found[0], Exception):
            problem = getattr(found[0], "strerror", None) or str(found[0])
            raise HttpError(f"{self.name} can't be reached: {problem}", sent=False)
        return [(family, address) for family, _, _, _, address in found]

    def _tunnel(self) -> None:
        """Have the proxy that is connected pass everything on to the host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        target = f"{host}:{self.port}"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self._proxy_headers.items())
        self._stream = self._socket
        try:
            self.send(head.encode("latin-1") + b"\r\n", b"")
            answer = self._read_head("CONNECT")
        except HttpError as fault:
            self.close()
            fault.sent = False
            raise
        if answer.status != 200 or self._buffer:
            self.close()
            message = f"{self.name} can't be reached: the proxy answers {answer.status}"
            raise HttpError(message, sent=False)

    def _head(self, method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
        lines = [f"{method} {self._origin}{path} HTTP/1.1", f"Host: {self.name}"]
        if self._origin:
            headers = {**headers, **self._proxy_headers}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if length or method not in ("GET", "HEAD", "DELETE"):
            lines.append(f"Content-Length: {length}")
        for line in lines:
            if "\r" in line or "\n" in line or "\0" in line:
                # Not the line itself: it may be a key.
                name = line.partition(":")[0] if line is not lines[0] else "request line"
                raise ValueError(f"the {name[:40]!r} holds a line break")
        try:
            return "\r\n".join([*lines, "", ""]).encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError("a header holds characters that HTTP can't send") from None

    def _first_bytes(self) -> None:
        try:
            if self.receive():
                return
        except TimedOut:
            raise
        except HttpError:
            pass
        raise HttpError(f"{self.name} closed the connection without an answer")

    def _read_head(self, method: str) -> Response:
        self._first_bytes()
        for _ in range(_MAX_INTERIM):
            line = self.take_line(MAX_HEAD).decode("latin-1")
            version, _, rest = line.partition(" ")
            status = rest[:3]
            if not version.startswith("HTTP/1.") or not is_number(status) or len(status) != 3:
                raise self.broken(line[:80])
            headers: dict[str, str] = {}
            size = len(line)
            while line := self.take_line(MAX_HEAD).decode("latin-1"):
                size += len(line)
                name, colon, value = line.partition(":")
                if not colon or size > MAX_HEAD:
                    raise self.broken(line[:80])
                name, value = name.lower(), value.strip()
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            if int(status) >= 200:
                return Response(self, method, int(status), version, headers)
        raise self.broken("nothing but interim answers")


def _names_proxy(scheme: str) -> bool:
    """Whether the environment may name a proxy: what reads it is loaded for few functions."""
    return bool(os.environ.get(f"{scheme}_proxy") or os.environ.get(f"{scheme.upper()}_PROXY"))
