"""What a word that nothing knows was most likely meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(word: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that `word` was most likely meant to be."""
    candidates = list(words)
    same = [each for each in candidates if each.lower() == word.lower()]
    return next(iter(same or difflib.get_close_matches(word, candidates, 1)), None)


def did_you_mean(word: str, words: Iterable[str]) -> str | None:
    """Return a hint that names the nearest of `words`, where one is near."""
    nearest = near(word, words)
    return f"did you mean {nearest}?" if nearest else None
