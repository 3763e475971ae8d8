"""Finds the files that a plugin's descriptions refer to, and keeps them inside the plugin."""

from __future__ import annotations

import difflib
import posixpath
import re
import stat
from collections.abc import Iterator
from dataclasses import field
from functools import cached_property
from pathlib import Path, PurePosixPath

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.folder_tree import Entry, FolderTree
from packager.inputs.yaml_fields import expect_text
from packager.inputs.yaml_tree import YamlValue
from packager.paths import is_file, is_folder, is_inside, unseen

_DRIVE = re.compile(r"[A-Za-z]:")
# Never a plugin's own: version control, caches, environments, packages of another world.
_SKIPPED = {"__pycache__", "node_modules", "__pypackages__"}
MAX_FILES = 50_000  # what is looked at for suggestions and sources
MAX_DEPTH = 100  # folders inside each other; real plugins have a handful
_MAX_SUGGESTIONS = 50  # of one folder: to look for what was meant takes time
_MAX_NAME = 200  # characters of a path that something near is looked for


@dataclass(frozen=True)
class PluginFolder:
    """A plugin's folder, and how messages name it."""

    root: Path
    display: str
    # What was found for suggestions: files by suffixes, and how often it was looked for.
    _known: dict[tuple[str, ...], tuple[str, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _looked: list[str] = field(default_factory=list, repr=False, compare=False)

    @cached_property
    def tree(self) -> FolderTree:
        """What lies in it."""
        return FolderTree(self.root)

    def display_of(self, path: str) -> str:
        """Return how messages name the plugin's file `path`."""
        return str(PurePosixPath(self.display) / path)

    def files(self, suffixes: tuple[str, ...]) -> Iterator[str]:
        """Yield the paths of the plugin's own regular files that end so, a folder after the other.

        Links to folders are not followed, and `MAX_FILES` are looked at.
        """
        seen = 0
        pending = [self.root]
        while pending:
            folder = pending.pop()
            inner = []
            deep = len(folder.relative_to(self.root).parts) >= MAX_DEPTH
            for entry in self._entries(folder):
                if entry.is_folder:
                    if not deep and self._is_own(entry):
                        inner.append(entry.path)
                    continue
                seen += 1
                if seen > MAX_FILES:
                    return
                is_meant = entry.name.endswith(suffixes) and entry.kind == stat.S_IFREG
                if is_meant and (not entry.is_link or self.holds(entry.path)):
                    yield entry.path.relative_to(self.root).as_posix()
            pending += reversed(inner)

    def _entries(self, folder: Path) -> tuple[Entry, ...]:
        try:
            return self.tree.entries(folder)
        except OSError:
            return ()

    def _is_own(self, folder: Entry) -> bool:
        """Whether a folder holds what is the plugin's own.

        An environment does not, nor what `packager build` wrote bundles into: an output folder
        inside the plugin must not go into the next bundle, nor its dependencies be read.
        """
        if folder.is_link or folder.name in _SKIPPED or folder.name.startswith("."):
            return False
        return not folder.is_environment and not self.tree.holds_bundles(folder.path)

    def holds(self, path: Path) -> bool:
        """Return whether `path` lies inside the folder, links followed."""
        return is_inside(path, self.root)

    def resolve(
        self,
        reference: YamlValue,
        diagnostics: Diagnostics,
        *,
        what: str,
        suffixes: tuple[str, ...],
    ) -> str | None:
        """Return the path of the file that `reference` names, relative to the root, posix.

        References count from the plugin's root, wherever they are written, as they do in the SDK.
        None after a fault: not text, outside of the plugin, no file, or not one of `suffixes`.
        """
        written = expect_text(reference, diagnostics, what)
        if written is None:
            return None
        path = self._inside(written)
        if path is None:
            diagnostics.error(
                "outside-plugin",
                f"{written} lies outside the plugin; expected {what}, relative to its folder",
                reference.place,
                key=reference.key,
            )
            return None
        if not self._is_file(path) and self._is_file(path + suffixes[0]):
            path += suffixes[0]  # the SDK finds a module that is named without its suffix
        if not self._is_file(path):
            thing = "only a folder" if is_folder(self.root / path) else "no file"
            problem = f"there is {thing} {written}{unseen(self.root / path)}; expected {what}"
        elif not self.holds(self.root / path):
            problem = f"{written} is a link that leaves the plugin; expected {what}"
        elif not path.endswith(suffixes):
            problem = f"expected {what}, not {written}"
        else:
            return path
        diagnostics.error(
            "missing-file",
            problem,
            reference.place,
            key=reference.key,
            hint=self._suggestion(path, suffixes),
        )
        return None

    def _is_file(self, path: str) -> bool:
        return is_file(self.root / path)

    def _inside(self, written: str) -> str | None:
        # A backslash separates folders where plugins are written on Windows.
        slashed = written if self._is_file(written) else written.replace("\\", "/")
        if slashed.startswith("/") or _DRIVE.match(slashed) or "\0" in slashed:
            return None
        path = posixpath.normpath(slashed)
        return None if path == ".." or path.startswith("../") else path

    def _suggestion(self, path: str, suffixes: tuple[str, ...]) -> str | None:
        if len(path) > _MAX_NAME or len(self._looked) >= _MAX_SUGGESTIONS:
            return None
        self._looked.append(path)
        if suffixes not in self._known:
            self._known[suffixes] = tuple(self.files(suffixes))
        files = self._known[suffixes]
        name = PurePosixPath(path).name
        stem = PurePosixPath(path).stem
        for same in (
            [file for file in files if file.lower() == path.lower()],
            [file for file in files if PurePosixPath(file).name == name],
            [file for file in files if PurePosixPath(file).stem == stem],
            difflib.get_close_matches(path, files, 1),
        ):
            if same:
                return f"did you mean {same[0]}?"
        return None
