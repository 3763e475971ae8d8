"""Undoes escapes, one kind at a time, and says where in the text before each part was."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # (start and end in the text that was undone, start and end in the one before), ascending.
    Spans = list[tuple[int, int, int, int]]

_BACKSLASHED = {
    **{b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"a": b"\a"},
    **{each: each for each in (b'"', b"'", b"/", b"`", b"$")},
}
_DIGITS = {b"u": 4, b"U": 8}
_OCTAL = frozenset((b"0", b"1", b"2", b"3"))
# HTML's names of ASCII characters, which escaping functions write.
_NAMED = dict(
    [
        each.split(b"=", 1)
        for each in b"quot=\" apos=' amp=& lt=< gt=> sol=/ bsol=\\ plus=+ equals== num=# excl=! "
        b"dollar=$ percnt=% lpar=( rpar=) ast=* comma=, period=. colon=: semi=; quest=? commat=@ "
        b"lsqb=[ lbrack=[ rsqb=] rbrack=] Hat=^ lowbar=_ grave=` lcub={ lbrace={ verbar=| vert=| "
        b"rcub=} rbrace=}".split()
    ]
)


def undo(data: bytes) -> Iterator[tuple[bytes, Spans]]:
    """Yield what undoing makes of `data`, one kind after the other, until nothing is left to undo.

    Each comes with where its parts were in the one before.
    """
    changed = True
    while changed:
        changed = False
        for mark, undo_kind in _KINDS:
            undone = undo_kind(data) if mark in data else None
            if undone is not None:
                data, changed = undone[0], True
                yield undone


def to_bytes(text: str) -> bytes:
    """Encode a text; what stands for a byte that could not be decoded is that byte again."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b"".join([_code_point(ord(each)) for each in text])


class _Undone:
    """What undoing one kind of escapes makes of a text."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.spans: Spans = []
        self.size = self.size_before = 0

    def keep(self, part: bytes) -> None:
        """Take over a part as it is."""
        self.parts.append(part)
        self.size += len(part)
        self.size_before += len(part)

    def undo(self, part: bytes, length: int) -> None:
        """Take `part` for the next `length` bytes."""
        self.parts.append(part)
        start, before = self.size, self.size_before
        self.size += len(part)
        self.size_before += length
        self.spans.append((start, self.size, before, self.size_before))

    def result(self) -> tuple[bytes, Spans] | None:
        return (b"".join(self.parts), self.spans) if self.spans else None


def _percent(data: bytes) -> tuple[bytes, Spans] | None:
    made = _Undone()
    first, *parts = data.split(b"%")
    made.keep(first)
    for part in parts:
        code = _hexadecimal(part[:2], 2)
        if code < 0:
            made.keep(b"%" + part)
        else:
            made.undo(code.to_bytes(), 3)
            made.keep(part[2:])
    return made.result()


def _backslash(data: bytes) -> tuple[bytes, Spans] | None:
    made = _Undone()
    parts = data.split(b"\\")
    made.keep(parts[0])
    index = 1
    while index < len(parts):
        part = parts[index]
        index += 1
        first = part[:1]
        plain = _BACKSLASHED.get(first)
        if plain is not None:
            made.undo(plain, 2)
            made.keep(part[1:])
        elif not first and index < len(parts):  # two of them: what follows is none's
            made.undo(b"\\", 2)
            made.keep(parts[index])
            index += 1
        elif first == b"x" and _hexadecimal(part[1:], 2) >= 0:
            run = [part]
            while len(part) == 3 and index < len(parts) and _is_byte(parts[index]):
                part = parts[index]
                run.append(part)
                index += 1
            codes = bytes([_hexadecimal(each[1:], 2) for each in run])
            made.undo(_bytes_or_characters(codes), 4 * len(run))
            made.keep(part[3:])
        elif first in _DIGITS and (code := _hexadecimal(part[1:], _DIGITS[first])) >= 0:
            length = _DIGITS[first] + 2
            if 0xD800 <= code < 0xDC00 and len(part) == 5 and parts[index : index + 1]:
                low = _hexadecimal(parts[index][1:], 4) if parts[index][:1] == b"u" else -1
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + (code - 0xD800 << 10) + low - 0xDC00
                    part = b"u0000" + parts[index][5:]
                    length += 6
                    index += 1
            made.undo(_code_point(code), length)
            made.keep(part[_DIGITS[first] + 1 :])
        elif part[:2] == b"u{" and (code := _braced(part)) >= 0:
            end = part.find(b"}")
            made.undo(_code_point(code), end + 2)
            made.keep(part[end + 1 :])
        elif len(part) > 2 and first in _OCTAL and not part[1:3].strip(b"01234567"):
            made.undo(int(part[:3], 8).to_bytes(), 4)
            made.keep(part[3:])
        else:
            made.keep(b"\\" + part)
    return made.result()


def _html(data: bytes) -> tuple[bytes, Spans] | None:
    made = _Undone()
    first, *parts = data.split(b"&")
    made.keep(first)
    for part in parts:
        end = part.find(b";", 0, 12)
        name = part[: max(end, 0)]
        text = _NAMED.get(name, b"")
        if name[:1] == b"#":
            digits = name[2:] if name[1:2] in b"xX" and len(name) > 2 else b""
            code = _hexadecimal(digits, len(digits)) if digits else -1
            if code < 0 and name[1:].isdigit():
                code = int(name[1:])
            text = _code_point(code) if 0 <= code < 0x110000 else b""
        if text:
            made.undo(text, end + 2)
            made.keep(part[end + 1 :])
        else:
            made.keep(b"&" + part)
    return made.result()


def _hexadecimal(data: bytes, length: int) -> int:
    """Return the number that `length` digits say, -1 if these are none."""
    digits = data[:length]
    if len(digits) == length and digits.isalnum():
        try:
            return int(digits, 16)
        except ValueError:
            pass
    return -1


def _braced(part: bytes) -> int:
    """Return the number in `u{...}`, as JavaScript, Rust and Swift write it; -1 for none."""
    end = part.find(b"}", 3, 9)
    return _hexadecimal(part[2:end], end - 2) if end > 0 else -1


def _code_point(code: int) -> bytes:
    if 0xDC80 <= code < 0xDD00:
        return (code - 0xDC00).to_bytes()
    return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else b"?"


def _is_byte(part: bytes) -> bool:
    return part[:1] == b"x" and _hexadecimal(part[1:], 2) >= 0


def _bytes_or_characters(run: bytes) -> bytes:
    """Return what `\\xNN\\xNN` stands for: bytes, where they are UTF-8, or else characters."""
    try:
        run.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = run.decode("utf-8", "surrogateescape")
        return "".join(
            [chr(ord(each) - 0xDC00) if "\udc80" <= each <= "\udcff" else each for each in text]
        ).encode()
    return run


# What marks a kind of escapes, and what undoes it.
_KINDS: tuple[tuple[bytes, Callable[[bytes], tuple[bytes, Spans] | None]], ...] = (
    (b"%", _percent),
    (b"\\", _backslash),
    (b"&", _html),
)
