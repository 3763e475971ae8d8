"""Looks for known secrets in what a build made, however they are spelt there."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

from packager.errors import PackagerError
from packager.known_secrets import KnownSecret


def refuse_leaks(folder: Path, secrets: Sequence[KnownSecret]) -> None:
    """Raise `PackagerError` (exit code 1) where a file below `folder` holds one of `secrets`.

    The message names files and where the secret is known from, never the value.
    """
    if secrets:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        beside = folder.parent
        refuse_leaks_in(
            ((path.relative_to(beside).as_posix(), path.read_bytes()) for path in files), secrets
        )


def refuse_leaks_in(files: Iterable[tuple[str, bytes]], secrets: Sequence[KnownSecret]) -> None:
    """Do so for files given as names and contents."""
    wanted = [(secret, spellings(secret.value)) for secret in secrets]
    found = [
        f"{name} holds the value of {secret.origin}"
        for name, content in files
        for secret, texts in wanted
        if any(text in content or text in name.encode() for text in texts)
    ]
    if found:
        raise PackagerError(
            "a secret is in what was built: " + "; ".join(found),
            hint="take it out of the plugin's files or leave the file out (`exclude`); if it is no "
            "secret, call it something else in .env, or give it a value that is no common word",
        )


def spellings(value: str) -> frozenset[bytes]:
    """Give the bytes that `value` may be written as: as it is, quoted for Python, JSON, YAML, URLs
    and HTML, in UTF-16, in hexadecimal, and in base64 wherever in an encoded text it starts."""
    raw = value.encode("utf-8", "surrogatepass")
    texts = {
        *(repr(value)[1:-1], ascii(value)[1:-1], repr(raw)[2:-1]),
        *(json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]),
        *(value.replace("'", "''"), html.escape(value)),
        *(quote(raw, ""), quote(raw), quote_plus(raw)),
        *(raw.hex(), raw.hex().upper()),
    }
    found = {text.encode("utf-8", "surrogatepass") for text in texts}
    found |= {raw, value.encode("utf-16-le", "surrogatepass"), *_in_base64(raw)}
    return frozenset(found)


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Give the characters that follow from `raw` alone, for each of its places in three bytes."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + raw)
            start = (0, 2, 3)[before]  # the first ones hold bits of what is before
            end = (len(raw) + before) * 8 // 6  # the last one may hold bits of what follows
            yield text[start:end]
