"""Leaves out the warnings that a comment at their line silences: `# packager: ignore[CODE]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from packager.errors import FAILING, Diagnostic, Diagnostics
from packager.inputs.bounded_file import MAX_FILE
from packager.inputs.plugin_folder import PluginFolder

_COMMENT = re.compile(r"#\s*packager:\s*ignore\[([a-z0-9\s,-]*)\]")
_SUFFIXES = (".py", ".yaml", ".yml", ".toml", ".txt")


def drop_ignored(diagnostics: Diagnostics, folders: Iterable[PluginFolder]) -> None:
    """Take out of `diagnostics` each warning about a line of these folders' files that says so.

    Errors stay, and what would be one in a build.
    """
    lines = _Lines({folder.display: folder.root for folder in folders})
    diagnostics.all = [each for each in diagnostics.all if not _is_ignored(each, lines)]


def _is_ignored(diagnostic: Diagnostic, lines: _Lines) -> bool:
    place = diagnostic.place
    if diagnostic.level == "error" or diagnostic.code in FAILING or not place or not place.line:
        return False
    found = _COMMENT.search(lines.line(place.file, place.line))
    return found is not None and diagnostic.code in re.split(r"[\s,]+", found[1])


class _Lines:
    """Lines of files by the names that messages have for them; each file is read once."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._files: dict[str, list[str]] = {}

    def line(self, file: str, number: int) -> str:
        if file not in self._files:
            self._files[file] = self._read(file)
        lines = self._files[file]
        return lines[number - 1] if number <= len(lines) else ""

    def _read(self, file: str) -> list[str]:
        for display, root in self._folders.items():
            inside = file if display == "." else file.removeprefix(f"{display}/")
            path = root / inside
            if file.endswith(_SUFFIXES) and (inside != file or display == "."):
                try:
                    if path.stat().st_size <= MAX_FILE:
                        return path.read_text("utf-8", "replace").split("\n")
                except (OSError, ValueError):  # such as a name with a null character
                    pass
        return []
