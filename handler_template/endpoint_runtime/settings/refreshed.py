"""Keeps what was read from AWS for a time, and the old of it where it can't be read again."""

from __future__ import annotations

from _thread import allocate_lock
from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NOTHING = object()
_REFRESH = 2.0  # s that reading again may keep a request waiting, which the old could answer
_AGAIN = 10.0  # s after which reading that failed is tried again


class Refreshed:
    """One value, for the threads of a process.

    `read(deadline)` reads it (`deadline` in seconds since the epoch, or None) or raises one of
    `errors`; `ttl` is how long it is kept, in seconds, 0 for one request; `what` is how the log
    names it. The clock is the wall's: a process that Lambda froze has no other that went on.
    """

    def __init__(
        self,
        what: str,
        read: Callable[[float | None], Any],
        ttl: float,
        errors: tuple[type[Exception], ...],
    ) -> None:
        self._what = what
        self._read = read
        self._ttl = ttl
        self._errors = errors
        self._lock = allocate_lock()
        # The value, and from when until when it is fresh: together, as threads read it unlocked.
        self._state: tuple[Any, float, float] = (_NOTHING, 0.0, 0.0)

    def get(self, deadline: float | None = None, request_id: str = "") -> Any:
        """Return the value: as it was read, or read now where it was not, or too long ago.

        Raises one of `errors` until it was read once. Later the old value stays in use, with a
        warning in the log, while it can't be read, and while another thread reads it.
        """
        state = self._state
        if _is_fresh(state):
            return state[0]
        if not self._lock.acquire(blocking=state[0] is _NOTHING):
            return state[0]
        try:
            state = self._state
            if not _is_fresh(state):
                state = self._renew(state[0], deadline, request_id)
            return state[0]
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Read it at the next request, whatever that costs: a restored snapshot may be old."""
        self._state = (_NOTHING, 0.0, 0.0)

    def _renew(self, old: Any, deadline: float | None, request_id: str) -> tuple[Any, float, float]:
        if old is not _NOTHING:
            limit = time() + _REFRESH
            deadline = limit if deadline is None else min(limit, deadline)
        try:
            value = self._read(deadline)
            kept = self._ttl
        except self._errors as fault:
            if old is _NOTHING:
                raise
            from endpoint_runtime.logs import report

            why = f"can't be read again, the old values stay in use: {fault}"
            report.log("WARN", f"{self._what} {why}", request_id)
            value = old
            kept = min(self._ttl, _AGAIN)
        now = time()
        self._state = state = (value, now, now + kept)
        return state


def _is_fresh(state: tuple[Any, float, float]) -> bool:
    return state[1] <= time() < state[2]
