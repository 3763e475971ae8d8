"""Tells whoever listens what has changed; who does not listen in time misses no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Literal

from packager.dataclass import dataclass

MOST_WAITING = 1000  # changes that one listener may leave unread


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed: a request or a function, by its id.

    `missed` is not a change of its own: the listener was too slow, and has to look at everything.
    """

    kind: Literal["added", "changed", "removed", "missed"]
    id: str = ""


class Changes:
    """Hands changes on to any number of listeners, on one event loop."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Change]] = set()

    def say(self, change: Change) -> None:
        """Tell every listener; one that has left too many unread is told of that instead."""
        for queue in self._listeners:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(Change("missed"))
            else:
                queue.put_nowait(change)

    async def listen(self) -> AsyncGenerator[Change]:
        """Yield what changes from the first step on, until the iterator is closed."""
        with self._listener() as queue:
            while True:
                yield await queue.get()

    @contextmanager
    def _listener(self) -> Iterator[asyncio.Queue[Change]]:
        queue: asyncio.Queue[Change] = asyncio.Queue(MOST_WAITING)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
