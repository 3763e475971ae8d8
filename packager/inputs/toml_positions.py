"""Finds where in a TOML text each key is written; tomllib reads the values but forgets places."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
Position = tuple[int, int]  # line and column, from 1

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")' + r"|'''.*?'{3,5}(?!')"
    r"|" + r'"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\r\n]+")


def toml_positions(text: str) -> Mapping[KeyPath, Position]:
    """Return the position of every key in `text`, which must be valid TOML (tomllib took it).

    A path holds the keys from the top and, for arrays, the items' indexes. A table that only
    shows in longer headers or dotted keys stands where it first shows.
    """
    return _Scanner(text).scan()


def nearest_position(positions: Mapping[KeyPath, Position], path: KeyPath) -> Position | None:
    """Return the position of `path`, or of the closest table around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in positions:
            return positions[path[:length]]
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]  # where each starts
        self.at = 0
        self.positions: dict[KeyPath, Position] = {}
        self.lengths: dict[KeyPath, int] = {}  # of the arrays of tables so far

    def scan(self) -> Mapping[KeyPath, Position]:
        table: KeyPath = ()
        self.blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.blank()
        return self.positions

    def blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def note(self, path: KeyPath, start: int) -> None:
        line = bisect_right(self.lines, start)
        self.positions.setdefault(path, (line, start - self.lines[line - 1] + 1))

    def header(self) -> KeyPath:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self.keys()
        path: KeyPath = ()
        for index, (key, start) in enumerate(keys):
            path = (*path, key)
            self.note(path, start)
            if array and index == len(keys) - 1:
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths:  # a header inside of an array of tables means its last one
                path = (*path, self.lengths[path] - 1)
                self.note(path, start)
        self.at += 2 if array else 1
        return path

    def pair(self, table: KeyPath) -> None:
        path = table
        for key, start in self.keys():
            path = (*path, key)
            self.note(path, start)
        self.at += 1  # the equals sign
        self.value(path)

    def keys(self) -> list[tuple[str, int]]:
        """Read a dotted key, up to what follows it: each part and where it starts."""
        keys: list[tuple[str, int]] = []
        while True:
            self.blank()
            start = self.at
            if match := _BARE_KEY.match(self.text, start):
                keys.append((match.group(), start))
            else:
                match = self.match(_STRING)
                keys.append((tomllib.loads("key = " + match.group())["key"], start))
            self.at = match.end()
            self.blank()
            if self.at >= len(self.text) or self.text[self.at] != ".":
                return keys
            self.at += 1

    def value(self, path: KeyPath) -> None:
        self.blank()
        match self.text[self.at]:
            case "{":
                self.at += 1
                self.blank()
                while self.text[self.at] != "}":
                    self.pair(path)
                    self.comma()
                self.at += 1
            case "[":
                self.at += 1
                self.blank()
                index = 0
                while self.text[self.at] != "]":
                    self.note((*path, index), self.at)
                    self.value((*path, index))
                    index += 1
                    self.comma()
                self.at += 1
            case '"' | "'":
                self.at = self.match(_STRING).end()
            case _:
                self.at = self.match(_BARE_VALUE).end()

    def comma(self) -> None:
        self.blank()
        if self.text[self.at] == ",":
            self.at += 1
            self.blank()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"not TOML at character {self.at}")
        return match
