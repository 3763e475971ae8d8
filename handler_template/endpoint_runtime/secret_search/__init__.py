"""Finds secrets in text and bytes, however they are spelt there: the one list of spellings.

The log's mask uses it (`masking`), and so does the build, which loads this file by its path to look
for secrets in what it made: nothing of a bundle is imported here. docs/logging.md has the rule.

Text is undone rather than secrets spelt out: `%XX`, backslash escapes and HTML's references are
taken back a step at a time, whatever their order and however often, and each step's text is looked
at. What is compared is letters, digits and what is not ASCII ("cores"), so that it does not matter
how the rest is quoted, doubled, wrapped into lines or left out. Only base64 and hexadecimal, which
no mark gives away, are spelt out.

Each core has the four words in its middle in a table, so that one of them is where a text's words
are looked at, one after the other: any number of secrets is found in the time of one. No `re`:
importing it costs a cold start more than all this.
"""

from __future__ import annotations

from _json import encode_basestring, encode_basestring_ascii
from itertools import compress
from sys import byteorder

from .escapes import to_bytes as to_bytes
from .escapes import undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .escapes import Spans

    # The number of a secret, and what may be on the left and right of it that belongs to it.
    Entry = tuple[int, bytes, bytes]

_LEAST = 4  # characters of a secret: shorter ones would mask ordinary text and hide nothing
_LEAST_LINE = 8  # characters of a line of a secret
_LEAST_CORE = 8  # letters and digits of what is found however it is quoted
_LEAST_LETTERS = 16  # of a core without digits, which may be words that stand in any text
_LEAST_ENCODED = 6  # bytes of what is looked for in base64 and hexadecimal
_LONG = 256  # characters of a secret that takes a while to add
_WINDOW = 7  # bytes: wherever they lie, a whole word of four at a multiple of four is in them
_MOST_STEPS = 12  # of undoing
# What settings say that are not secrets, whatever their type is called.
_BOOLEANS = ("true", "True", "TRUE", "false", "False", "FALSE")
_WORDS = frozenset((*_BOOLEANS, "null", "None", "none", "NULL"))

_ALPHANUMERIC = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_DROPPED = bytes(range(128)).translate(None, _ALPHANUMERIC)
_IS_KEPT = bytes.maketrans(_DROPPED, bytes(len(_DROPPED)))  # all others are no zero

# What forms, YAML and shells write for a blank and a quote, of what is not found by a core.
_PLAIN_QUOTES = ((b"", b""), (b" ", b"+"), (b"'", b"''"), (b"'", b"'\"'\"'"))
_MARKS = frozenset(b"\\\"'&<>")  # what Python, JSON or HTML quote
_UNQUOTED = frozenset(_ALPHANUMERIC + b"_.-~")  # by nothing
_HTML_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HTML = _HTML_TEXT | str.maketrans({'"': "&quot;", "'": "&#x27;"})
_GO = str.maketrans({"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"})  # in JSON
_EIGHTS = bytes.maketrans(b"01234567", bytes(range(0, 64, 8)))
_ONES = bytes.maketrans(b"01234567", bytes(range(8)))
_BASE64 = (_ALPHANUMERIC + b"+/").ljust(256)


def least_size(secret: str) -> int:
    """How many bytes what holds a secret has, at least, if that is many; otherwise 0.

    What is smaller need not wait for such a secret to be added.
    """
    if len(secret) < _LONG or not secret.isascii() or any(each in secret for each in "%\\&\n\r"):
        return 0
    return len(_core(secret.encode()))


class _Table:
    """Texts to be found by a word (four bytes) that each has at a known place."""

    def __init__(self) -> None:
        self._texts: dict[bytes, tuple[Entry, ...]] = {}
        # By the number that a word is: where it begins in a text and how long that is.
        self._shapes: dict[int, tuple[tuple[int, int], ...]] = {}
        self._alone: dict[tuple[int, int], tuple[tuple[int, int]]] = {}  # to have each once

    def add(self, text: bytes, starts: Iterable[int], entry: Entry) -> None:
        """Look for `text`, by its words that begin at `starts`."""
        self._texts[text] = (*self._texts.get(text, ()), entry)
        shapes, size = self._shapes, len(text)
        for start in starts:
            word = int.from_bytes(text[start : start + 4], byteorder)
            shape = start, size
            alone = self._alone.setdefault(shape, (shape,))
            others = shapes.setdefault(word, alone)
            if others is not alone and shape not in others:
                shapes[word] = (*others, shape)

    def find(self, data: bytes, shift: int = 0) -> Iterator[tuple[int, bytes, Entry]]:
        """Yield where each text is in `data` that has a word there `shift` bytes after words."""
        if not self._shapes:
            return
        rest = data[shift:]
        words = memoryview(rest + b"\0" * (-len(rest) % 4)).cast("I")
        if self._shapes.keys().isdisjoint(words):
            return
        for index, word in enumerate(words):
            for start, size in self._shapes.get(word, ()):
                at = index * 4 + shift - start
                if at >= 0:
                    text = data[at : at + size]
                    for entry in self._texts.get(text, ()):
                        yield at, text, entry


