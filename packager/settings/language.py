"""Chooses the words of a plugin's forms in the language of whoever reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

FALLBACK = "en_US"
# Dify names Chinese by its script.
_SCRIPTS = {"zh_cn": "zh_hans", "zh_sg": "zh_hans", "zh_tw": "zh_hant", "zh_hk": "zh_hant"}


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that a POSIX environment asks for: `zh_Hans` of `LANG=zh_CN.UTF-8`."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        name = re.split(r"[.@]", environment.get(variable, ""))[0]
        if name:
            return FALLBACK if name in ("C", "POSIX") else name
    return FALLBACK


def text_in(texts: Mapping[str, str], language: str) -> str:
    """Return the text in `language`, or in another form of it, or in English; "" if there is
    none."""
    by_name = {_plain(name): text for name, text in texts.items()}
    wanted = _plain(language)
    same = [name for name in by_name if name.split("_")[0] == wanted.split("_")[0]]
    for name in (wanted, *same, _plain(FALLBACK)):
        if by_name.get(name):
            return by_name[name]
    return next(iter(by_name.values()), "")


def _plain(name: str) -> str:
    plain = name.replace("-", "_").lower()
    return _SCRIPTS.get(plain, plain)
