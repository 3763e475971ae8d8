"""Storage in this process's memory: it ends with the environment, and no other function sees it."""

from __future__ import annotations


class MemoryStorage:
    """A dict, whose single operations are atomic."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def get(self, key: str, deadline: float | None = None) -> bytes | None:
        """Return a value, None for a key without."""
        return self._values.get(key)

    def set(self, key: str, value: bytes, deadline: float | None = None) -> None:
        """Keep a value."""
        self._values[key] = value

    def delete(self, key: str, deadline: float | None = None) -> None:
        """Forget a value."""
        self._values.pop(key, None)

    def exist(self, key: str, deadline: float | None = None) -> bool:
        """Return whether a key has a value."""
        return key in self._values