class SecretSearch:
    """Secrets, numbered in the order that they were added in, to be found in texts."""

    def __init__(self) -> None:
        self._count = 0
        self._cores = _Table()
        self._exact = _Table()  # what is too short for a core

    def add(self, secret: str) -> None:
        """Look for `secret`, too; and for each long line of one that has several."""
        spelt = _Spellings()
        stripped = secret.strip()
        if stripped in _WORDS:
            pass
        elif len(stripped) >= _LEAST:
            spelt.add_secret(stripped)
        elif len(secret) >= _LEAST:
            spelt.exact[to_bytes(secret)] = None
        for text in spelt.exact:
            self._exact.add(text, (0,), (self._count, b"", b""))
        for core, (left, right) in spelt.cores.items():
            middle = (len(core) - _WINDOW) // 2
            self._cores.add(core, range(middle, middle + 4), (self._count, left, right))
        self._count += 1

    def find(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Yield each secret in `data`: its number, where it starts and ends. They may overlap."""
        yield from self._in(data)
        steps: list[Spans] = []
        for stream, spans in undo(data):
            steps.append(spans)
            for number, start, end in self._in(stream):
                for step in reversed(steps):
                    start, end = _before(step, start, end)
                yield number, start, end
            if len(steps) == _MOST_STEPS:
                return

    def _in(self, stream: bytes) -> Iterator[tuple[int, int, int]]:
        """Yield what is found in a text as it is."""
        places: list[int] = []  # of the core's bytes in the stream
        for at, core, entry in self._cores.find(_core(stream)):
            places = places or [*compress(range(len(stream)), stream.translate(_IS_KEPT))]
            yield entry[0], *_widened(stream, places[at], places[at + len(core) - 1] + 1, entry)
        for shift in range(4):
            for at, text, entry in self._exact.find(stream, shift):
                yield entry[0], at, at + len(text)


class _Spellings:
    """What one secret is found by: cores, with what is beside them, and texts that have none."""

    def __init__(self) -> None:
        self.cores: dict[bytes, tuple[bytes, bytes]] = {}
        self.exact: dict[bytes, None] = {}

    def add_secret(self, text: str) -> None:
        forms = _undone_forms(text)
        for form in forms:
            self._add(form)
        data = forms[0]
        if not text.isascii():
            self._add_core(text.encode("utf-16-le", "surrogatepass"))
            self._add_core(text.encode("utf-16-be", "surrogatepass"))
            undecoded = data.decode("ascii", "surrogateescape")
            self._add_core(undecoded.encode("utf-8", "surrogatepass"))
        for each in dict.fromkeys((data, *_quoted(text, data))):
            self._add_encoded(each)
        for line in dict.fromkeys(
            [line.strip() for form in forms if b"\n" in form for line in form.splitlines()]
        ):
            # Not PEM's BEGIN and END, and no rules: they stand in other texts, too.
            if len(line) >= _LEAST_LINE and not line.startswith(b"-----") and _core(line)[3:]:
                self._add(line)
                self._add_encoded(line)

    def _add(self, text: bytes) -> None:
        if not self._add_core(text) and len(text) >= _LEAST:
            for old, new in _PLAIN_QUOTES:
                self.exact[text.replace(old, new)] = None

    def _add_core(self, text: bytes) -> bool:
        """Look for what is not quoted in `text`; False where that may be in any text."""
        core = _core(text)
        if len(core) < _LEAST_CORE or (len(core) < _LEAST_LETTERS and core.isalpha()):
            return False
        first, last = text.find(core[:1]), text.rfind(core[-1:])
        self.cores.setdefault(core, (text[:first], text[last + 1 :]))
        return True

    def _add_encoded(self, data: bytes) -> None:
        """Look for `data` in hexadecimal and base64, wherever in an encoded text it stands."""
        if len(data) < _LEAST_ENCODED:
            return
        digits = data.hex().encode()
        self.cores.setdefault(digits, (b"", b""))
        self.cores.setdefault(digits.upper(), (b"", b""))
        for before in range(3):
            text = _base64(b"\0" * before + data)
            # The first characters hold bits of what is before, the last one may of what follows.
            text = text[(0, 2, 3)[before] : (len(data) + before) * 8 // 6]
            core = _core(text)
            if len(core) >= _WINDOW:
                beside = b"+/-_" if len(core) < len(text) else b""
                self.cores.setdefault(core, (beside, beside))


def _core(text: bytes) -> bytes:
    return text.translate(None, _DROPPED)


def _undone_forms(text: str) -> list[bytes]:
    """Return a text as bytes, and what undoing leaves of it; the same for what Python spells apart.

    `\\xe9` may be a character or a byte, so what `repr` and `ascii` write may be undone to others.
    """
    found = {to_bytes(text): None}
    spelt = [text] if text.isascii() else [text, repr(text)[1:-1], ascii(text)[1:-1]]
    for each in spelt:
        data = to_bytes(each)
        found.setdefault(data)
        for undone, _ in undo(data):
            found.setdefault(undone)
    return list(found)


def _quoted(text: str, data: bytes) -> Iterator[bytes]:
    """Yield what base64 and hexadecimal may hold besides the text itself: it quoted once."""
    others = {*data}.difference(_UNQUOTED)
    if not others:
        return
    yield data.replace(b"/", b"\\/")
    if others & _MARKS or not (text.isascii() and text.isprintable()):
        # Python takes single quotes but for texts that hold some and no double ones.
        for spelt in (repr(text)[1:-1], ascii(text)[1:-1], repr(text + '"')[1:-2]):
            yield to_bytes(spelt)
        yield repr(data)[2:-1].encode()
        for spelt in (encode_basestring(text)[1:-1], encode_basestring_ascii(text)[1:-1]):
            yield to_bytes(spelt)
            yield to_bytes(spelt.replace("/", "\\/"))
            yield to_bytes(spelt.translate(_GO))
        yield to_bytes(text.translate(_HTML))
        yield to_bytes(text.translate(_HTML_TEXT))
    url = data.replace(b"%", b"%25")
    for each in others.difference(b"%"):
        url = url.replace(each.to_bytes(), b"%%%02X" % each)
    yield url
    yield url.replace(b"%20", b"+")


def _base64(data: bytes) -> bytes:
    """Encode to base64, without `binascii`, a file of its own that takes longer to load.

    Two octal digits are one of base64's.
    """
    data += b"\0" * (-len(data) % 3)
    octal = (b"%o" % int.from_bytes(data, "big")).rjust(len(data) // 3 * 8, b"0")
    eights, ones = octal[::2].translate(_EIGHTS), octal[1::2].translate(_ONES)
    digits = int.from_bytes(eights, "big") + int.from_bytes(ones, "big")
    return digits.to_bytes(len(ones), "big").translate(_BASE64)


def _widened(stream: bytes, start: int, end: int, entry: Entry) -> tuple[int, int]:
    """Take in what belongs to a secret on both sides of its letters and digits."""
    _, left, right = entry
    least, most = start - len(left), end + len(right)
    while start > max(least, 0) and stream[start - 1] in left:
        start -= 1
    while end < min(most, len(stream)) and stream[end] in right:
        end += 1
    return start, end


def _before(spans: Spans, start: int, end: int) -> tuple[int, int]:
    """Return where a part of an undone text was before."""
    from _bisect import bisect_right  # which is a file of its own

    index = bisect_right(spans, start, key=_start) - 1
    if index >= 0:
        _, last, first_before, last_before = spans[index]
        start = first_before if start < last else last_before + start - last
    index = bisect_right(spans, end - 1, key=_start) - 1
    if index >= 0:
        _, last, _, last_before = spans[index]
        end = last_before + max(end - last, 0)
    return start, end


def _start(span: tuple[int, int, int, int]) -> int:
    return span[0]
