"""Compiles patterns with wildcards, as git reads them, into expressions that don't backtrack."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
# A token of a pattern: a regular expression that takes exactly one byte, or one of these.
_STAR = b"*"  # any bytes but slashes
_STARS = b"**"  # any bytes
_FOLDERS = b"**/"  # nothing, or any bytes that end in a slash
_SLASH = b"/"


def compile_pattern(pattern: bytes, plain: int, *, is_name: bool) -> re.Pattern[bytes] | None:
    """Return the pattern as a regular expression that does not backtrack; None if nothing fits it.

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
    """Return tokens as an expression in which every choice, once made, is kept (atomic groups).

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
    """Return the pattern in tokens; None if nothing can fit it."""
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
    """Return the token of the stars from `at` to `end`: two of them stand for folders, alone
    between slashes."""
    if is_name or end - at == 1 or not (at == plain or pattern[at - 1 : at] == b"/"):
        return _STAR
    if pattern[end : end + 1] == b"/":
        return _FOLDERS
    return _STARS if end == len(pattern) or pattern[end : end + 2] == b"\\/" else _STAR


def _byte_class(pattern: bytes, at: int) -> tuple[bytes, int] | None:
    """Return the token of the class whose inside starts at `at`, and where the pattern goes on.

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
