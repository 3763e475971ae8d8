"""Storage in a SQLite file, for local runs: every call is one transaction, other processes wait."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_WAIT = 30  # seconds for other processes' writes
_TABLE = (
    "CREATE TABLE IF NOT EXISTS storage"
    " (plugin TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (plugin, key)) WITHOUT ROWID"
)


class FileStorage:
    """One plugin's space in the file at `path`, which is made with its folder by the first call.

    Each call has a connection of its own: threads and forks share none.
    """

    def __init__(self, path: str, plugin: str) -> None:
        self.path = path
        self._plugin = plugin

    def get(self, key: str, deadline: float | None = None) -> bytes | None:
        """Return a value, None for a key without."""
        query = "SELECT value FROM storage WHERE plugin = ? AND key = ?"
        row = self._run(lambda file: file.execute(query, (self._plugin, key)).fetchone())
        return None if row is None else bytes(row[0])

    def set(self, key: str, value: bytes, deadline: float | None = None) -> None:
        """Keep a value."""
        statement = "INSERT OR REPLACE INTO storage VALUES (?, ?, ?)"
        self._run(lambda file: file.execute(statement, (self._plugin, key, value)))

    def delete(self, key: str, deadline: float | None = None) -> None:
        """Forget a value."""
        statement = "DELETE FROM storage WHERE plugin = ? AND key = ?"
        self._run(lambda file: file.execute(statement, (self._plugin, key)))

    def exist(self, key: str, deadline: float | None = None) -> bool:
        """Return whether a key has a value."""
        query = "SELECT 1 FROM storage WHERE plugin = ? AND key = ?"
        return self._run(lambda f: f.execute(query, (self._plugin, key)).fetchone()) is not None

    def _run(self, action: Callable[[sqlite3.Connection], Any]) -> Any:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=_WAIT)) as file, file:
            file.execute(_TABLE)
            return action(file)


def open_storage(options: dict[str, Any], plugin: str) -> FileStorage:
    """Return the storage of `plugin` in the file `options["path"]`.

    By default it is in the user's state folder: `packager/storage.sqlite` in
    XDG_STATE_HOME ("XDG Base Directory Specification").
    """
    path = options.get("path")
    if not path:
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        path = os.path.join(state, "packager", "storage.sqlite")
    return FileStorage(os.path.abspath(os.path.expanduser(path)), plugin)
