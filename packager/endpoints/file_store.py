"""Keeps the endpoints of functions that run on this machine, in a SQLite file.

Tables: `endpoints` (function, id, name, document, version), `roots` (function, id), and `meta` with
the key of the check in hook ids. endpoint_runtime/managed/file.py reads them.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from packager.endpoints.documents import document_text, endpoint_of_text
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.store import Change, NameTaken, RootTaken, changed
from packager.errors import PackagerError
from packager.paths import exists

_WAIT = 30.0  # seconds for the writes of other processes
_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS endpoints (function TEXT NOT NULL, id TEXT PRIMARY KEY, "
    "name TEXT NOT NULL, document TEXT NOT NULL, version INTEGER NOT NULL, "
    "UNIQUE (function, name))",
    "CREATE TABLE IF NOT EXISTS roots (function TEXT PRIMARY KEY, id TEXT NOT NULL)",
)
_ROWS = (
    "SELECT endpoints.id, document, version, roots.id IS NOT NULL FROM endpoints "
    "LEFT JOIN roots ON roots.function = endpoints.function AND roots.id = endpoints.id "
    "WHERE endpoints.function = ?"
)


class FileStore:
    """The endpoints of `function` ("plugin/group") in the file at `path`.

    It is made, for its owner alone, when something is first written to it.
    """

    def __init__(self, path: Path, function: str) -> None:
        self._path = path.absolute()
        self._function = function

    @property
    def label(self) -> str:
        """The file."""
        return str(self._path)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def key(self) -> str:
        """What the check in hook ids is made with; the file's own, made with it."""
        with self._open() as file:
            ((key,),) = file.execute("SELECT value FROM meta WHERE key = 'key'").fetchall()
        return str(key)

    def all(self) -> list[Endpoint]:
        """Return every endpoint of the function."""
        return self._read("")

    def get(self, hook_id: str) -> Endpoint | None:
        """Return the endpoint of a hook id; None where there is none."""
        return next(iter(self._read(" AND endpoints.id = ?", hook_id)), None)

    def named(self, name: str) -> Endpoint | None:
        """Return the endpoint of a name; None where there is none."""
        return next(iter(self._read(" AND name = ?", name)), None)

    def root(self) -> str | None:
        """Return the hook id of the endpoint that also answers at the root; None for none."""
        if not exists(self._path):
            return None
        with self._open() as file:
            row = file.execute(
                "SELECT id FROM roots WHERE function = ?", (self._function,)
            ).fetchone()
        return None if row is None else str(row[0])

    def size(self, endpoint: Endpoint) -> int:
        """Return the bytes of an endpoint's document."""
        return len(document_text(endpoint).encode())

    def write(self, changes: Sequence[Change]) -> None:
        """Write all of `changes` or, where one can't be, none."""
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE")
            try:
                for change in changes:
                    self._write(file, change)
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")

    def _write(self, file: sqlite3.Connection, change: Change) -> None:
        before, after = change.before, change.after
        if before is not None:
            gone = file.execute(
                "DELETE FROM endpoints WHERE function = ? AND id = ? AND version = ?",
                (self._function, before.hook_id, before.revision),
            )
            if gone.rowcount != 1:
                raise changed(before.name)
            file.execute(
                "DELETE FROM roots WHERE function = ? AND id = ?", (self._function, before.hook_id)
            )
        if after is None:
            return
        try:
            file.execute(
                "INSERT INTO endpoints (function, id, name, document, version) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    *(self._function, after.hook_id, after.name),
                    *(document_text(after), after.version),
                ),
            )
        except sqlite3.IntegrityError:
            raise NameTaken(after.name) from None
        if after.root:
            try:
                file.execute("INSERT INTO roots VALUES (?, ?)", (self._function, after.hook_id))
            except sqlite3.IntegrityError:
                raise RootTaken from None

    def _read(self, condition: str, *values: str) -> list[Endpoint]:
        if not exists(self._path):
            return []
        with self._open() as file:
            rows = file.execute(_ROWS + condition, (self._function, *values)).fetchall()
        return [
            endpoint_of_text(hook_id, document, bool(root), version)
            for hook_id, document, version, root in rows
        ]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to the file, which is there from now on."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite's journals get the mode of the file.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(self._path, _WAIT, isolation_level=None)) as file:
                for statement in _TABLES:
                    file.execute(statement)
                file.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('key', ?)", (secrets.token_urlsafe(32),)
                )
                yield file
        except OSError as error:
            raise PackagerError(f"{self._path} can't be opened: {error.strerror}") from error
        except sqlite3.Error as error:
            raise PackagerError(
                f"{self._path} can't be used as a store of endpoints: {error}",
                hint="it is no such file, or another program keeps it; move it away",
            ) from error
