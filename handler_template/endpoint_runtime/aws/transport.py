"""Carries a request to its host and the answer back, over connections that are kept.

A connection that was kept while the process was frozen may be dead. `http_client` looks at it
before it is used; where it shows only in use, the request goes over a fresh one, once.
"""

from __future__ import annotations

from endpoint_runtime.aws.endpoints import Request, split_url
from endpoint_runtime.aws.errors import AwsError
from endpoint_runtime.http_client.connection import (
    CertificateRefused,
    Connection,
    HttpError,
    TimedOut,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from endpoint_runtime.aws.endpoints import Origin

_STALL = 10.0  # s that an exchange may stand still
_MAX_BODY = 1 << 40  # bytes: whoever wrote it had it in memory, too
_MAX_IDLE = 8  # connections kept to one origin: threads use one each

_idle: dict[tuple[bool, str, int], list[Connection]] = {}
_forget_roots: Callable[[], None] | None = None  # where a connection has read some


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


def exchange(
    request: Request, headers: Mapping[str, str], limit: float, *, proxies: bool = True
) -> Answer:
    """Send a request with these `headers` in place of its own, and return the answer, whatever its
    status.

    `limit` is in seconds since the epoch; `proxies` says whether those of the environment are used;
    the Host header is the origin's. Raises AwsError: `ConnectionFailed` and `TimedOut`, which are
    retryable, `NotTrusted` or `BadRequest`.
    """
    origin = request.origin
    headers = {name: value for name, value in headers.items() if name != "Host"}
    key = (origin.tls, origin.host, origin.port)
    connection = _take(key) or _new(origin, proxies)
    try:
        reused = connection.is_open()
        try:
            answer = _exchange(connection, request, headers, limit)
        except TimedOut:
            raise
        except HttpError:
            if not reused:
                raise
            answer = _exchange(connection, request, headers, limit)
    except TimedOut as fault:
        raise AwsError("TimedOut", str(fault), retryable=True) from None
    except CertificateRefused as fault:
        raise AwsError("NotTrusted", str(fault)) from None
    except HttpError as fault:
        raise AwsError("ConnectionFailed", str(fault), retryable=True) from None
    except ValueError as fault:
        raise AwsError("BadRequest", str(fault)) from None
    idle = _idle.setdefault(key, [])
    if len(idle) < _MAX_IDLE:
        idle.append(connection)
    else:
        connection.close()
    return answer


def fetch(url: str, headers: Mapping[str, str], limit: float) -> Answer:
    """GET a URL of this machine or its network, through no proxy; raises as `exchange` does."""
    origin, path = split_url(url)
    request = Request(origin, "GET", path or "/", headers)
    return exchange(request, headers, limit, proxies=False)


def forget() -> None:
    """Close the connections that are kept, and read roots again when they are needed."""
    close_all()
    if _forget_roots is not None:
        _forget_roots()


def close_all() -> None:
    """Close the connections that are kept."""
    while _idle:
        _, connections = _idle.popitem()
        for connection in connections:
            connection.close()


def _exchange(
    connection: Connection, request: Request, headers: Mapping[str, str], limit: float
) -> Answer:
    response = connection.request(
        request.method, request.target, headers, request.body, deadline=limit
    )
    return Answer(response.status, response.headers, response.read(_MAX_BODY))


def _take(key: tuple[bool, str, int]) -> Connection | None:
    try:
        return _idle[key].pop()
    except (KeyError, IndexError):
        return None


def _new(origin: Origin, proxies: bool) -> Connection:
    global _forget_roots
    trust = None
    if origin.tls:
        from endpoint_runtime.aws import roots

        _forget_roots = roots.forget
        trust = roots.trust_for(origin.host, amazon=origin.amazon)
    return Connection(
        "https" if origin.tls else "http",
        origin.host,
        origin.port,
        stall=_STALL,
        trust=trust,
        proxies=proxies,
    )
