"""Replaces spans of a source by other text; every line keeps its number."""

from __future__ import annotations

import ast
from dataclasses import field

from packager.dataclass import dataclass


@dataclass(slots=True)
class Edits:
    """The replacements for one source, in bytes, as `ast` counts columns."""

    source: bytes
    _spans: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._starts = [0]
        for line in self.source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Return the place in the source of a line (from 1) and a column (from 0, in bytes)."""
        return self._starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where `node` starts and ends."""
        assert node.end_lineno is not None  # noqa: S101 - parsed nodes have it
        assert node.end_col_offset is not None  # noqa: S101
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno, node.end_col_offset)

    def line(self, number: int) -> bytes:
        """Return a line, counted from 1, with its end."""
        return self.source[self._starts[number - 1] : self._starts[number]]

    def replace(self, start: int, end: int, text: str) -> None:
        """Put `text` in place of a span, followed by the line ends that it lacks."""
        new = text.encode()
        lacking = self.source.count(b"\n", start, end) - new.count(b"\n")
        if lacking < 0:
            raise ValueError("an edit would move lines")
        self._spans[start, end] = new + b"\n" * lacking

    def insert(self, at: int, text: str) -> None:
        """Put `text`, which has no line ends, at a place."""
        self._spans[at, at] = self._spans.get((at, at), b"") + text.encode()

    def insert_before(self, at: int, text: str) -> None:
        """Put `text` at a place, before what is inserted there already."""
        self._spans[at, at] = text.encode() + self._spans.get((at, at), b"")

    def indent(self, first: int, last: int) -> None:
        """Indent the lines from `first` to `last` by four columns."""
        for number in range(first, last + 1):
            if self.line(number).strip():
                start = self._starts[number - 1]
                old = self._spans.get((start, start), b"")
                self._spans[start, start] = b"    " + old

    def apply(self) -> bytes:
        """Return the source with all replacements made. Raises ValueError if two overlap."""
        parts: list[bytes] = []
        position = 0
        for (start, end), new in sorted(self._spans.items()):
            if start < position:
                raise ValueError("two edits overlap")
            parts += [self.source[position:start], new]
            position = end
        return b"".join([*parts, self.source[position:]])
