"""Finds words in a module's source, which is sooner done than to go through its tree.

What is found may be in a comment or a text, too: it says where to look in the tree. What is not
found is not in the tree either.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

TYPE_CHECKING = False  # see nodes.py
if TYPE_CHECKING:
    import ast

_ENCODING = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
# In these, bytes that are ASCII stand for themselves.
_PLAIN_ENCODINGS = frozenset({b"ascii", b"iso-8859-1", b"latin-1", b"utf-8", b"utf8"})
_SHORT = 3  # a word with fewer letters is part of many others
_IN_WORDS = b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Text:
    """The source of a module, with where its lines start."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        lines = source.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, lines))]
        head = b"".join(lines[:2])
        encodings = (each.lower() for each in _ENCODING.findall(head))
        self._plain = _PLAIN_ENCODINGS.issuperset(encodings)
        # Python normalizes names: other letters may stand for those that are ASCII.
        self._odd: set[int] = set()
        if not self._plain:
            self._odd = {*range(1, len(lines) + 1)}
        elif not source.isascii():
            self._odd = {at for at, line in enumerate(lines, 1) if not line.isascii()}

    def lines_with(self, names: Iterable[str]) -> list[int]:
        """Return the numbers of the lines that may have one of some names."""
        found = {*self._odd}
        for name in names if self._plain else ():
            if name.isascii():
                word = name.encode()
                places = self._short(word) if len(word) < _SHORT else self._words(word)
                found.update(bisect_right(self._starts, each) for each in places)
        return sorted(found)

    def lines_that_assign(self) -> list[int]:
        """Return the numbers of the lines that may have a `:=`."""
        places = (each.start() for each in re.finditer(b":=", self._source))
        return sorted(self._odd.union(bisect_right(self._starts, each) for each in places))

    def part(self, node: ast.expr) -> bytes:
        """Return what an expression is in the source; b"" where it is not certain."""
        first, last = node.lineno, node.end_lineno or 0
        if self._odd and not self._odd.isdisjoint(range(first, last + 1)):
            return b""
        start = self._starts[first - 1] + node.col_offset
        return self._source[start : self._starts[last - 1] + (node.end_col_offset or 0)]

    def _short(self, word: bytes) -> Iterable[int]:
        # Its first letter is found as soon as by `find`, and what is around it looked at sooner.
        alone = re.compile(rb"%b(?<!\w%b)(?!\w)" % (word, word))
        return (each.start() for each in alone.finditer(self._source))

    def _words(self, word: bytes) -> Iterable[int]:
        source, starts = self._source, self._starts
        at = source.find(word)
        while at >= 0:
            end = at + len(word)
            before = at > 0 and source[at - 1] in _IN_WORDS
            if before or (end < len(source) and source[end] in _IN_WORDS):
                at = source.find(word, end)
            else:
                yield at
                at = source.find(word, starts[bisect_right(starts, at)])
