"""`session.storage` of one managed endpoint, where each has a space of its own."""

from __future__ import annotations

from endpoint_runtime.app.application import Backends
from endpoint_runtime.aws.sigv4 import payload_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from endpoint_runtime.storage import Storage

_DIGITS = 24


class OwnStorage(Backends):
    """The function's backends, but for the storage: there it has what is below `space` alone."""

    def __init__(self, shared: Backends, space: str) -> None:
        self._shared = shared
        # Not the hook id itself: who sees the table may not call the endpoint.
        self._prefix = f"{payload_hash(space.encode())[:_DIGITS]}/"

    @property
    def clock(self) -> Callable[[], float] | None:
        """What tells how many ms the function's latest request has left."""
        return self._shared.clock

    @clock.setter
    def clock(self, clock: Callable[[], float] | None) -> None:
        self._shared.clock = clock

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._shared, name)
        if name == "storage" and part is not None:
            part = self.storage = _Below(part, self._prefix)
        return part


class _Below:
    """The values of a storage whose keys start with `prefix`, by the rest of these."""

    def __init__(self, storage: Storage, prefix: str) -> None:
        self._storage, self._prefix = storage, prefix

    def get(self, key: str, deadline: float | None = None) -> bytes | None:
        """Return a value, None for a key without."""
        return self._storage.get(self._prefix + key, deadline)

    def set(self, key: str, value: bytes, deadline: float | None = None) -> None:
        """Keep a value."""
        self._storage.set(self._prefix + key, value, deadline)

    def delete(self, key: str, deadline: float | None = None) -> None:
        """Forget a value."""
        self._storage.delete(self._prefix + key, deadline)

    def exist(self, key: str, deadline: float | None = None) -> bool:
        """Return whether a key has a value."""
        return self._storage.exist(self._prefix + key, deadline)
