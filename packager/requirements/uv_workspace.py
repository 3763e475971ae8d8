"""Finds uv's workspaces: the root of the one that a project is in, and its members."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.toml_file import read_toml
from packager.paths import is_file, is_folder, real_path

# Folders that all patterns of a workspace may look into, the nearest first; what is beyond is not
# found. A pattern may be of a whole disk, whose folders take some 60 us each.
MAX_FOLDERS = 5_000
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace (uv's documentation, "Using workspaces"): its folder, its root's pyproject.toml,
    and the folders of its members by the names of their projects."""

    root: Path
    pyproject: Mapping[str, Any]
    members: Mapping[str, Path]


def find_workspace(project: Path, *, alone: bool = False) -> Workspace | None:
    """Return the workspace whose root or member the folder `project` is, None if there is none.

    As in uv, the nearest pyproject.toml above a project decides: it has a workspace with it in, or
    the project is in none. With `alone` nothing counts but what is in `project`: a package is
    unpacked anywhere.
    """
    project = real_path(project)
    for folder in (project,) if alone else (project, *project.parents):
        values = _pyproject(folder)
        if values is None:
            continue
        table = values
        for key in ("tool", "uv", "workspace"):
            found = table.get(key)
            table = found if isinstance(found, dict) else {}
        if _has_workspace(values):
            folders = _members(folder, table, alone)
            if folder == project or project in folders:
                return Workspace(folder, values, _by_name([folder, *sorted(folders)]))
        if folder != project:
            return None
    return None


def _has_workspace(values: Mapping[str, Any]) -> bool:
    tool = values.get("tool")
    ours = tool.get("uv") if isinstance(tool, dict) else None
    return isinstance(ours, dict) and isinstance(ours.get("workspace"), dict)


def _members(root: Path, table: Mapping[str, Any], alone: bool) -> set[Path]:
    """Return the folders with a pyproject.toml that the patterns of a workspace mean."""
    disk = _Disk()
    found, excluded = (
        {
            real_path(folder)
            for folder in map(Path, disk.matches(root, table.get(key), alone))
            if is_file(folder / "pyproject.toml")
        }
        for key in ("members", "exclude")
    )
    return found - excluded


class _Disk:
    """Folders as they are found, each looked into once."""

    def __init__(self) -> None:
        self._inner: dict[str, list[tuple[str, bool]]] = {}

    def matches(self, root: Path, globs: object, alone: bool) -> set[str]:
        """Return the folders that the patterns `globs` match, links followed."""
        matched: set[str] = set()
        for glob in globs if isinstance(globs, list) else ():
            parts = Path(glob).parts if isinstance(glob, str) and glob else ()
            leaves = ".." in parts or parts[:1] == ("/",)
            if parts and not (alone and leaves):
                # One part after the other, and each folder once: `**/*/**/*` takes no longer.
                found = {str(root)}
                for part in parts:
                    found = self._matching(found, part)
                matched |= found
        return matched

    def _matching(self, folders: set[str], part: str) -> set[str]:
        """Return what one part of a pattern leads to from `folders`."""
        if part == "**":
            found, pending = set(folders), deque(sorted(folders))
            while pending:
                inner = set(self._folders_in(pending.popleft(), links=False)) - found
                found |= inner
                pending += sorted(inner)
            return found
        if _WILD.search(part):
            return {
                inner
                for each in folders
                for inner in self._folders_in(each)
                if fnmatchcase(inner.rpartition("/")[2], part)
            }
        return {str(path) for each in folders if is_folder(path := Path(each, part))}

    def _folders_in(self, folder: str, *, links: bool = True) -> list[str]:
        if folder not in self._inner and len(self._inner) < MAX_FOLDERS:
            self._inner[folder] = _scanned(folder)
        return [path for path, is_link in self._inner.get(folder, ()) if links or not is_link]


def _scanned(folder: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            return [(each.path, each.is_symlink()) for each in entries if each.is_dir()]
    except (OSError, ValueError):
        return []


def _by_name(folders: list[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        project = (_pyproject(folder) or {}).get("project")
        name = project.get("name") if isinstance(project, dict) else None
        if isinstance(name, str):
            found.setdefault(canonicalize_name(name), folder)
    return found


def _pyproject(folder: Path) -> Mapping[str, Any] | None:
    """Return what a pyproject.toml holds; a broken one is uv's to complain of."""
    table = read_toml(folder, str(folder), "pyproject.toml", Diagnostics())
    return table.values if table else None
