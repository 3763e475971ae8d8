"""Carries a request to its host and the answer back, over connections that are kept.

A connection that was kept while the process was frozen may be dead. That is looked at before it is
used; where it shows only in use, the request goes over a fresh one, once.
"""

from __future__ import annotations

from endpoint_runtime.aws.connection import Connection, ConnectionFailed, TimedOut, Unused
from endpoint_runtime.aws.errors import AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_IDLE = 8  # connections kept to one origin: threads use one each

_idle: dict[tuple[bool, str, int], list[Connection]] = {}
# Hosts whose certificates Amazon's roots don't verify, but the system's do.
_by_system: set[str] = set()


class Origin:
    """Where requests go: a host, its port, and whether with TLS; `amazon` if AWS's own rules say so
    and no override."""

    __slots__ = ("amazon", "host", "port", "tls")

    def __init__(
        self, host: str, port: int = 443, *, tls: bool = True, amazon: bool = True
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.amazon = amazon

    @property
    def authority(self) -> str:
        """What the Host header says: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Answer:
    """An HTTP answer; names of headers are in lower case."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def request_id(self) -> str:
        """AWS's id of the request, or ""."""
        headers = self.headers
        return headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or ""


def split_url(url: str) -> tuple[Origin, str]:
    """Give the origin and the path of an endpoint's URL; AwsError if it is none."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, _, port = authority.rpartition(":")
    if not host or "]" in port:
        host, port = authority, ""
    host = host.removeprefix("[").removesuffix("]").lower()
    tls = scheme.lower() == "https"
    plain = host.isascii() and not any(mark in host for mark in "@?#%\\[] \t\r\n")
    if scheme.lower() not in ("http", "https") or not host or not plain:
        raise AwsError("NoEndpoint", "an endpoint's URL is not of the form https://host:port")
    if port and not (port.isascii() and port.isdecimal() and int(port) < 65536):
        raise AwsError("NoEndpoint", "an endpoint's URL has no port that can be read")
    number = int(port) if port else 443 if tls else 80
    return Origin(host, number, tls=tls, amazon=False), slash + path


def exchange(
    origin: Origin,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    limit: float,
) -> Answer:
    """Send a request and give the answer, whatever its status.

    `headers` have a Host, `limit` is in seconds since the epoch. Raises AwsError:
    `ConnectionFailed` and `TimedOut`, which are retryable, or `NotTrusted`.
    """
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1")
    if head.count(b"\r\n") != len(lines) + 2 or head.count(b"\n") != len(lines) + 2:
        raise AwsError("BadRequest", "a header or the path of the request has a line break in it")
    try:
        connection = _idle_connection(origin) or _open(origin, limit)
        try:
            answer = connection.exchange(head, body, limit, bodiless=method == "HEAD")
        except Unused:
            if not connection.kept:
                raise
            connection = _open(origin, limit)
            answer = connection.exchange(head, body, limit, bodiless=method == "HEAD")
    except TimedOut as failure:
        raise AwsError("TimedOut", f"{origin.host}: {failure}", retryable=True) from None
    except ConnectionFailed as failure:
        raise AwsError("ConnectionFailed", f"{origin.host}: {failure}", retryable=True) from None
    _keep(origin, connection)
    return Answer(*answer)


def fetch(url: str, headers: Mapping[str, str], limit: float) -> Answer:
    """GET a URL."""
    origin, path = split_url(url)
    return exchange(origin, "GET", path or "/", {"Host": origin.authority, **headers}, b"", limit)


def close_all() -> None:
    """Close the connections that are kept."""
    from endpoint_runtime.aws import tls

    while _idle:
        _, connections = _idle.popitem()
        for connection in connections:
            connection.close()
    _by_system.clear()
    tls.forget()


def _key(origin: Origin) -> tuple[bool, str, int]:
    return origin.tls, origin.host, origin.port


def _idle_connection(origin: Origin) -> Connection | None:
    """Take a connection that was kept and still lives."""
    connections = _idle.get(_key(origin))
    while connections:
        try:
            connection = connections.pop()
        except IndexError:  # another thread was faster
            return None
        if connection.is_alive():
            return connection
        connection.close()
    return None


def _keep(origin: Origin, connection: Connection) -> None:
    connections = _idle.setdefault(_key(origin), [])
    if connection.closes or len(connections) >= _MAX_IDLE:
        connection.close()
    else:
        connections.append(connection)


def _open(origin: Origin, limit: float) -> Connection:
    if not origin.tls:
        return Connection(origin.host, origin.port, limit)
    from endpoint_runtime.aws import tls

    host = origin.host
    source = tls.roots(amazon=origin.amazon and host not in _by_system)
    try:
        try:
            return Connection(host, origin.port, limit, lambda made: tls.wrap(made, host, source))
        except tls.NotTrusted:
            if not tls.is_amazon(source):
                raise
        made = Connection(host, origin.port, limit, lambda made: tls.wrap(made, host, "system"))
    except tls.NotTrusted as error:
        raise AwsError("NotTrusted", str(error)) from None
    except OSError as error:  # no roots, or no handshake
        raise AwsError(
            "ConnectionFailed", f"TLS with {host} failed: {error}", retryable=True
        ) from None
    _by_system.add(host)
    return made
