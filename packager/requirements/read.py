"""Reads what a plugin says it depends on: pyproject.toml with uv.lock, or requirements.txt."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from packager.errors import Diagnostics, Place
from packager.inputs.toml_file import ConfigTable, parse_toml, read_toml
from packager.model.permissions import Permissions, SourcePolicy
from packager.paths import is_file, is_inside, real_path, unseen
from packager.requirements.requirements import Requirements
from packager.requirements.requirements_txt import (
    parse_requirement,
    read_requirements_file,
)
from packager.requirements.rules import RequirementRules
from packager.requirements.uv_config import UvConfig, read_uv_config
from packager.requirements.uv_sources import apply_sources
from packager.requirements.uv_workspace import Workspace, find_workspace


def read_requirements(
    root: Path,
    display: str,
    diagnostics: Diagnostics,
    *,
    package: bool = False,
    permissions: Permissions | None = None,
) -> Requirements:
    """Read the dependencies of the plugin in `root`, which messages call `display`.

    A pyproject.toml counts where it has `[project].dependencies`, as in Dify; else it is
    requirements.txt, else Poetry's or Pipenv's, else there are none. What can't be read is an error
    in `diagnostics`, and so is what a plugin (a `package`, or a folder) may not ask for without
    `permissions`; those are None where nothing will be built.
    """
    rules = RequirementRules(root, package, permissions, diagnostics)
    found = _read(root, display, diagnostics, rules)
    policy = (permissions or Permissions()).policy(package=package)
    if permissions is not None:
        _refuse_sources(found, policy, diagnostics)
    return replace(
        found,
        policy=policy,
        expanded=rules.expanded,
        allowed=permissions.variables if permissions else frozenset(),
        uv=read_uv_config(root, display, diagnostics, rules) if permissions else UvConfig(),
    )


def _refuse_sources(found: Requirements, policy: SourcePolicy, diagnostics: Diagnostics) -> None:
    """Note each path and address of source that would have to be built and may not be."""
    if policy.mode != "refuse" and policy.named:
        return
    for line in found.declared:
        if line.is_source:
            what = "a folder or an archive of source" if line.local else "the address of source"
            diagnostics.error(
                "source-build",
                f"{line.title} is {what}: building it would run its code"
                + ("" if policy.mode == "refuse" else ", which a package may not bring along"),
                line.place,
                hint="--source-builds=isolated builds it without your environment, and without "
                "network where this machine can (docs/security.md)",
            )


def _read(
    root: Path, display: str, diagnostics: Diagnostics, rules: RequirementRules
) -> Requirements:
    text_file = root / "requirements.txt"
    text_display = str(PurePosixPath(display) / text_file.name)
    pyproject = read_toml(root, display, "pyproject.toml", diagnostics)
    if pyproject:
        requirements = _from_pyproject(root, display, pyproject, diagnostics, rules)
        if requirements:
            return requirements
    if is_file(text_file) and is_inside(text_file, root):
        read = read_requirements_file(text_file, root, display, diagnostics, rules)
        return Requirements(
            root,
            text_display,
            tuple(read.declared),
            tuple(read.constraints),
            tuple(read.options),
            require_hashes=read.require_hashes or _asked_by_environment(),
        )
    if os.path.lexists(text_file):
        diagnostics.error(
            "unreadable-file",
            f"is not a file of the plugin{unseen(text_file)}",
            Place(text_display),
        )
    else:
        from packager.requirements.foreign.read import read_foreign  # which few plugins need

        foreign = read_foreign(root, display, pyproject, diagnostics, rules)
        if foreign is not None:
            return replace(foreign, require_hashes=_asked_by_environment())
        if pyproject:
            _warn_of_dynamic(pyproject, diagnostics)
    return Requirements(root)


def _warn_of_dynamic(pyproject: ConfigTable, diagnostics: Diagnostics) -> None:
    """Note dependencies that a project's own build would say, where nothing else does."""
    path = ("project", "dynamic")
    if _lists(_table(pyproject.values, "project").get("dynamic"), "dependencies"):
        diagnostics.warn(
            "ignored-table",
            "dependencies said in this way are not read, and none are installed",
            pyproject.place(path),
            key=".".join(path),
            hint="list them under project.dependencies, or in a requirements.txt",
        )


