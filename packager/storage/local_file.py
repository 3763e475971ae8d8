"""The values that functions on this machine have stored: a SQLite file for all plugins.

endpoint_runtime/storage/file.py writes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from packager.errors import PackagerError
from packager.paths import is_file
from packager.storage.stored import Stored

_WAIT = 30.0  # seconds for the writes of functions


class FileValues:
    """The values of `plugin` in the file at `path`, which need not be there."""

    def __init__(self, path: Path, plugin: str) -> None:
        self._path = path
        self._plugin = plugin

    @property
    def label(self) -> str:
        """The file."""
        return str(self._path)

    def all(self) -> Iterator[Stored]:
        """Yield every key."""
        query = "SELECT key, length(CAST(value AS BLOB)) FROM storage WHERE plugin = ?"
        for key, size in self._run(query, self._plugin):
            yield Stored(str(key), int(size))

    def get(self, key: str) -> bytes | None:
        """Return a value."""
        query = "SELECT value FROM storage WHERE plugin = ? AND key = ?"
        rows = self._run(query, self._plugin, key)
        return bytes(rows[0][0]) if rows else None

    def delete(self, key: str) -> None:
        """Forget a value."""
        self._run("DELETE FROM storage WHERE plugin = ? AND key = ?", self._plugin, key)

    def _run(self, statement: str, *values: str) -> list[Any]:
        if not is_file(self._path):
            return []
        try:
            with closing(sqlite3.connect(self._path, _WAIT)) as file, file:
                tables = "SELECT 1 FROM sqlite_master WHERE name = 'storage'"
                if not file.execute(tables).fetchone():
                    return []
                return file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise PackagerError(
                f"{self._path} can't be used as a storage: {error}",
                hint="it is no such file, or another program keeps it",
            ) from error
