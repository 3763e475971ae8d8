"""What a project of Poetry's or Pipenv's states: its dependencies, its lock, its indexes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.toml_file import ConfigTable, read_toml
from packager.inputs.toml_positions import KeyPath
from packager.requirements.rules import RequirementRules

_PYPI = ("pypi.org", "pypi.python.org")


@dataclass(frozen=True, slots=True)
class ForeignProject:
    """`dependencies` are at `path` of `table`, by name; `by_hand` is the command that exports them
    where packager can't run the tool itself."""

    tool: Literal["poetry", "pipenv"]
    table: ConfigTable
    path: KeyPath
    dependencies: Mapping[str, Any]
    lock: str
    by_hand: str


def foreign_project(
    root: Path, display: str, pyproject: ConfigTable | None, diagnostics: Diagnostics
) -> ForeignProject | None:
    """Return the project in `root` that Poetry's table or a Pipfile describes, None if none does.

    `pyproject` is its pyproject.toml, if there is one. What can't be read is an error in
    `diagnostics`.
    """
    path = ("tool", "poetry", "dependencies")
    dependencies = value_at(pyproject.values, *path) if pyproject else None
    if pyproject and isinstance(dependencies, dict):
        wanted = {name: each for name, each in dependencies.items() if name != "python"}
        export = "poetry export -o requirements.txt"
        return ForeignProject("poetry", pyproject, path, wanted, "poetry.lock", export)
    pipfile = read_toml(root, display, "Pipfile", diagnostics)
    packages = pipfile.values.get("packages") if pipfile else None
    if pipfile is None or not isinstance(packages, dict):
        return None
    export = "pipenv requirements > requirements.txt"
    return ForeignProject("pipenv", pipfile, ("packages",), packages, "Pipfile.lock", export)


def value_at(table: Mapping[str, Any], *keys: str) -> object:
    """Return what is in `table` below `keys`, None if there is nothing."""
    value: object = table
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@dataclass(frozen=True, slots=True)
class Indexes:
    """Where a project gets packages from besides PyPI: `options` hold for all of its dependencies,
    `named` are tables as uv has them, for those that name one."""

    options: tuple[str, ...] = ()
    named: tuple[Mapping[str, Any], ...] = ()

    def of(self, value: object) -> str:
        """Return the name of the only index that a dependency's table allows, "" for any."""
        name = value.get("source", value.get("index")) if isinstance(value, dict) else None
        return next((str(each["name"]) for each in self.named if each["name"] == name), "")


def read_indexes(
    project: ForeignProject, diagnostics: Diagnostics, rules: RequirementRules
) -> Indexes:
    """Return the indexes of `project`; PyPI is not one, as the user's own index stands for it.

    Of Poetry's sources the explicit ones, and of a Pipfile's all but the first, are for the
    dependencies that name them alone.
    """
    options: list[str] = []
    named: list[Mapping[str, Any]] = []
    poetry = project.tool == "poetry"
    at = ("tool", "poetry", "source") if poetry else ("source",)
    sources = value_at(project.table.values, *at)
    for number, source in enumerate(sources if isinstance(sources, list) else ()):
        if not isinstance(source, dict) or not isinstance(source.get("url"), str):
            continue  # Poetry's own name for PyPI has no address
        place = project.table.place((*at, number, "url"))
        url = rules.expand(source["url"], place)
        if url is None or rules.source(url, place) is None or urlsplit(url).hostname in _PYPI:
            continue
        name = source.get("name")
        if source.get("priority") == "explicit" if poetry else number > 0:
            named += [{"name": name, "url": url, "explicit": True}] if isinstance(name, str) else []
        else:
            replaces = not poetry or source.get("default") is True
            options += ["--index-url" if replaces else "--extra-index-url", url]
    return Indexes(tuple(options), tuple(named))
