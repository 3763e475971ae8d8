"""What this process remembers: the deliveries it took, and counts. Bounded, and gone with it.

It is a module of its own because Dify executes an endpoint's source once per endpoint, and a module
that endpoints import only once: all of them see the same memory here.
"""

import threading
from collections import Counter, OrderedDict, deque
from datetime import datetime, timezone

SEEN_LIMIT = 1000  # ids of deliveries
RECENT_LIMIT = 50  # notifications

_lock = threading.Lock()
_seen: OrderedDict[str, None] = OrderedDict()
_recent: deque[dict[str, str]] = deque(maxlen=RECENT_LIMIT)
_counts: Counter[str] = Counter()


def claim(delivery: str) -> bool:
    """Note that a delivery is being worked on; return False if it was, by an earlier request."""
    with _lock:
        if delivery in _seen:
            return False
        _seen[delivery] = None
        while len(_seen) > SEEN_LIMIT:
            _seen.popitem(last=False)
        return True


def release(delivery: str) -> None:
    """Take a claim back: the work failed, and GitHub may deliver once more."""
    with _lock:
        _seen.pop(delivery, None)


def remember(delivery: str, notification: dict[str, str]) -> None:
    """Keep a notification for the status page, with the time of its arrival (UTC)."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")  # noqa: UP017 (Python 3.10)
    with _lock:
        _recent.appendleft({"delivery": delivery, "received": now, **notification})


def notifications() -> list[dict[str, str]]:
    """Return what was remembered, newest first."""
    with _lock:
        return [dict(notification) for notification in _recent]


def count(outcome: str) -> None:
    """Count one request that ended as `outcome`."""
    with _lock:
        _counts[outcome] += 1


def counts() -> dict[str, int]:
    """Return how many requests ended how, since the process started."""
    with _lock:
        return dict(_counts)
