"""Keeps what programs answered, for as long as what the answers follow from is the same."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from packager.host.cache import cache_folder, cached_text, keep_text, used
from packager.host.target_script import IN_TARGET


def kept_answer(
    kind: str, made_of: Callable[[], object], ask: Callable[[], Any], *, max_age: float = math.inf
) -> Any:
    """Return what `ask` returns, a value that JSON has; it is asked once for what it is `made_of`.

    An answer is kept in the cache, in the folder `kind`, for `max_age` seconds at most; one that is
    not whole is asked for again, and one is not kept if what it is made of changes meanwhile.
    Without a cache it is asked for each time.
    """
    folder = cache_folder()
    if folder is None:
        return ask()
    before = digest_of(made_of())
    key = f"{kind}/{before}"
    text = cached_text(folder, key, max_age)
    if text is not None:
        if max_age == math.inf:
            used(folder, key)
        return json.loads(text)
    answer = ask()
    if digest_of(made_of()) == before:
        keep_text(folder, key, json.dumps(answer))
    return answer


def digest_of(value: object) -> str:
    """Return a digest of a value that JSON has."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def state_of(path: Path) -> list[object]:
    """Return what changes with a file, whoever wrote it: also the time that nobody can set."""
    try:
        found = path.stat()
    except OSError:
        return [str(path)]
    return [str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def contents_of(root: Path, files: Iterable[str]) -> list[tuple[str, str]]:
    """Return files, posix paths in `root`, with digests of their contents; "" if unreadable."""
    return [(name, _digest(root / name)) for name in files]


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


@cache
def scripts_state() -> str:
    """Return a digest of the scripts of `_in_target`: what they answer follows from all of them."""
    sources = sorted(IN_TARGET.rglob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()
