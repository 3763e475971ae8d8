"""Reads what a plugin says it depends on: pyproject.toml with uv.lock, or requirements.txt."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.errors import FaultCollector, Place
from packager.requirements_file import Declared, parse_requirement, read_requirements_file
from packager.sdk_set import SDK
from packager.toml_positions import nearest_position, toml_positions


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
    pyproject = root / "pyproject.toml"
    if pyproject.is_file():
        requirements = _from_pyproject(pyproject, display, faults)
        if requirements:
            return requirements
    path = root / "requirements.txt"
    if path.is_file():
        read = read_requirements_file(path, root, display, faults)
        return Requirements(
            root,
            str(Path(display) / path.name),
            tuple(read.declared),
            tuple(read.constraints),
            tuple(read.options),
        )
    return Requirements(root)


def _from_pyproject(path: Path, display: str, faults: FaultCollector) -> Requirements | None:
    file = str(Path(display) / path.name)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        faults.error("the file is not UTF-8 text", Place(file))
        return Requirements(path.parent, file)
    except tomllib.TOMLDecodeError as error:
        position = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        place = Place(file, int(position[1]), int(position[2])) if position else Place(file)
        message = str(error)[: position.start()] if position else str(error)
        faults.error(f"not valid TOML: {message[:1].lower()}{message[1:]}", place)
        return Requirements(path.parent, file)
    project = data.get("project")
    dependencies = project.get("dependencies") if isinstance(project, dict) else None
    if dependencies is None:
        return None
    positions = toml_positions(text.replace("\r\n", "\n"))
    at = ("project", "dependencies")
    if not isinstance(dependencies, list):
        place = Place(file, *(nearest_position(positions, at) or ()))
        faults.error("expected a list of requirements", place, key="project.dependencies")
        return Requirements(path.parent, file)
    declared = []
    for index, item in enumerate(dependencies):
        key = f"project.dependencies[{index}]"
        place = Place(file, *(nearest_position(positions, (*at, index)) or ()))
        if not isinstance(item, str):
            faults.error("expected a requirement as text", place, key=key)
            continue
        read = parse_requirement(item, place, faults)
        if read:
            declared.append(read)
    sources = _table(_table(_table(data, "tool"), "uv"), "sources")
    placed = [_from_source(read, sources.get(_key(sources, read.name)), path) for read in declared]
    locked = (path.parent / "uv.lock").is_file()
    return Requirements(path.parent, file, tuple(placed), locked=locked)


def _from_source(declared: Declared, source: Any, pyproject: Path) -> Declared:
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
        url, local = (pyproject.parent / str(source["path"])).resolve().as_uri(), True
    else:
        return declared  # an index, which uv finds in the pyproject itself
    suffix = f" ;{marker}" if marker else ""
    return Declared(f"{name} @ {url}{suffix}", declared.name, declared.place, local)


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _key(sources: Mapping[str, Any], name: str) -> str:
    return next((key for key in sources if key.lower().replace("_", "-") == name), name)
