"""Brings the pieces of an answer from the thread they come on to whoever sends them on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

MOST_WAITING = 1024 * 1024  # bytes: a client that reads slowly slows the function down


class Cut(Exception):
    """The answer ended before it was whole."""


class Pipe:
    """Bytes in order, with an end. `put` is for threads, all else for the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = threading.Condition()
        self._waiting = 0  # bytes
        self._left = False
        self._cut = False

    def put(self, data: bytes) -> None:
        """Hand on a piece; wait while too much of it waits already."""
        with self._room:
            self._room.wait_for(lambda: self._left or self._waiting < MOST_WAITING)
            if self._left:
                return
            self._waiting += len(data)
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, data)

    def put_now(self, data: bytes) -> None:
        """Hand on a piece, whatever waits."""
        with self._room:
            self._waiting += len(data)
        self._pieces.put_nowait(data)

    def end(self, *, cut: bool = False) -> None:
        """Say that nothing follows; `cut` that it should have."""
        self._cut = self._cut or cut
        self._pieces.put_nowait(None)

    def leave(self) -> None:
        """Say that nobody reads any more: what is put from now on is dropped."""
        with self._room:
            self._left = True
            self._room.notify_all()

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the pieces as they come; raise `Cut` where the end is too early."""
        try:
            while (piece := await self._pieces.get()) is not None:
                with self._room:
                    self._waiting -= len(piece)
                    self._room.notify_all()
                yield piece
        finally:
            self.leave()
        if self._cut:
            raise Cut
