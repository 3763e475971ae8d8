"""Matches paths against patterns in gitignore syntax, as git does, in time linear in the path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

MAX_PATTERNS = 10_000  # of one list; real ones have some hundred
MAX_COMPILED = 2_000  # those of them that are more than a name, a path or `*.suffix`
_MAX_PATH = 4096  # bytes of a path: nothing that must be longer can match
_CLASSES = {
    b"alnum": rb"A-Za-z0-9",
    b"alpha": rb"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"graph": rb"!-~",
    b"lower": rb"a-z",
    b"print": rb" -~",
    b"punct": rb"!-/:-@\[-`{-~",
    b"space": rb" \t\n\r\f\v",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}
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
    compiled = _compile(pattern, 0, is_name=True)
    return ("compiled name" if compiled else "nothing"), pattern, compiled


def _path_rule(pattern: bytes) -> tuple[_Kind, bytes, re.Pattern[bytes] | None]:
    first = _SPECIAL.search(pattern)
    if first is None:
        return ("path" if pattern else "nothing"), pattern, None
    compiled = _compile(pattern, first.start(), is_name=False)
    return ("compiled path" if compiled else "nothing"), pattern, compiled


def _without_trailing_spaces(line: bytes) -> bytes:
    """Take off spaces at the end, but for one behind a backslash."""
    end = len(line.rstrip(b" "))
    backslashes = end - len(line[:end].rstrip(b"\\"))
    return line[: end + 1] if backslashes % 2 and end < len(line) else line[:end]


# A token of a pattern: a regular expression that takes exactly one byte, or one of these.
_STAR = b"*"  # any bytes but slashes
_STARS = b"**"  # any bytes
_FOLDERS = b"**/"  # nothing, or any bytes that end in a slash
_SLASH = b"/"


def _compile(pattern: bytes, plain: int, *, is_name: bool) -> re.Pattern[bytes] | None:
    """Give the pattern as a regular expression that does not backtrack; None if nothing fits it.

    `plain` is the length of what comes before the first special byte: git takes two stars right
    behind it for those behind a slash.
    """
    tokens = _tokens(pattern, plain, is_name)
    if (
        tokens is None
        or sum(token not in (_STAR, _STARS, _FOLDERS) for token in tokens) > _MAX_PATH
    ):
        return None
    return re.compile(_expression(tokens) + rb"\Z", re.DOTALL)


def _expression(tokens: Sequence[bytes]) -> bytes:
    """Give tokens as an expression in which every choice, once made, is kept (atomic groups).

    What follows stars is looked for from the left, and the first place where it fits is as good as
    any: what comes later has the more left. Only the last piece has to end where the path does.
    """
    for kind, gap in ((_FOLDERS, rb"(?:[^/]*/)*?"), (_STARS, rb".*?"), (_STAR, rb"[^/]*?")):
        pieces: list[list[bytes]] = [[]]
        for token in tokens:
            if token == kind:
                pieces.append([])
            else:
                pieces[-1].append(token)
        if len(pieces) > 1:
            first, *middle, last = map(_expression, pieces)
            between = b"".join(b"(?>%b%b)" % (gap, piece) for piece in middle)
            return b"(?>%b)%b%b%b" % (first, between, gap, last)
    return b"".join(tokens)


def _tokens(pattern: bytes, plain: int, is_name: bool) -> list[bytes] | None:
    """Give the pattern in tokens; None if nothing can fit it."""
    tokens: list[bytes] = []
    at = 0
    while at < len(pattern):
        each = pattern[at : at + 1]
        if each == b"*":
            end = at + len(pattern[at:]) - len(pattern[at:].lstrip(b"*"))
            token = _stars(pattern, at, end, plain, is_name)
            at = end + (token == _FOLDERS)
            if tokens[-1:] != [token]:
                tokens.append(token)
            continue
        if each == b"[":
            found = _byte_class(pattern, at + 1)
            if found is None:
                return None
            token, at = found
            tokens.append(token)
            continue
        if each == b"\\":
            at += 1
            if at == len(pattern):
                return None
            each = pattern[at : at + 1]
            tokens.append(re.escape(each))
        else:
            tokens.append(b"[^/]" if each == b"?" else re.escape(each))
        at += 1
    return tokens


def _stars(pattern: bytes, at: int, end: int, plain: int, is_name: bool) -> bytes:
    """Give the token of the stars from `at` to `end`: two of them stand for folders, alone between
    slashes."""
    if is_name or end - at == 1 or not (at == plain or pattern[at - 1 : at] == b"/"):
        return _STAR
    if pattern[end : end + 1] == b"/":
        return _FOLDERS
    return _STARS if end == len(pattern) or pattern[end : end + 2] == b"\\/" else _STAR


def _byte_class(pattern: bytes, at: int) -> tuple[bytes, int] | None:
    """Give the token of the class whose inside starts at `at`, and where the pattern goes on.

    None for one that is never closed, or names a class there is not: git lets nothing fit those.
    """
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    parts: list[bytes] = []
    before = b""  # what a hyphen makes a range with
    first = True
    while first or pattern[at : at + 1] != b"]":
        first = False
        each = pattern[at : at + 1]
        if not each:
            return None
        if each == b"-" and before and pattern[at + 1 : at + 2] not in (b"", b"]"):
            at += 1 + (pattern[at + 1 : at + 2] == b"\\")
            last = pattern[at : at + 1]
            if not last:
                return None
            if before <= last:
                parts.append(b"%b-%b" % (_hex(before), _hex(last)))
            before = b""
        elif pattern[at : at + 2] == b"[:":
            end = pattern.find(b"]", at + 2)
            if end < 0:
                return None
            if end == at + 2 or pattern[end - 1 : end] != b":":
                parts.append(_hex(each))
                before = each
            else:
                name = pattern[at + 2 : end - 1]
                if name not in _CLASSES:
                    return None
                parts.append(_CLASSES[name])
                before, at = b"", end
        else:
            if each == b"\\":
                at += 1
                each = pattern[at : at + 1]
                if not each:
                    return None
            parts.append(_hex(each))
            before = each
        at += 1
    inside = b"".join(dict.fromkeys(parts))
    if negated:
        return b"[^/%b]" % inside, at + 1
    return (b"(?!/)[%b]" % inside if inside else b"(?!)"), at + 1


def _hex(byte: bytes) -> bytes:
    return b"\\x%02x" % byte[0]
