"""Reads TOML within limits: what tomllib takes long over, or no other reader takes, is refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from packager.inputs.yaml_tree import MAX_BITS

MAX_NESTING = 100  # keys inside each other
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_NESTING}}}")


class TooMuch(ValueError):
    """A text is beyond the limits; `line` is where, if that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def load_toml(text: str) -> dict[str, Any]:
    """Return what `text` says; raise `TOMLDecodeError`, or `TooMuch` (a ValueError, as that is)."""
    line = _too_deep(text)
    if line is not None:
        raise TooMuch("nested too deeply to be read", line)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # Python reads no number of more than 4300 digits
        raise TooMuch("holds a number that is too large") from None
    except RecursionError:
        raise TooMuch("nested too deeply to be read") from None
    if _has_huge_number(values):
        raise TooMuch("holds a number that is too large")
    return values


def _too_deep(text: str) -> int | None:
    """Return the first line with a key of more parts than are sensible.

    tomllib reads such a key in time that grows with the square of its parts, and what it gives is
    nested as deeply.
    """
    found = _LONG_KEY.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _has_huge_number(values: Mapping[str, Any]) -> bool:
    pending: list[Any] = [values]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, int) and value.bit_length() > MAX_BITS:
            return True
    return False
