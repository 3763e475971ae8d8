"""Says what the parts of a bundle weigh."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from packager.errors import UsageError

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "kib": 2**10, "mib": 2**20}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


def sizes_of(folder: Path) -> Mapping[str, int]:
    """Return the bytes of everything at a bundle's root, by name, biggest first.

    A module's bytecode counts as the module's, a `*.dist-info` as its package's where that has
    the package's name.
    """
    found: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            top, *inner = path.relative_to(folder).parts
            if top == "__pycache__" and inner:
                top = inner[0]
            name = top.partition("-")[0] if top.endswith(".dist-info") else top.partition(".")[0]
            found[name] = found.get(name, 0) + path.stat().st_size
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def read_size(text: str) -> int:
    """Return the bytes that `3.5MB`, `900 KB`, `2MiB` or `1000` are; raise `UsageError` for
    else."""
    match = _SIZE.fullmatch(text.strip())
    if not match or match[2].lower() not in _UNITS:
        raise UsageError(f"a size is a number and a unit, not {text!r}", hint="for example 3.5MB")
    return round(float(match[1]) * _UNITS[match[2].lower()])
