"""Where `session.storage` keeps its bytes: one space per plugin, by the bundle's STORAGE.

A storage has `get(key) -> bytes | None` (None: there is no such key), `set(key, value)`,
`delete(key)` (of what is not there, too) and `exist(key)`. Keys are clean (dify_plugin does that)
and have at most 256 characters. `deadline`, in seconds since the epoch, is when whoever waits gives
up: a storage across a network ends its calls before; an error whose `code` is "TimedOut" says that
it has waited in vain. Threads share one.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Storage(Protocol):
        """Bytes by key."""

        def get(self, key: str, deadline: float | None = None) -> bytes | None:
            """Return a value, None for a key without."""

        def set(self, key: str, value: bytes, deadline: float | None = None) -> None:
            """Keep a value."""

        def delete(self, key: str, deadline: float | None = None) -> None:
            """Forget a value."""

        def exist(self, key: str, deadline: float | None = None) -> bool:
            """Return whether a key has a value."""


# The path of a SQLite file that takes the place of what the bundle says: for local runs.
VARIABLE = "PACKAGER_STORAGE"


def open_storage(bundle: Any) -> Storage | None:
    """Return the storage that a bundle's STORAGE, a pair of its kind and its options, says.

    None where the bundle has none: packager saw no use of it, and nobody configured one.
    """
    path = os.environ.get(VARIABLE)
    chosen = ("file", {"path": path}) if path else bundle.STORAGE
    if chosen is None:
        return None
    kind, options = chosen
    if kind == "memory":
        from endpoint_runtime.storage.memory import MemoryStorage

        return MemoryStorage()
    if kind == "file":
        from endpoint_runtime.storage import file

        return file.open_storage(options, bundle.PLUGIN)
    if kind == "dynamodb":
        from endpoint_runtime.storage import dynamodb

        return dynamodb.open_storage(options)
    if kind == "s3":
        from endpoint_runtime.storage import s3

        return s3.open_storage(options)
    raise ValueError(f"the bundle's storage is {kind!r}, which this runtime does not know")
