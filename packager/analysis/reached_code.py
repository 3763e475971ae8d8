"""What endpoints run of a plugin's Python files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from packager.analysis.facts import SourceFacts, imported_for_certain, reachable
from packager.dataclass import dataclass
from packager.inputs.plugin_folder import PluginFolder


@dataclass(frozen=True, slots=True)
class ReachedCode:
    """The files that endpoints may run, `reached`, and those that they run whatever happens.

    Where an import in one of the `certain` ones fails, an endpoint can't be loaded. `facts` are of
    all Python files of the plugin, or all that ship.
    """

    folder: PluginFolder
    facts: Mapping[str, SourceFacts]
    reached: frozenset[str]
    certain: frozenset[str]

    @property
    def names(self) -> set[str]:
        """Every name of a file or folder that a module may have."""
        files = (PurePosixPath(file) for file in self.facts)
        return {part.removesuffix(".py") for file in files for part in file.parts}

    @property
    def top_names(self) -> set[str]:
        """The names of files and folders at the root, which is on sys.path."""
        return {PurePosixPath(file).parts[0].removesuffix(".py") for file in self.facts}


def reached_from(
    start: Iterable[str], folder: PluginFolder, facts: Mapping[str, SourceFacts]
) -> ReachedCode:
    """Return what importing the files `start` runs."""
    start = list(start)
    certain = imported_for_certain(facts, start)
    return ReachedCode(folder, facts, frozenset(reachable(facts, start)), frozenset(certain))
