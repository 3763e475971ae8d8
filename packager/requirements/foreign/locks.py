"""Reads the versions that Poetry's and Pipenv's locks chose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from packager.errors import Diagnostics, Place
from packager.inputs.bounded_file import read_bounded
from packager.inputs.toml_file import read_toml
from packager.paths import is_file, is_inside
from packager.requirements.foreign.project import ForeignProject, value_at
from packager.requirements.foreign.specifiers import MAX_VERSION


def locked_versions(
    project: ForeignProject, root: Path, display: str, diagnostics: Diagnostics
) -> dict[str, str]:
    """Return the versions that the lock of `project` has, by normalised name; none without a lock.

    What can't be read is an error in `diagnostics`.
    """
    if project.tool == "poetry":
        return _of_poetry(root, display, diagnostics)
    return _of_pipenv(root, display, diagnostics)


def _of_poetry(root: Path, display: str, diagnostics: Diagnostics) -> dict[str, str]:
    table = read_toml(root, display, "poetry.lock", diagnostics)
    packages = table.values.get("package") if table else None
    return _without_twins(
        (each.get("name"), each.get("version"))
        for each in (packages if isinstance(packages, list) else ())
        if isinstance(each, dict) and "source" not in each
    )


def _of_pipenv(root: Path, display: str, diagnostics: Diagnostics) -> dict[str, str]:
    path = root / "Pipfile.lock"
    file = str(PurePosixPath(display) / path.name)
    if not is_file(path) or not is_inside(path, root):
        return {}
    content = read_bounded(path, file, diagnostics)
    try:
        lock = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        hint = "make it again with `pipenv lock`, or remove it"
        diagnostics.error("invalid-lock", "is not valid JSON", Place(file), hint=hint)
        return {}
    packages = value_at(lock, "default") if isinstance(lock, dict) else None
    return _without_twins(
        (name, each["version"].removeprefix("=="))
        for name, each in (packages.items() if isinstance(packages, dict) else ())
        if isinstance(each, dict) and isinstance(each.get("version"), str)
    )


def _without_twins(pairs: Iterable[tuple[object, object]]) -> dict[str, str]:
    """Return versions by name, without the names that have several, one for each platform."""
    found: dict[str, set[str]] = {}
    for name, version in pairs:
        if (
            isinstance(name, str)
            and isinstance(version, str)
            and re.fullmatch(rf"[\w.!+-]{{1,{MAX_VERSION}}}", version)
        ):
            found.setdefault(canonicalize_name(name), set()).add(version)
    return {name: next(iter(each)) for name, each in found.items() if len(each) == 1}
