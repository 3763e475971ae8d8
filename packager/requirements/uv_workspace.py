"""Finds uv's workspaces: the root of the one that a project is in, and its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from packager.config.files import read_toml
from packager.errors import FaultCollector
from packager.paths import is_file, real_path


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace (uv's documentation, "Using workspaces"): its folder, its root's pyproject.toml,
    and the folders of its members by the names of their projects."""

    root: Path
    pyproject: Mapping[str, Any]
    members: Mapping[str, Path]


def find_workspace(project: Path) -> Workspace | None:
    """Return the workspace whose root or member the folder `project` is, None if there is none.

    As in uv, the nearest pyproject.toml above a project decides: it has a workspace with it in, or
    the project is in none.
    """
    project = real_path(project)
    for folder in (project, *project.parents):
        values = _pyproject(folder)
        if values is None:
            continue
        table = values
        for key in ("tool", "uv", "workspace"):
            found = table.get(key)
            table = found if isinstance(found, dict) else {}
        if _has_workspace(values):
            folders = set(_members(folder, table))
            if folder == project or project in folders:
                return Workspace(folder, values, _by_name([folder, *sorted(folders)]))
        if folder != project:
            return None
    return None


def _has_workspace(values: Mapping[str, Any]) -> bool:
    tool = values.get("tool")
    ours = tool.get("uv") if isinstance(tool, dict) else None
    return isinstance(ours, dict) and isinstance(ours.get("workspace"), dict)


def _members(root: Path, table: Mapping[str, Any]) -> Iterator[Path]:
    excluded = {real_path(found) for found in _matches(root, table.get("exclude"))}
    for found in _matches(root, table.get("members")):
        folder = real_path(found)
        if is_file(folder / "pyproject.toml") and folder not in excluded:
            yield folder


def _matches(root: Path, globs: object) -> Iterator[Path]:
    """Yield what the patterns `globs` match; those that can't be followed are uv's to refuse."""
    for glob in globs if isinstance(globs, list) else ():
        if isinstance(glob, str) and glob:
            above = Path(root, *[part for part in Path(glob).parts if part == ".."])
            inner = "/".join(part for part in Path(glob).parts if part not in ("..", "."))
            with suppress(OSError, ValueError, RuntimeError):  # the last for very many parts
                yield from above.glob(inner) if inner else (root,)


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
    table = read_toml(folder, str(folder), "pyproject.toml", FaultCollector())
    return table.values if table else None
