"""Matches paths against patterns in gitignore syntax, as git does, in time linear in the path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Literal

from packager.dataclass import dataclass
from packager.inputs.wildcards import compile_pattern

MAX_PATTERNS = 10_000  # of one list; real ones have some hundred
MAX_COMPILED = 2_000  # those of them that are more than a name, a path or `*.suffix`
_SPECIAL = re.compile(rb"[*?\[\\]")
_Kind = Literal["name", "end", "path", "compiled name", "compiled path", "nothing"]


class PatternError(ValueError):
    """A list of patterns can't be used."""


class Patterns:
    """A list of patterns, such as the lines of an ignore file: the last that matches decides.

    What is in a folder that matches, matches, whatever later lines say of it: git looks into no
    ignored folder. Names are bytes for git, and so they are here.
    """

    def __init__(self, lines: Iterable[str | bytes]) -> None:
        """Read the lines; raise `PatternError` where there are more than the limits above."""
        rules: list[_Rule] = []
        compiled = 0
        for line in lines:
            rule = _read_rule(os.fsencode(line) if isinstance(line, str) else line)
            if rule is None:
                continue
            rules.append(rule)
            compiled += rule.compiled is not None
            if len(rules) > MAX_PATTERNS or compiled > MAX_COMPILED:
                raise PatternError(
                    f"has more than {MAX_PATTERNS} patterns, or than {MAX_COMPILED} with wildcards "
                    "inside"
                )
        # Latest first. Most are plain names, which are looked up.
        self._named: dict[bytes, list[tuple[int, _Rule]]] = {}
        self._others: list[tuple[int, _Rule]] = []
        for position in range(len(rules) - 1, -1, -1):
            rule = rules[position]
            if rule.kind == "name":
                self._named.setdefault(rule.text, []).append((position, rule))
            elif rule.kind != "nothing":
                self._others.append((position, rule))
        self._folders: dict[bytes, bool] = {b"": False}

    def __bool__(self) -> bool:
        return bool(self._named or self._others)

    def match(self, path: str, *, folder: bool = False) -> bool:
        """Whether the posix path of a file, or with `folder` of a folder, matches."""
        written = os.fsencode(path)
        return self._folder(written) if folder else self._entry(written, False)

    def _folder(self, path: bytes) -> bool:
        found = self._folders.get(path)
        if found is None:
            found = self._folders[path] = self._entry(path, True)
        return found

    def _entry(self, path: bytes, folder: bool) -> bool:
        # From the top down, without recursion: paths may be deep.
        at = path.find(b"/")
        while at >= 0:
            above = path[:at]
            known = self._folders.get(above)
            if known is None:
                known = self._folders[above] = self._last(above, True)
            if known:
                return True
            at = path.find(b"/", at + 1)
        return self._last(path, folder)

    def _last(self, path: bytes, folder: bool) -> bool:
        """What the last pattern that fits `path` itself says of it."""
        name = path[path.rfind(b"/") + 1 :]
        best, ignored = -1, False
        for position, rule in self._named.get(name, ()):
            if folder or not rule.of_folders:
                best, ignored = position, not rule.negated
                break
        for position, rule in self._others:
            if position < best:
                break
            if (folder or not rule.of_folders) and rule.fits(path, name):
                return not rule.negated
        return ignored


@dataclass(frozen=True, slots=True)
class _Rule:
    """One pattern: a whole `name`, the `end` of one, a whole `path`, or one to be `compiled`."""

    kind: _Kind
    text: bytes
    negated: bool
    of_folders: bool  # alone
    compiled: re.Pattern[bytes] | None = None

    def fits(self, path: bytes, name: bytes) -> bool:
        match self.kind:
            case "end":
                return name.endswith(self.text)
            case "path":
                return path == self.text
            case "compiled name":
                return self.compiled is not None and self.compiled.match(name) is not None
            case "compiled path":
                return self.compiled is not None and self.compiled.match(path) is not None
            case _:
                return False


def _read_rule(line: bytes) -> _Rule | None:
    """Read a line; None for one that is empty or a comment."""
    pattern = _without_trailing_spaces(line.removesuffix(b"\r").partition(b"\0")[0])
    if not pattern or pattern.startswith(b"#"):
        return None
    negated = pattern.startswith(b"!")
    pattern = pattern[negated:]
    of_folders = pattern.endswith(b"/")
    if of_folders:
        pattern = pattern[:-1]
    if b"/" not in pattern:
        kind, text, compiled = _name_rule(pattern)
    else:
        kind, text, compiled = _path_rule(pattern.removeprefix(b"/"))
    return _Rule(kind, text, negated, of_folders, compiled)


def _name_rule(pattern: bytes) -> tuple[_Kind, bytes, re.Pattern[bytes] | None]:
    if not _SPECIAL.search(pattern):
        return ("name" if pattern else "nothing"), pattern, None
    if pattern.startswith(b"*") and not _SPECIAL.search(pattern, 1):
        return "end", pattern[1:], None
    compiled = compile_pattern(pattern, 0, is_name=True)
    return ("compiled name" if compiled else "nothing"), pattern, compiled


def _path_rule(pattern: bytes) -> tuple[_Kind, bytes, re.Pattern[bytes] | None]:
    first = _SPECIAL.search(pattern)
    if first is None:
        return ("path" if pattern else "nothing"), pattern, None
    compiled = compile_pattern(pattern, first.start(), is_name=False)
    return ("compiled path" if compiled else "nothing"), pattern, compiled


def _without_trailing_spaces(line: bytes) -> bytes:
    """Take off spaces at the end, but for one behind a backslash."""
    end = len(line.rstrip(b" "))
    backslashes = end - len(line[:end].rstrip(b"\\"))
    return line[: end + 1] if backslashes % 2 and end < len(line) else line[:end]
