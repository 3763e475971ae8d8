"""Checks options that a group's configuration has, each sound, against each other."""

from __future__ import annotations

from packager.errors import Diagnostics
from packager.model.options import Options


def check_entry(options: Options, diagnostics: Diagnostics) -> None:
    """Note `entry = "fast"` beside an option that the stock entry alone serves."""
    why = options.needs_stock
    if options.entry == "fast" and why:
        diagnostics.error(
            "conflicting-keys",
            f"{why} needs the stock entry",
            options.place("entry"),
            key="entry",
            hint='leave entry out, or say entry = "stock"',
        )
