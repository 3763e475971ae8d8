"""Reads managed endpoints from a SQLite file, for local runs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from endpoint_runtime.json_codec import decode_json
from endpoint_runtime.managed.documents import from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from endpoint_runtime.managed.documents import Document

_WAIT = 30  # seconds for other processes' writes


class FileStore:
    """The endpoints of `function` in the file at `path`; none where there is no such file.

    Each call has a connection of its own: threads and forks share none.
    """

    def __init__(self, path: str, function: str) -> None:
        self._path = os.path.abspath(path)
        self._function = function

    def read(self, hook_id: str, deadline: float | None) -> Document | None:
        """Return what is kept of an endpoint; None where there is none of this id."""
        query = "SELECT document FROM endpoints WHERE function = ? AND id = ?"
        text = self._value(query, self._function, hook_id)
        return None if text is None else from_json(decode_json(text.encode()), hook_id)

    def root(self, deadline: float | None) -> str | None:
        """Return the hook id of the endpoint that also answers at the root; None for none."""
        return self._value("SELECT id FROM roots WHERE function = ?", self._function)

    def named(self, name: str, deadline: float | None) -> str | None:
        """Return the hook id of the endpoint `name`; None for none."""
        query = "SELECT id FROM endpoints WHERE function = ? AND name = ?"
        return self._value(query, self._function, name)

    def _value(self, query: str, *arguments: str) -> str | None:
        if not os.path.exists(self._path):
            return None
        from urllib.parse import quote

        name = f"file:{quote(self._path)}?mode=ro"
        with closing(sqlite3.connect(name, timeout=_WAIT, uri=True)) as file:
            row = file.execute(query, arguments).fetchone()
        return None if row is None else row[0]
