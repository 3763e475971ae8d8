"""What lies in a plugin's folder: every folder in it is listed once, when it is first asked for."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from pathlib import Path

from packager.contract import LITERALS
from packager.inputs.default_exclusions import folder_size, is_environment
from packager.paths import exists, real_path


class Entry:
    """One thing in a folder. What is asked of it is looked up once."""

    def __init__(self, path: Path, found: os.DirEntry[str]) -> None:
        self.path = path
        self.name = found.name
        self.is_link = found.is_symlink()
        self._found = found

    @cached_property
    def kind(self) -> int | None:
        """What it is, links followed, as `stat.S_IFMT` says it; None if that can't be seen."""
        try:
            return stat.S_IFMT(self.path.stat().st_mode)
        except OSError:
            return None

    @cached_property
    def is_folder(self) -> bool:
        """Whether it is a folder, links followed."""
        try:
            return self._found.is_dir()
        except OSError:  # a link to itself
            return False

    @cached_property
    def real(self) -> Path:
        """Where it really lies."""
        return real_path(self.path)

    @cached_property
    def is_environment(self) -> bool:
        """Whether it is a virtual environment (PEP 405) or conda's."""
        return is_environment(self.path)


class FolderTree:
    """The plugin's folder `root` and what is in it, as it was when it was first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._entries: dict[Path, tuple[Entry, ...]] = {}
        self._bundles: dict[Path, bool] = {}
        self._sizes: dict[str, tuple[int, bool]] = {}

    def entries(self, folder: Path) -> tuple[Entry, ...]:
        """Return what is in a folder, sorted by name; raise OSError if that can't be read."""
        if folder not in self._entries:
            with os.scandir(folder) as found:
                entries = [Entry(folder / each.name, each) for each in found]
            entries.sort(key=lambda entry: entry.name)
            self._entries[folder] = tuple(entries)
        return self._entries[folder]

    def holds_bundles(self, folder: Path) -> bool:
        """Return whether a folder is a bundle, or has one right in it."""
        if folder not in self._bundles:
            self._bundles[folder] = exists(folder / LITERALS) or self._has_bundle(folder)
        return self._bundles[folder]

    def _has_bundle(self, folder: Path) -> bool:
        try:
            entries = self.entries(folder)
        except OSError:
            return False
        return any(exists(entry.path / LITERALS) for entry in entries if entry.is_folder)

    def size(self, path: str) -> tuple[int, bool]:
        """Return the bytes of the files in the folder `path`, and whether those are all of them."""
        if path not in self._sizes:
            self._sizes[path] = folder_size(self.root / path)
        return self._sizes[path]
