"""Reads environment variables from a file of NAME=VALUE lines."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream

from packager.errors import Diagnostics, Place

_ASSIGNED = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:](.*)")


def read_env_file(
    path: Path, diagnostics: Diagnostics, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of the `.env` file at `path`; what can't be read goes into
    `diagnostics`.

    Values may be quoted, and are taken as they are: `$` means nothing. A line that is a name alone
    takes its value from `environment`, as in Docker's `--env-file`, if it is there.
    """
    display = str(path)
    try:
        text = path.read_text("utf-8-sig")
    except OSError as fault:
        diagnostics.error("unreadable-file", f"can't be read: {fault.strerror}", Place(display))
        return {}
    except UnicodeDecodeError:
        diagnostics.error("not-utf8", "is not UTF-8 text", Place(display))
        return {}
    variables: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            diagnostics.error(
                "invalid-dotenv",
                "expected NAME=VALUE",
                Place(display, _first_line(binding.original.string, binding.original.line)),
                hint="quote a value that has spaces around it, quotes or line breaks in it",
            )
        elif binding.key is not None:
            value = environment.get(binding.key) if binding.value is None else binding.value
            if value is not None:
                variables[binding.key] = value
    return variables


def guess_env_file(path: Path) -> dict[str, str]:
    """Return the variables of a `.env` file as far as they can be told, whatever is wrong with it.

    For who looks for their values: no function gets them.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    variables: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if not binding.error and binding.key is not None and binding.value is not None:
            variables[binding.key] = binding.value
            continue
        for line in binding.original.string.splitlines():
            assigned = _ASSIGNED.match(line)
            if assigned:
                variables[assigned[1]] = assigned[2].strip().strip("'\"")
    return variables


def _first_line(text: str, line: int) -> int:
    """Return the line of the first character that says something; blank lines may come before."""
    return line + text[: len(text) - len(text.lstrip())].count("\n")
