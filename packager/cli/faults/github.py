"""Faults as annotations of a workflow of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterable

from packager.cli.terminal import shown
from packager.errors import Diagnostic


def github_commands(diagnostics: Iterable[Diagnostic]) -> str:
    """Return faults as GitHub Actions takes them from a step's output, to show them at their lines
    ("Workflow commands for GitHub Actions")."""
    lines = []
    for each in diagnostics:
        properties: dict[str, str] = {"title": each.code}
        if each.place:
            properties = {
                "file": each.place.file,
                "line": str(each.place.line or ""),
                "col": str(each.place.column or ""),
            } | properties
        said = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
        key = f"{each.key}: " if each.key else ""
        hint = f"\nhint: {each.hint}" if each.hint else ""
        lines.append(f"::{each.level} {said}::{_data(shown(key + each.message + hint))}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(shown(text)).replace(":", "%3A").replace(",", "%2C")
