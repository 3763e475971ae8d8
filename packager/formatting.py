"""Text that people read: aligned columns, sizes, counted nouns."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Return rows as lines of aligned columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"{indent}{'  '.join(cells)}".rstrip() + "\n")
    return "".join(lines)


def shortened(text: str, most: int = 60) -> str:
    """Return at most `most` characters of `text`, with an ellipsis where some are left out."""
    return text if len(text) <= most else f"{text[:most]}…"


def byte_size(size: int) -> str:
    """Return bytes as people read them: `412 KB`, `1.2 MB` (powers of ten)."""
    if size < 1_000_000:
        return f"{size / 1000:.0f} KB" if size >= 1000 else f"{size} B"
    return f"{size / 1_000_000:.1f} MB"


def counted(number: int, noun: str) -> str:
    """Return `1 route`, `2 routes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
