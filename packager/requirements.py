"""Reads what a plugin says it depends on: pyproject.toml with uv.lock, or requirements.txt."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packager.config_files import ConfigTable, parse_toml, read_toml
from packager.errors import FaultCollector, Place
from packager.requirements_file import Declared, parse_requirement, read_requirements_file
from packager.sdk_set import SDK


@dataclass(frozen=True, slots=True)
class Requirements:
    """A plugin's declared dependencies. `file` names where they are from, "" if nowhere.

    `options` are index options for uv's command line; `locked` says that a uv.lock lies beside
    the pyproject.toml they are from.
    """

    root: Path
    file: str = ""
    declared: tuple[Declared, ...] = ()
    constraints: tuple[Declared, ...] = ()
    options: tuple[str, ...] = ()
    locked: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The normalised names of what is declared."""
        return frozenset(declared.name for declared in self.declared)

    @property
    def without_sdk(self) -> tuple[Declared, ...]:
        """What is declared but for `dify_plugin`."""
        return tuple(declared for declared in self.declared if declared.name != SDK)

    @property
    def has_paths(self) -> bool:
        """Whether something here is a path, whose contents may change while its name stays."""
        lines = (*self.declared, *self.constraints)
        return any(line.local for line in lines) or "--find-links" in self.options

    def place_of(self, name: str) -> Place | None:
        """Give where the distribution `name` is declared, None if it is not."""
        return next((line.place for line in self.declared if line.name == name), None)


def read_requirements(root: Path, display: str, faults: FaultCollector) -> Requirements:
    """Read the dependencies of the plugin in `root`, which messages call `display`.

    A pyproject.toml counts where it has `[project].dependencies`, as in Dify; else it is
    requirements.txt, else there are none. What can't be read is an error in `faults`.
    """
    text_file = root / "requirements.txt"
    text_display = str(PurePosixPath(display) / text_file.name)
    pyproject = read_toml(root, display, "pyproject.toml", faults)
    if pyproject:
        requirements = _from_pyproject(root, display, pyproject, faults)
        if requirements:
            return requirements
    if text_file.is_file() and _is_inside(text_file, root):
        read = read_requirements_file(text_file, root, display, faults)
        return Requirements(
            root, text_display, tuple(read.declared), tuple(read.constraints), tuple(read.options)
        )
    if os.path.lexists(text_file):
        faults.error("is no file of the plugin", Place(text_display))
    elif pyproject:
        _warn_of_others(pyproject, faults)
    return Requirements(root)


def _is_inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _warn_of_others(pyproject: ConfigTable, faults: FaultCollector) -> None:
    """Note dependencies that are said in a way which is not read, where no other says them."""
    project = _table(pyproject.values, "project")
    poetry = _table(_table(pyproject.values, "tool"), "poetry")
    for found, path in (
        (_lists(project.get("dynamic"), "dependencies"), ("project", "dynamic")),
        ("dependencies" in poetry, ("tool", "poetry", "dependencies")),
    ):
        if found:
            faults.warn(
                "dependencies said in this way are not read, and none are installed",
                pyproject.place(path),
                key=".".join(path),
                hint="list them under project.dependencies, or in a requirements.txt",
            )


def _from_pyproject(
    root: Path, display: str, pyproject: ConfigTable, faults: FaultCollector
) -> Requirements | None:
    file = pyproject.file
    dependencies = _table(pyproject.values, "project").get("dependencies")
    if dependencies is None:
        return None
    at = ("project", "dependencies")
    if not isinstance(dependencies, list):
        faults.error(
            "expected a list of requirements", pyproject.place(at), key="project.dependencies"
        )
        return Requirements(root, file)
    declared = []
    for index, item in enumerate(dependencies):
        key = f"project.dependencies[{index}]"
        place = pyproject.place((*at, index))
        if not isinstance(item, str):
            faults.error("expected a requirement as text", place, key=key)
            continue
        read = parse_requirement(item, place, faults)
        if read:
            declared.append(read)
    sources = _table(_table(_table(pyproject.values, "tool"), "uv"), "sources")
    placed = [_from_source(read, sources.get(_key(sources, read.name)), root) for read in declared]
    locked = _is_locked(root, display, faults)
    return Requirements(root, file, tuple(placed), locked=locked)


def _is_locked(root: Path, display: str, faults: FaultCollector) -> bool:
    """Tell whether there is a uv.lock; what is in it is uv's to say, if it is a lock at all."""
    path = root / "uv.lock"
    file = str(PurePosixPath(display) / path.name)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        faults.error(f"can't be read: {error.strerror}", Place(file))
        return True
    lock = parse_toml(content, file, faults)
    if lock is not None and "version" not in lock:
        hint = "make it anew with `uv lock`, or remove it"
        faults.error("is no lock file of uv's: it has no version", Place(file), hint=hint)
    return True


def _from_source(declared: Declared, source: Any, root: Path) -> Declared:
    """Apply `[tool.uv.sources]` (uv's documentation, "Dependency sources") to one requirement."""
    if not isinstance(source, dict):
        return declared
    head, _, marker = declared.text.partition(";")
    matched = re.match(r"\s*[\w.-]+\s*(\[[^\]]*\])?", head)
    name = re.sub(r"\s", "", matched[0]) if matched else declared.name
    subdirectory = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
    local = False
    if "git" in source:
        revision = next((source[key] for key in ("rev", "tag", "branch") if key in source), None)
        url = f"git+{source['git']}{f'@{revision}' if revision else ''}{subdirectory}"
    elif "url" in source:
        url = f"{source['url']}{subdirectory}"
    elif "path" in source:
        url, local = (root / str(source["path"])).resolve().as_uri(), True
    else:
        return declared  # an index, which uv finds in the pyproject itself
    suffix = f" ;{marker}" if marker else ""
    return Declared(f"{name} @ {url}{suffix}", declared.name, declared.place, local)


def _lists(value: object, item: str) -> bool:
    return isinstance(value, list) and item in value


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _key(sources: Mapping[str, Any], name: str) -> str:
    return next((key for key in sources if key.lower().replace("_", "-") == name), name)
