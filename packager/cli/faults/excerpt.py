"""Shows the line that a fault is about, with a caret at its column."""

from __future__ import annotations

import re
from pathlib import Path

from packager.cli.terminal import shown
from packager.contract import LOCAL_SETTINGS
from packager.errors import Diagnostic
from packager.inputs.bounded_file import MAX_FILE

_WIDTH = 100  # characters of a line
_SUFFIXES = (".py", ".yaml", ".yml", ".toml")
# What is said of these is that a secret stands there.
_SECRET = ("secret-default", "secret-literal")
_VALUES = re.compile(r"(?:^|\.)(?:settings|apps)\.")
_CREDENTIALS = re.compile(r"://[^/\s@]*@")


def excerpt(diagnostic: Diagnostic) -> str | None:
    """Return the line of the file and a caret below it, on two lines without a break at the end.

    None where there is no place, the file can't be read here (it is in a package), or a secret
    might stand in the line.
    """
    place = diagnostic.place
    if place is None or place.line is None or place.column is None:
        return None
    if diagnostic.code in _SECRET or not place.file.endswith(_SUFFIXES):
        return None
    if place.file.endswith(LOCAL_SETTINGS) or (
        place.file.endswith(".toml") and _VALUES.search(diagnostic.key)
    ):
        return None
    try:
        path = Path(place.file)
        if path.stat().st_size > MAX_FILE or not path.is_file():
            return None
        lines = path.read_text("utf-8").split("\n")
    except (OSError, ValueError):
        return None
    if place.line > len(lines) or _CREDENTIALS.search(lines[place.line - 1]):
        return None
    line = lines[place.line - 1].rstrip().replace("\t", " ")
    start = max(0, place.column - 1 - _WIDTH * 3 // 4)  # the column stays in sight
    text, before = line[start : start + _WIDTH], shown(line[start : place.column - 1])
    return f"{shown(text)}\n{' ' * len(before)}^"
