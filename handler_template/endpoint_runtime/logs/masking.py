"""Puts `***` in the place of secrets in what is logged or sent, however they are spelt there.

`process.secrets` holds them, `secret_search` finds them; docs/logging.md has the rule.
Imported by the first text that may hold one: a request that logs nothing but its own line pays
nothing.
"""

from __future__ import annotations

from _thread import RLock
from os import environ, register_at_fork

from endpoint_runtime import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, BinaryIO

    from endpoint_runtime.secret_search import SecretSearch

MASK = "***"
_OWN = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
# Of a JSON line, what says when, how grave and whose it is, and never a secret.
ENVELOPE = ("timestamp", "level", "requestId", "traceId")

for _name in _OWN:
    process.add_secret(environ.get(_name))


# Threads log, too; one that held this is not in a forked process, which begins without it.
_adding = RLock()
register_at_fork(after_in_child=_adding._at_fork_reinit)  # type: ignore[attr-defined]


class _Mask:
    """What is looked for: all the texts of a growing collection, and none twice."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = texts
        self._search: SecretSearch | None = None
        self._known = 0  # of the texts, in their order
        # Long ones, such as session tokens, that nothing so far was long enough to hold.
        self._late: list[tuple[int, str]] = []
        self._least_late = 0

    def spans(self, data: bytes, count: int) -> list[tuple[int, int]]:
        """Return where in `data` the first `count` texts are, in order and apart."""
        search = self._search
        if search is None or self._known < count or 0 < self._least_late <= len(data):
            search = self._add(len(data))
        apart: list[tuple[int, int]] = []
        for start, end in sorted([(start, end) for _, start, end in search.find(data)]):
            if apart and start <= apart[-1][1]:
                apart[-1] = apart[-1][0], max(end, apart[-1][1])
            else:
                apart.append((start, end))
        return apart

    def _add(self, size: int) -> SecretSearch:
        """Look for what was not looked for yet, and may be in `size` bytes."""
        from endpoint_runtime.secret_search import SecretSearch, least_size

        with _adding:
            search = self._search = self._search or SecretSearch()
            for text in [*self.texts][self._known :]:
                least = least_size(text)
                if least:
                    self._late.append((least, text))
                else:
                    search.add(text)
                self._known += 1
            for least, text in self._late:
                if least <= size:
                    search.add(text)
            self._late = [each for each in self._late if each[0] > size]
            self._least_late = min([least for least, _ in self._late], default=0)
        return search


_secrets = _Mask(process.secrets)
_hidden = _Mask(())  # what was looked for besides, the last time


def mask(text: str, hidden: Sequence[str] = ()) -> str:
    """Return `text` without the secrets that are known, and without the texts of `hidden`."""
    global _secrets, _hidden
    secrets = process.secrets
    if secrets:
        if _secrets.texts is not secrets:
            _secrets = _Mask(secrets)
        text = _mask(text, _secrets, len(secrets))
    if hidden:
        if _hidden.texts != (texts := tuple(hidden)):
            _hidden = _Mask(texts)
        text = _mask(text, _hidden, len(texts))
    return text


def _mask(text: str, masked: _Mask, count: int) -> str:
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        from endpoint_runtime.secret_search import to_bytes

        data = to_bytes(text)
    spans = masked.spans(data, count)
    if not spans:
        return text
    from endpoint_runtime.secret_search import to_bytes

    places: Sequence[int] = range(len(data) + 1)  # of each byte's character
    if len(data) != len(text):
        places = [at for at, each in enumerate(text) for _ in to_bytes(each)] + [len(text)]
    parts: list[str] = []
    done = 0
    for start, end in spans:
        parts += text[done : places[start]], MASK
        done = places[end - 1] + 1
    return "".join([*parts, text[done:]])


def mask_value(value: Any) -> Any:
    """Mask the texts in what becomes JSON; what JSON has no form for is left to its encoder."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask_value(key): mask_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_value(item) for item in value]
    return value


def mask_line(line: str) -> str:
    """Mask a line of the log. One of JSON stays JSON, and keeps its time, level and request id."""
    masked = mask(line)
    if masked == line or line[:1] != "{":
        return masked
    from endpoint_runtime.json_codec import decode_json, encode_json

    try:
        entry = decode_json(line.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return masked
    if not isinstance(entry, dict):
        return masked
    kept = {key: item if key in ENVELOPE else mask_value(item) for key, item in entry.items()}
    end = "\n" if line.endswith("\n") else ""
    return encode_json(kept).decode("utf-8", "backslashreplace") + end


class MaskedBytes:
    """A stream of bytes that writes text at once, and no secrets."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, data: bytes) -> int:
        """Write `data`, secrets masked."""
        text = bytes(data).decode("utf-8", "surrogateescape")
        self._stream.write(mask(text).encode("utf-8", "surrogateescape"))
        self._stream.flush()
        return len(data)

    def writelines(self, lines: Iterable[bytes]) -> None:
        """Write lines as one text."""
        self.write(b"".join(lines))

    @property
    def raw(self) -> object:
        """The stream below, as careful."""
        return MaskedBytes(self._stream.raw)  # type: ignore[attr-defined]
