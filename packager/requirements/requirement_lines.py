"""The text of requirements files, in pip's format: its encoding, its lines, options in them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

# The format: pip's documentation, "Requirements File Format".
_COMMENT = re.compile(r"(^|(?<!\s)\s++)#.*$")


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that says something, with the number (from 1) of the line it starts on.

    Comments are off, and continuations joined.
    """
    joined = ""
    start = 1
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not joined:
            start = number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment and number < len(lines):
            joined += line[:-1]
            continue
        line = _COMMENT.sub("", f"{joined}{line.removesuffix(chr(92))}").strip()
        joined = ""
        if line:
            yield start, line


def position(text: str, at: int) -> tuple[int, int]:
    """Return the line and the column, from 1, of the character `at` in a text."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def split_option(line: str) -> tuple[str, str]:
    """Return a line's option, as it is written, and what is its value."""
    match = re.match(r"(--[\w-]+|-\w)\s*=?\s*(.*)", line)
    if match is None:
        return line.split()[0], ""
    return match[1], match[2].strip().strip("\"'")


def decode(data: bytes) -> str:
    """Return a file as text, by its byte order mark, else UTF-8; raise UnicodeDecodeError."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding)
    return data.decode()


def archive_name(file: str) -> str:
    """Return the name of the distribution that an archive's file name says, "" if it says none."""
    try:
        if file.endswith(".whl"):
            return str(parse_wheel_filename(file)[0])
        if file.endswith((".tar.gz", ".zip")):
            return str(parse_sdist_filename(file)[0])
    except (InvalidWheelFilename, InvalidSdistFilename):
        pass
    return ""
