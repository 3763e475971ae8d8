"""What a word that nothing knows was most likely meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_CUTOFF = 0.6  # of difflib's ratio


def near(word: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that `word` was most likely meant to be."""
    candidates = list(words)
    lower = word.lower()
    for each in candidates:
        if each.lower() == lower:
            return each
    # A file may hold ten thousand such words: most candidates are told apart by their length, or
    # have too few of the word's letters, which takes a tenth of difflib's time.
    has, length = word.__contains__, len(word)
    similar = [
        each
        for each in candidates
        if 2 * min(len(each), length) >= (least := _CUTOFF * (len(each) + length))
        and 2 * sum(map(has, each)) >= least
    ]
    return next(iter(difflib.get_close_matches(word, similar, 1, _CUTOFF)), None)


def did_you_mean(word: str, words: Iterable[str]) -> str | None:
    """Return a hint that names the nearest of `words`, where one is near."""
    nearest = near(word, words)
    return f"did you mean {nearest}?" if nearest else None
