"""Measures what the steps of a command take, and tells who shows progress which one is going on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field

from packager.dataclass import dataclass


@dataclass(slots=True)
class Stopwatch:
    """The seconds that steps took, by name, in the order in which they began.

    A step in the middle of another counts for itself alone: they add up to no more than the time
    since `began`. `told` hears of each step as it begins, and again as it goes on.
    """

    told: Callable[[str], None] = lambda name: None
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    _open: list[str] = field(default_factory=list)
    _since: float = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure as `name` what happens while the context lasts."""
        self._note()
        self._open.append(name)
        self.seconds.setdefault(name, 0.0)
        self.told(name)
        try:
            yield
        finally:
            self._note()
            self._open.pop()
            if self._open:
                self.told(self._open[-1])

    @property
    def rest(self) -> float:
        """The seconds since the beginning that were none of the steps'."""
        return time.perf_counter() - self.began - sum(self.seconds.values())

    def _note(self) -> None:
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now


_current: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


@contextmanager
def measured(stopwatch: Stopwatch) -> Iterator[Stopwatch]:
    """Have `stopwatch` measure the steps of what happens while the context lasts."""
    token = _current.set(stopwatch)
    try:
        yield stopwatch
    finally:
        _current.reset(token)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Measure a step of a command, where somebody does."""
    stopwatch = _current.get()
    if stopwatch is None:
        yield
        return
    with stopwatch.step(name):
        yield
