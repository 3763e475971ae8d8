"""Connections to one API that wait for their next request, and what bounds the tries of one."""

from __future__ import annotations

import sys
from time import time

from endpoint_runtime.http_client.connection import Connection, HttpError, TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.http_client.connection import Response
    from endpoint_runtime.http_client.tls import Trust

AGENT = f"packager python/{sys.version_info[0]}.{sys.version_info[1]}"
MARGIN = 0.5  # seconds that an invocation keeps for its own answer
TRIES = 3
_PAUSE = 0.2  # seconds before the second try, doubled for the third
_IDLE = 5.0  # seconds after which a connection is not used again
_MOST_IDLE = 4
_MOST_REFUSAL = 1 << 20  # bytes


class Pool:
    """Connections to the API at `url`, whose path is `path`; threads share one.

    `trust` says which roots are trusted (see `Connection`).
    """

    def __init__(self, url: str, trust: Sequence[Trust] | None = None) -> None:
        scheme, _, rest = url.partition("://")
        address, slash, path = rest.partition("/")
        self.path = (slash + path).rstrip("/")
        host, colon, port = address.rpartition(":")
        if not colon or address.endswith("]"):
            host, port = address, ""
        self.host = host.strip("[]")
        self._scheme = scheme.lower()
        self.is_encrypted = self._scheme == "https"
        self._port = int(port) if port else None
        self._trust = trust
        self._idle: list[Connection] = []

    def take(self, session: Session, deadline: float | None) -> Connection:
        """Return a connection for a session's call: one that waits, else one to be opened."""
        # In Dify, too, what answers may be silent for so long: the SDK's name for it.
        stall = float(session.max_invocation_timeout)
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took it
                break
            if connection.is_open(_IDLE):
                connection.stall = stall
                return connection
            connection.close()
        return Connection(
            self._scheme, self.host, self._port, deadline=deadline, stall=stall, trust=self._trust
        )

    def release(self, answer: Response, connection: Connection) -> None:
        """Keep a connection for the next request if its answer is read, else close it."""
        answer.close()
        if len(self._idle) < _MOST_IDLE and connection.is_open(_IDLE):
            self._idle.append(connection)
        else:
            connection.close()

    def read_refusal(self, answer: Response, connection: Connection) -> bytes:
        """Return the body of an answer that says no, as far as it comes; release it."""
        try:
            return answer.read(_MOST_REFUSAL)
        except HttpError:
            return b""
        finally:
            self.release(answer, connection)

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()


def deadline_of(session: Session) -> float | None:
    """Return when a call of a session must be over, in seconds since the epoch."""
    deadline = session.call_deadline()
    return None if deadline is None else deadline - MARGIN


def pause_after(number: int) -> float:
    """Return the seconds to wait after a try, the first of which is number 1."""
    return float(_PAUSE * 2 ** (number - 1))


def fits(seconds: float, deadline: float | None) -> bool:
    """Return whether a wait is over before the deadline."""
    return deadline is None or time() + seconds < deadline


def asked_wait(answer: Response) -> float | None:
    """Return the seconds that `Retry-After` asks for; None for a date, and for none."""
    text = answer.headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def words_of(fault: HttpError) -> tuple[str, str]:
    """Return what a plugin is told of a call without a whole answer, and what the log adds.

    What waited in vain has the SDK's words, which plugins look for.
    """
    if not isinstance(fault, TimedOut):
        return str(fault), ""
    message = f"invocation exited without response after {round(fault.seconds)} seconds"
    return message, f"{message}: {fault}"
