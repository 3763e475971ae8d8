"""Reads what Poetry and Pipenv call dependencies: converted, with a warning that lists them.

What their locks chose is kept, as constraints. Neither tool is run: a lock says the same, and a
plugin from elsewhere must run nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from packager.errors import Diagnostics, Place
from packager.formatting import counted
from packager.inputs.bounded_file import read_bounded
from packager.inputs.toml_file import ConfigTable, read_toml
from packager.inputs.toml_positions import KeyPath
from packager.paths import is_file, is_inside
from packager.requirements.requirements import Requirements
from packager.requirements.requirements_txt import Declared, parse_requirement
from packager.requirements.rules import RequirementRules

_PART = re.compile(r"\s*(?:(\^|~(?!=)|[<>=!~]=?=?)\s*)?([0-9A-Za-z.*+!-]+)\s*")
_SHOWN = 20
_POETRY = ("tool", "poetry", "dependencies")


class _Unconverted(ValueError):
    """What has no form that pip and uv know."""


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
    pins: dict[str, str]
    dependencies = _at(pyproject.values, *_POETRY) if pyproject else None
    if pyproject and isinstance(dependencies, dict):
        table: ConfigTable = pyproject
        path: KeyPath = _POETRY
        dependencies = {name: each for name, each in dependencies.items() if name != "python"}
        lock, pins = "poetry.lock", _poetry_pins(root, display, diagnostics)
        export = "poetry export -o requirements.txt"
    else:
        pipfile = read_toml(root, display, "Pipfile", diagnostics)
        packages = pipfile.values.get("packages") if pipfile else None
        if pipfile is None or not isinstance(packages, dict):
            return None
        table, path, dependencies = pipfile, ("packages",), packages
        lock, pins = "Pipfile.lock", _pipfile_pins(root, display, diagnostics)
        export = "pipenv requirements > requirements.txt"
    declared = []
    for name, value in dependencies.items():
        place = table.place((*path, name))
        try:
            lines = list(_requirements(name, value))
        except _Unconverted as problem:
            diagnostics.error(
                "invalid-requirement",
                f"{name}: {problem}",
                place,
                key=table.key((*path, name)),
                hint=f"export the requirements: {export}",
            )
            continue
        for line in lines:
            read = parse_requirement(line, place, diagnostics, rules)
            declared += [read] if read else []
    listed = [each.text for each in declared]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    found = f", {counted(len(pins), 'version')} from {lock}" if pins else ""
    diagnostics.warn(
        "converted-requirements",
        f"read as: {', '.join(listed[:_SHOWN]) or 'nothing'}{more}{found}",
        table.place(path),
        key=table.key(path),
        hint=f"what is in a requirements.txt is not converted: {export}",
    )
    locked = Place(str(PurePosixPath(display) / lock))
    constraints = tuple(
        Declared(f"{name}=={version}", canonicalize_name(name), locked)
        for name, version in pins.items()
    )
    return Requirements(root, table.file, tuple(declared), constraints)


def _requirements(name: str, value: object) -> Iterator[str]:
    """Yield what `value` says of the distribution `name`, as dependency specifiers."""
    if isinstance(value, list):  # of Poetry: one for each platform, say
        for each in value:
            yield from _requirements(name, each)
        return
    if isinstance(value, str):
        value = {"version": value}
    if not isinstance(value, dict):
        raise _Unconverted("expected a version, or a table with one")
    if value.get("optional") is True:
        return
    if "path" in value or "file" in value:
        raise _Unconverted("a package on this disk can't be converted")
    extras = value.get("extras")
    title = f"{name}[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else name
    markers = " and ".join(_markers(value))
    tail = f" ; {markers}" if markers else ""
    if "git" in value or "url" in value:
        address = f"git+{value['git']}" if "git" in value else str(value["url"])
        revision = next((value[key] for key in ("rev", "ref", "tag", "branch") if key in value), "")
        yield f"{title} @ {address}{f'@{revision}' if revision and 'git' in value else ''}{tail}"
    else:
        yield f"{title}{converted(str(value.get('version', '*')))}{tail}"


def converted(version: str) -> str:
    """Return a constraint of Poetry's or Pipenv's as a version specifier (PEP 440).

    Raises a ValueError for one that has no such form.
    """
    if version.strip() in ("*", ""):
        return ""
    if "|" in version:
        raise _Unconverted(f"alternatives ({version}) can't be converted")
    parts: list[str] = []
    for each in version.split(","):
        at = 0
        while at < len(each):
            found = _PART.match(each, at)
            if found is None:
                raise _Unconverted(f"{version!r} is no version")
            parts += _range(found[1] or "==", found[2])
            at = found.end()
    try:
        SpecifierSet(",".join(parts))
    except InvalidSpecifier:
        raise _Unconverted(f"{version!r} is no version") from None
    return ",".join(parts)


def _range(operator: str, version: str) -> list[str]:
    if operator not in ("^", "~"):
        return [f"{'==' if operator == '=' else operator}{version}"]
    digits = [int(part) for part in re.findall(r"\d+", re.split(r"[a-zA-Z+-]", version)[0])]
    if not digits:
        raise _Unconverted(f"{version!r} is no version")
    if operator == "~":
        last = min(1, len(digits) - 1)
    else:  # up to the first number that is not 0
        last = next((n for n, digit in enumerate(digits) if digit), len(digits) - 1)
    upper = [*digits[:last], digits[last] + 1]
    return [f">={version}", f"<{'.'.join(map(str, upper))}"]


def _markers(value: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(value.get("markers"), str):
        yield f"({value['markers']})"
    if isinstance(value.get("python"), str):
        for part in converted(value["python"]).split(","):
            found = re.fullmatch(r"([<>=!~]+)(.+)", part)
            if found:
                full = found[2].count(".") > 1 and "*" not in found[2]
                yield f'python_{"full_" if full else ""}version {found[1]} "{found[2]}"'
    if isinstance(value.get("platform"), str):
        yield f'sys_platform == "{value["platform"]}"'
    for name in ("sys_platform", "platform_machine", "os_name", "platform_system"):  # of Pipenv
        if isinstance(value.get(name), str):
            yield f"{name} {value[name]}"


def _poetry_pins(root: Path, display: str, diagnostics: Diagnostics) -> dict[str, str]:
    table = read_toml(root, display, "poetry.lock", diagnostics)
    packages = table.values.get("package") if table else None
    return _without_twins(
        (each.get("name"), each.get("version"))
        for each in (packages if isinstance(packages, list) else ())
        if isinstance(each, dict) and "source" not in each
    )


def _pipfile_pins(root: Path, display: str, diagnostics: Diagnostics) -> dict[str, str]:
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
    packages = _at(lock, "default") if isinstance(lock, dict) else None
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
            and re.fullmatch(r"[\w.!+-]+", version)
        ):
            found.setdefault(canonicalize_name(name), set()).add(version)
    return {name: next(iter(each)) for name, each in found.items() if len(each) == 1}


def _at(table: Mapping[str, Any], *keys: str) -> object:
    value: object = table
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
