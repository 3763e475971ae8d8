"""Reads a YAML file that may hold secrets, or stdin, for commands that write values."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from packager.cli.console import show_diagnostics
from packager.errors import Diagnostics, UsageError
from packager.inputs.yaml_tree import YamlValue, parse_yaml, read_yaml

_MOST = 64 * 1024 * 1024  # bytes: many thousands of endpoints
_INVALID = "not valid YAML"


def read_values_yaml(source: str, diagnostics: Diagnostics) -> YamlValue | None:
    """Return what the YAML of the file `source`, or of stdin (`-`), holds; None after a fault.

    No message quotes what is written there. Raises `UsageError` for a stdin that is not text.
    """
    read = Diagnostics()
    if source == "-":
        content = sys.stdin.buffer.read(_MOST + 1)
        if len(content) > _MOST:
            raise UsageError(f"stdin has more than {_MOST} bytes, which is what is read")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("stdin is not UTF-8 text") from None
        top = parse_yaml(text, "stdin", read)
    else:
        top = read_yaml(Path(source), source, read, _MOST)
    show_diagnostics(read.warnings)
    for diagnostic in read.errors:
        if diagnostic.code == "invalid-yaml":  # what is written there may be a secret
            diagnostic = replace(diagnostic, message=_INVALID, hint="put values into single quotes")
        diagnostics.add(diagnostic)
    return top