def _from_pyproject(
    root: Path,
    display: str,
    pyproject: ConfigTable,
    diagnostics: Diagnostics,
    rules: RequirementRules,
) -> Requirements | None:
    file = pyproject.file
    dependencies = _table(pyproject.values, "project").get("dependencies")
    if dependencies is None:
        return None
    at = ("project", "dependencies")
    if not isinstance(dependencies, list):
        diagnostics.error(
            "wrong-type",
            "expected a list of requirements",
            pyproject.place(at),
            key="project.dependencies",
        )
        return Requirements(root, file)
    declared = []
    for index, item in enumerate(dependencies):
        key = f"project.dependencies[{index}]"
        place = pyproject.place((*at, index))
        if not isinstance(item, str):
            diagnostics.error("wrong-type", "expected a requirement as text", place, key=key)
            continue
        expanded = rules.expand(item, place)
        read = (
            parse_requirement(expanded, place, diagnostics, rules) if expanded is not None else None
        )
        if read:
            declared.append(read)
    workspace = find_workspace(root, alone=rules.package)
    placed = [
        made
        for read in declared
        for made in apply_sources(read, pyproject.values, root, workspace, diagnostics, rules)
    ]
    lock, lock_names = _lock_of(root, display, workspace, diagnostics)
    return Requirements(
        root,
        file,
        tuple(placed),
        lock=lock,
        lock_names=lock_names,
        workspace=workspace,
        indexes=_indexes(pyproject, workspace, rules),
        require_hashes=_asked_by_environment(),
    )


def _asked_by_environment() -> Place | None:
    asked = os.environ.get("UV_REQUIRE_HASHES", "").lower() in ("1", "true", "yes", "on", "t", "y")
    return Place("UV_REQUIRE_HASHES") if asked else None


def _indexes(
    pyproject: ConfigTable, workspace: Workspace | None, rules: RequirementRules
) -> tuple[Mapping[str, Any], ...]:
    """Return the indexes that the configuration names, for requirements that are for one alone."""
    found: list[Mapping[str, Any]] = []
    for values in (pyproject.values, workspace.pyproject if workspace else {}):
        indexes = _table(_table(values, "tool"), "uv").get("index")
        for index in indexes if isinstance(indexes, list) else ():
            if isinstance(index, dict) and isinstance(index.get("url"), str):
                place = pyproject.place(("tool", "uv", "index"))
                url = rules.expand(index["url"], place)
                if url is not None and index | {"url": url} not in found:
                    rules.address(url, place)
                    found.append(index | {"url": url})
    return tuple(found)


def _lock_of(
    root: Path, display: str, workspace: Workspace | None, diagnostics: Diagnostics
) -> tuple[str, frozenset[str]]:
    """Return what messages call the uv.lock that holds for the plugin, "" if there is none, and the
    names of the packages in it."""
    if workspace and workspace.root != real_path(root):
        return _lock_in(workspace.root, str(workspace.root / "uv.lock"), diagnostics)
    return _lock_in(root, str(PurePosixPath(display) / "uv.lock"), diagnostics)


def _lock_in(folder: Path, file: str, diagnostics: Diagnostics) -> tuple[str, frozenset[str]]:
    """Return `file` if `folder` has a uv.lock, and the packages' names; what else is in it is uv's
    to say, if it is one."""
    names = frozenset[str]()
    try:
        content = (folder / "uv.lock").read_bytes()
    except FileNotFoundError:
        return "", names
    except OSError as error:
        diagnostics.error("unreadable-file", f"can't be read: {error.strerror}", Place(file))
        return file, names
    lock = parse_toml(content, file, diagnostics)
    if lock is not None and "version" not in lock:
        hint = "make it again with `uv lock`, or remove it"
        diagnostics.error(
            "invalid-lock", "is not a lock file of uv's: it has no version", Place(file), hint=hint
        )
    packages = (lock or {}).get("package")
    if not isinstance(packages, list):
        packages = []  # which uv refuses
    found = (each.get("name") for each in packages if isinstance(each, dict))
    return file, frozenset(name for name in found if isinstance(name, str))


def _lists(value: object, item: str) -> bool:
    return isinstance(value, list) and item in value


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}
