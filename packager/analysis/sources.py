"""The Python files of a plugin, each analysed once for every interpreter that reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from packager.analysis.facts import SourceFacts, analyse_sources
from packager.dataclass import dataclass
from packager.host.interpreter import find_interpreter, newest_supported
from packager.model.steps import step


@dataclass(frozen=True, slots=True)
class Reader:
    """An interpreter whose grammar is used, and its version: `3.13`."""

    path: Path
    python: str


def reader_of(python: str) -> Reader:
    """Return the interpreter whose grammar is used for the version `python`: that, or the nearest.

    Where the very version is missing, the newest there is: what it can't read, nothing older can.
    """
    found = find_interpreter(python) or newest_supported()
    here = (sys.version_info.major, sys.version_info.minor)
    if found is not None and (found.python == python or found.version[:2] >= here):
        return Reader(found.path, found.python)
    return Reader(Path(sys.executable), ".".join(map(str, here)))


class PluginSources:
    """The Python files of the plugin in `root`: `files`, posix paths, are asked for once."""

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        self._root = root
        self._files = files
        self._facts: dict[Path, Mapping[str, SourceFacts]] = {}

    def facts(self, python: str) -> Mapping[str, SourceFacts]:
        """Return the facts of every file, read as functions on `python` will read them.

        Raises `PackagerError` if the interpreter fails.
        """
        reader = reader_of(python).path
        if reader not in self._facts:
            self._files = tuple(dict.fromkeys(self._files))
            with step("analysing the sources"):
                self._facts[reader] = analyse_sources(self._root, self._files, reader)
        return self._facts[reader]
