"""Reads what Poetry and Pipenv call dependencies, where nothing else states any.

The tool itself exports what it locked, where it is installed. Else its tables are converted, with
the versions of its lock, and a warning lists what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from packager.errors import Diagnostics, Place
from packager.formatting import counted
from packager.inputs.toml_file import ConfigTable
from packager.paths import real_path
from packager.requirements.foreign.export import exported
from packager.requirements.foreign.locks import locked_versions
from packager.requirements.foreign.project import (
    ForeignProject,
    Indexes,
    foreign_project,
    read_indexes,
)
from packager.requirements.foreign.specifiers import Unconverted, local_path, specifiers, titled
from packager.requirements.requirements import Requirements
from packager.requirements.requirements_txt import Declared, parse_requirement, read_lines
from packager.requirements.rules import RequirementRules

_SHOWN = 20


def read_foreign(
    root: Path,
    display: str,
    pyproject: ConfigTable | None,
    diagnostics: Diagnostics,
    rules: RequirementRules,
) -> Requirements | None:
    """Return the dependencies of Poetry's table or of a Pipfile, where nothing else states any.

    None where there is neither. What can't be converted is an error.
    """
    project = foreign_project(root, display, pyproject, diagnostics)
    if project is None:
        return None
    lock = Place(str(PurePosixPath(display) / project.lock))
    export = exported(project, root)
    problem = export.problem
    indexes = read_indexes(project, diagnostics, rules)
    if export.text is not None:
        lines = read_lines(export.text, lock, root, diagnostics, rules)
        found = _named(project, lines, indexes)
        lacking = _lacking(project, found)
        if not lacking:
            others = tuple(line for line in lines if line.name not in found)
            declared = tuple(each for own in found.values() for each in own)
            return Requirements(
                root,
                project.table.file,
                declared,
                others,
                options=indexes.options,
                indexes=indexes.named,
            )
        problem = f"{project.lock} lacks {', '.join(lacking)}: `{project.tool} lock` adds it"
    declared = tuple(_converted(project, root, indexes, diagnostics, rules))
    pins = locked_versions(project, root, display, diagnostics)
    _warn(project, declared, pins, problem, diagnostics)
    constraints = tuple(
        Declared(f"{name}=={version}", canonicalize_name(name), lock)
        for name, version in pins.items()
    )
    return Requirements(
        root,
        project.table.file,
        declared,
        constraints,
        options=indexes.options,
        indexes=indexes.named,
    )


def _named(
    project: ForeignProject, lines: list[Declared], indexes: Indexes
) -> Mapping[str, list[Declared]]:
    """Return those of the exported `lines` that the project names itself, by name: at their place
    in its table, with the extras that it asks for, as what these bring is exported without them."""
    own: dict[str, str] = {canonicalize_name(name): name for name in project.dependencies}
    found: dict[str, list[Declared]] = {}
    for line in lines:
        if line.name not in own:
            continue
        value = project.dependencies[own[line.name]]
        values = value if isinstance(value, list) else [value]
        try:
            requirement = Parsed(line.text)
        except InvalidRequirement:
            requirement = None
        if requirement is not None:
            for each in values:
                requirement.extras |= Parsed(titled("x", each)).extras
        text = str(requirement) if requirement is not None else line.text
        place = project.table.place((*project.path, own[line.name]))
        index = next((name for name in map(indexes.of, values) if name), "")
        made = replace(line, text=text, place=place, index=index)
        found.setdefault(line.name, []).append(made)
    return found


def _lacking(project: ForeignProject, found: Mapping[str, object]) -> list[str]:
    """Return what a lock of Pipenv's does not have, as it is exported however old it is; Poetry
    refuses that, and leaves out what is optional or for other Pythons."""
    if project.tool == "poetry":
        return []
    return [name for name in project.dependencies if canonicalize_name(name) not in found]


def _converted(
    project: ForeignProject,
    root: Path,
    indexes: Indexes,
    diagnostics: Diagnostics,
    rules: RequirementRules,
) -> list[Declared]:
    """Return the dependencies of `project` in pip's form; what has none is an error."""
    declared: list[Declared] = []
    for name, value in project.dependencies.items():
        path = (*project.path, name)
        place = project.table.place(path)
        if local_path(value) is not None:
            declared += _local(name, value, root, place, diagnostics, rules)
            continue
        try:
            lines = list(specifiers(name, value))
        except Unconverted as problem:
            diagnostics.error(
                "invalid-requirement",
                f"{name}: {problem}",
                place,
                key=project.table.key(path),
                hint=f"export the requirements: {project.by_hand}",
            )
            continue
        for line in lines:
            filled = rules.expand(line, place)
            read = parse_requirement(filled, place, diagnostics, rules) if filled else None
            declared += [replace(read, index=indexes.of(value))] if read else []
    return declared


def _local(
    name: str,
    value: object,
    root: Path,
    place: Place,
    diagnostics: Diagnostics,
    rules: RequirementRules,
) -> list[Declared]:
    """Return the dependency on a folder or a file of this disk; none where it can't be used."""
    written = local_path(value) or ""
    if isinstance(value, dict) and value.get("optional") is True:
        return []
    path = real_path(root / written)
    if path == real_path(root):
        diagnostics.warn(
            "ignored-requirement", "the plugin itself is not a dependency: left out", place
        )
        return []
    if not rules.path(path, written, place):
        return []
    read = parse_requirement(f"{titled(name, value)} @ {path.as_uri()}", place, diagnostics, rules)
    return [replace(read, local=True, written=written)] if read else []


def _warn(
    project: ForeignProject,
    declared: tuple[Declared, ...],
    pins: Mapping[str, str],
    problem: str,
    diagnostics: Diagnostics,
) -> None:
    listed = [each.title if each.local else each.text for each in declared]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    found = f", {counted(len(pins), 'version')} from {project.lock}" if pins else ""
    why = f"{problem}; " if problem else ""
    diagnostics.warn(
        "converted-requirements",
        f"read as: {', '.join(listed[:_SHOWN]) or 'nothing'}{more}{found}",
        project.table.place(project.path),
        key=project.table.key(project.path),
        hint=f"{why}what is in a requirements.txt is not converted: {project.by_hand}",
    )
