"""Has a function's log name files where the reader finds them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from packager.contract import TASK_ROOT


class RenamedPaths:
    """Hands text on with some paths called otherwise, whatever pieces the text comes in."""

    def __init__(
        self, names: Iterable[tuple[bytes, bytes]], hand_on: Callable[[bytes], None]
    ) -> None:
        """`names` are beginnings of paths and what is said instead; the longest counts."""
        self._names: dict[bytes, bytes] = dict(names)
        longest_first = sorted(self._names, key=len, reverse=True)
        self._paths = re.compile(b"|".join(map(re.escape, longest_first)) or b"(?!)")
        self._hand_on = hand_on
        self._held = b""

    def __call__(self, chunk: bytes) -> None:
        """Take a piece of the text; what may be the beginning of a path waits for the next."""
        text = self._held + chunk
        ready = self._ready(text)
        self._held = text[ready:]
        self._say(text[:ready])

    def end(self) -> None:
        """Hand on what waits: there is no more."""
        held, self._held = self._held, b""
        self._say(held)

    def _say(self, text: bytes) -> None:
        if text:
            self._hand_on(self._paths.sub(lambda match: self._names[match[0]], text))

    def _ready(self, text: bytes) -> int:
        """Return how much of it is sure: after that comes what may be the beginning of a path."""
        start, end = -1, 0  # of the last whole path, which may be the beginning of a longer one
        for match in self._paths.finditer(text):
            start, end = match.start(), match.end()
        longest = max(map(len, self._names), default=1) - 1
        place: int
        for place in (start, *range(max(end, len(text) - longest), len(text))):
            tail = text[place:]
            if place >= 0 and any(path != tail and path.startswith(tail) for path in self._names):
                return place
        return len(text)


def names_of_paths(bundle: Path, plugin: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return the names for paths of a bundle that is unpacked in `bundle` for a while.

    Files of the plugin are those in `plugin`, a folder, if there is one that the reader knows.
    """
    root = os.fsencode(bundle.resolve())
    names = [(root + b"/", os.fsencode(TASK_ROOT) + b"/")]
    if plugin is not None:
        names.insert(0, (root + b"/plugin/", os.fsencode(plugin) + b"/"))
    return tuple(names)
