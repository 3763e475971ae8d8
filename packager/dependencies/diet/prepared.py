"""What the diet's rules make of werkzeug's releases, worked out ahead: parts of lines that change.

`prepared.json` has the edits of each source that changes in a release of `versions.py`, by its
path in the package and its SHA-256: `[line, start, end, text]` puts `text` in place of characters
of a line, all counted from 0. Whoever changes the rules, or adds a release, has it written again:
`pytest tests/integration/test_prepared_diet.py -m soak --refresh`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

Edit = tuple[int, int, int, str]

TABLE = Path(__file__).with_name("prepared.json")


def prepared_sources(root: Path) -> dict[Path, bytes]:
    """Return the new sources of those files of the package in `root` that change."""
    table = _table()
    found = {}
    for path in root.rglob("*.py"):
        source = path.read_bytes()
        edits = table.get(key_of(path.relative_to(root), source))
        if edits is not None:
            found[path] = edited(source, edits)
    return found


def key_of(path: Path, source: bytes) -> str:
    """Return what a source is called in the table; `path` is that in the package."""
    return f"{path.as_posix()} {hashlib.sha256(source).hexdigest()}"


def edits_of(source: bytes, treated: bytes) -> list[Edit]:
    """Return what makes `treated`, which has every line of `source` at its place, of it."""
    old = source.decode().split("\n")
    new = treated.decode().split("\n", len(old) - 1)  # the last one has what is added behind it
    edits = []
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        if before != after:
            shorter = min(len(before), len(after))
            start = next((at for at in range(shorter) if before[at] != after[at]), shorter)
            same = 0  # at the end
            while same < shorter - start and before[-1 - same] == after[-1 - same]:
                same += 1
            edits.append((number, start, len(before) - same, after[start : len(after) - same]))
    return edits


def edited(source: bytes, edits: Sequence[Edit]) -> bytes:
    """Return a source with its edits."""
    lines = source.decode().split("\n")
    for number, start, end, text in edits:
        lines[number] = f"{lines[number][:start]}{text}{lines[number][end:]}"
    return "\n".join(lines).encode()


def written(table: Mapping[str, Sequence[Edit]]) -> str:
    """Return the text of `prepared.json`: a line for each source."""
    lines = (
        f"{json.dumps(key)}: {json.dumps(edits, separators=(',', ':'))}"
        for key, edits in sorted(table.items())
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


@cache
def _table() -> Mapping[str, Sequence[Edit]]:
    table: Mapping[str, Sequence[Edit]] = json.loads(TABLE.read_text("utf-8"))
    return table
