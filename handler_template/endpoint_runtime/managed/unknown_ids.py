"""Remembers hook ids that are not an endpoint's, and limits the calls that these cause."""

from __future__ import annotations

from _thread import allocate_lock

MOST = 2000  # hook ids that are remembered
_DROPPED = 10  # of these a tenth makes room
_CALLS, _CALLS_PER_SECOND = 200.0, 10.0  # for hook ids that turn out to be none's


class UnknownIds:
    """Those of one function; for the threads of a process. Times are in seconds since the epoch."""

    def __init__(self) -> None:
        # From when until when each is taken for none's.
        self._absent: dict[str, tuple[float, float]] = {}
        self._calls, self._counted = _CALLS, 0.0  # left, and when they were counted
        self._lock = allocate_lock()

    def __len__(self) -> int:
        return len(self._absent)

    def has(self, hook_id: str, now: float) -> bool:
        """Return whether a hook id is known to be none's."""
        absent = self._absent.get(hook_id)
        return absent is not None and absent[0] <= now < absent[1]

    def may_call(self, now: float) -> bool:
        """Return whether a hook id that was not seen yet may be looked for."""
        passed = now - self._counted
        if not 0 <= passed < _CALLS / _CALLS_PER_SECOND:
            self._calls = _CALLS
        else:
            self._calls = min(self._calls + passed * _CALLS_PER_SECOND, _CALLS)
        self._counted = now
        return self._calls >= 1

    def count_call(self) -> None:
        """Count a call that was in vain."""
        self._calls -= 1

    def add(self, hook_id: str, now: float, kept: float) -> None:
        """Take a hook id for none's, for `kept` seconds."""
        with self._lock:
            if len(self._absent) >= MOST:
                for each in [*self._absent][: MOST // _DROPPED]:
                    del self._absent[each]
            self._absent.pop(hook_id, None)
            self._absent[hook_id] = now, now + kept
