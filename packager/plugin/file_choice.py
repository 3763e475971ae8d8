"""Says which paths in a plugin ship: by its ignore file, the configuration, the defaults."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.default_exclusions import NEVER, default_exclusions
from packager.inputs.gitignore import PatternError, Patterns
from packager.inputs.plugin_folder import PluginFolder
from packager.paths import is_file, unseen

_MAX_IGNORE_FILE = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class FileRules:
    """What decides on a function's files besides the plugin's ignore file and the defaults.

    The globs `include` and `exclude` (gitignore syntax) overrule these, in this order. `needed` are
    files the function can't do without.
    """

    needed: Collection[str] = ()
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    out: Path | None = None  # where bundles are written to, none of which ships


class FileChoice:
    """What the ignore file, the configuration and the defaults say of a path."""

    def __init__(self, folder: PluginFolder, diagnostics: Diagnostics, rules: FileRules) -> None:
        self.folder = folder
        self.diagnostics = diagnostics
        self.needed = frozenset(rules.needed)
        self.default = default_exclusions(folder.root)
        self.include = Patterns(rules.include)
        self.exclude = Patterns(rules.exclude)
        self.named = tuple(glob.lstrip("/") for glob in rules.include)
        self.ignored_by, self.ignore = self._ignore_file(folder.root)
        self.left: list[str] = []

    def place(self, path: str) -> Place:
        """Return how messages name the plugin's file or folder `path`."""
        return Place(self.folder.display_of(path))

    def unreadable(self, path: str, error: OSError) -> None:
        """Note that the file or folder `path` can't be read."""
        self.diagnostics.error(
            "unreadable-file", f"can't be read: {error.strerror}", self.place(path)
        )

    def _ignore_file(self, root: Path) -> tuple[str, Patterns]:
        for name in (".difyignore", ".gitignore"):
            path = root / name
            if is_file(path):
                try:
                    if path.stat().st_size > _MAX_IGNORE_FILE:
                        raise PatternError(f"has more than {_MAX_IGNORE_FILE} bytes")
                    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
                    return name, Patterns(lines)
                except OSError as error:
                    self.unreadable(name, error)
                except PatternError as error:
                    self.diagnostics.error("invalid-ignore-file", str(error), self.place(name))
                break
            if os.path.lexists(path):
                self.diagnostics.error(
                    "unreadable-file", f"is not a file{unseen(path)}", self.place(name)
                )
                break
        return "", Patterns(())

    def asks_for(self, path: str) -> bool:
        """Whether the configuration wants the file `path` whatever else says."""
        return self.include.match(path)

    def enters(self, path: str, *, environment: bool) -> bool:
        """Whether the folder `path`, which may be an `environment`, has to be looked into."""
        if any(each.startswith(f"{path}/") for each in self.needed):
            return True
        if environment or self.default.match(path, folder=True):
            # A glob for files everywhere (`*.bin`) does not mean those of an environment.
            wanted = self.include.match(path, folder=True) or any(
                glob.startswith(f"{path}/") for glob in self.named
            )
            if not wanted:
                self.left.append(path)
            return wanted
        return bool(self.include) or not self.ignore.match(path, folder=True)

    def takes(self, path: str, *, foreign: bool = False) -> bool:
        """Whether the file `path` ships; `foreign` ones are in an environment."""
        if path.rpartition("/")[2] in NEVER or self.exclude.match(path):
            return False
        if self.asks_for(path):
            return True
        default = foreign or self.default.match(path)
        if not default and not self.ignore.match(path):
            return True
        if path in self.needed:
            by = "the packager leaves such files out" if default else f"{self.ignored_by} names it"
            self.diagnostics.warn(
                "kept-file",
                f"{path} is kept: the function needs it, though {by}",
                self.place(path if default else self.ignored_by),
            )
            return True
        return False
