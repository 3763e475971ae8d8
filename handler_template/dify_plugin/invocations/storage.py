"""`session.storage`."""

from __future__ import annotations

from dify_plugin.core.runtime import BackwardsInvocation


class StorageInvocationError(Exception):
    """A storage call that went wrong."""


class StorageInvocation(BackwardsInvocation):
    """Bytes by key, one space per plugin."""

    def set(self, key: str, val: bytes) -> None:
        """Store a value."""
        self._unavailable("storage.set")

    def get(self, key: str) -> bytes:
        """Give a value; a missing key raises."""
        self._unavailable("storage.get")

    def delete(self, key: str) -> None:
        """Forget a value."""
        self._unavailable("storage.delete")

    def exist(self, key: str) -> bool:
        """Tell whether a key has a value."""
        self._unavailable("storage.exist")
