"""Converts what Poetry and Pipenv say of a dependency into dependency specifiers (PEP 508)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

_PART = re.compile(r"\s*(?:(\^|~(?!=)|[<>=!~]=?=?)\s*)?([0-9A-Za-z.*+!-]+)\s*")
MAX_VERSION = 500  # characters


class Unconverted(ValueError):
    """What has no form that pip and uv know."""


def specifiers(name: str, value: object) -> Iterator[str]:
    """Yield what `value` says of the distribution `name`; raise `Unconverted` where it can't.

    An optional one yields nothing. Paths are left to whoever knows the folder: see `local_path`.
    """
    if isinstance(value, list):  # of Poetry: one for each platform, say
        for each in value:
            yield from specifiers(name, each)
        return
    if isinstance(value, str):
        value = {"version": value}
    if not isinstance(value, dict):
        raise Unconverted("expected a version, or a table with one")
    if value.get("optional") is True:
        return
    if local_path(value) is not None:
        raise Unconverted("a package on this disk can't be converted")
    title = titled(name, value)
    markers = " and ".join(_markers(value))
    tail = f" ; {markers}" if markers else ""
    address = value.get("git", value.get("url", value.get("file")))
    if address is None:
        yield f"{title}{converted(str(value.get('version', '*')))}{tail}"
        return
    revision = next((value[key] for key in ("rev", "ref", "tag", "branch") if key in value), "")
    inside = f"#subdirectory={value['subdirectory']}" if "subdirectory" in value else ""
    if "git" in value:
        address = f"git+{address}{f'@{revision}' if revision else ''}"
    yield f"{title} @ {address}{inside}{tail}"


def local_path(value: object) -> str | None:
    """Return the path on this disk that a dependency's table names, None if it names none."""
    if isinstance(value, dict):
        for key in ("path", "file"):
            if key in value and "://" not in str(value[key]):
                return str(value[key])
    return None


def titled(name: str, value: object) -> str:
    """Return `name` with the extras that a dependency's table asks for."""
    extras = value.get("extras") if isinstance(value, dict) else None
    return f"{name}[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else name


def converted(version: str) -> str:
    """Return a constraint of Poetry's or Pipenv's as a version specifier (PEP 440).

    Raises `Unconverted` for one that has no such form.
    """
    if version.strip() in ("*", ""):
        return ""
    if len(version) > MAX_VERSION:  # no release's number is so long, nor can be read
        raise Unconverted(f"a version of more than {MAX_VERSION} characters can't be converted")
    if "|" in version:
        raise Unconverted(f"alternatives ({version}) can't be converted")
    parts: list[str] = []
    for each in version.split(","):
        at = 0
        while at < len(each):
            found = _PART.match(each, at)
            if found is None:
                raise Unconverted(f"{version!r} is not a version")
            parts += _range(found[1] or "==", found[2])
            at = found.end()
    try:
        SpecifierSet(",".join(parts))
    except InvalidSpecifier:
        raise Unconverted(f"{version!r} is not a version") from None
    return ",".join(parts)


def _range(operator: str, version: str) -> list[str]:
    if operator not in ("^", "~"):
        return [f"{'==' if operator == '=' else operator}{version}"]
    digits = [int(part) for part in re.findall(r"\d+", re.split(r"[a-zA-Z+-]", version)[0])]
    if not digits:
        raise Unconverted(f"{version!r} is not a version")
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
