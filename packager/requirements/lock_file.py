"""Reads and writes the lock files that uv makes: pylock.toml (PEP 751)."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from packager.dataclass import dataclass
from packager.paths import real_path

_FORMS = ("wheels", "archive", "vcs", "directory")


@dataclass(frozen=True, slots=True)
class Locked:
    """One chosen package. `form` is what it installs from: wheels (of an index), wheel (a file or
    an address), sdist, archive, vcs, directory.

    `identity` tells what will be installed from anything else; it is empty for what may change
    while it keeps its name. A directory has no `version` before it is built. `paths` are the
    files and folders on this disk that it is installed from.
    """

    name: str
    version: str
    form: str
    identity: tuple[str, ...]
    paths: tuple[Path, ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether installing it means building it."""
        return self.form not in ("wheels", "wheel")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What to install: a lock file, what is in it, and what is worth saying of the choice."""

    lock: Path
    packages: tuple[Locked, ...]
    notes: tuple[str, ...]


def read_lock(path: Path) -> tuple[Locked, ...]:
    """Return the packages of the lock file `path`."""
    data = load_lock(path)
    return tuple(_read_package(package, path.parent) for package in data.get("packages", ()))


def load_lock(path: Path) -> dict[str, Any]:
    """Return what the lock file `path` holds."""
    return tomllib.loads(path.read_text("utf-8"))


def settle_lock(path: Path) -> None:
    """Make the lock file `path` mean the same wherever it lies, and nothing but its own files.

    Its paths become absolute. Nothing in it is editable: that would be a link to this machine's
    folders in place of a package. What uv holds the Python it runs to goes, as it runs one Python
    and installs for another.
    """
    data = load_lock(path)
    data.pop("requires-python", None)
    for package in data.get("packages", ()):
        for item in items_of(package):
            item.pop("editable", None)
            if "path" in item:
                item["path"] = str(real_path(path.parent / item["path"]))
    write_lock(path, data)


def items_of(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every way to install `package` that its lock knows: files, an archive, a folder..."""
    found = [package.get(key) for key in (*_FORMS, "sdist")]
    return [item for each in found for item in (each if isinstance(each, list) else [each]) if item]


def wheel_tags_in(package: Mapping[str, Any]) -> list[Tag]:
    """Return the tags of a package's wheels, as their names say them."""
    tags: list[Tag] = []
    for item in package.get("wheels", ()):
        written = item.get("name") or item.get("path") or urlsplit(item["url"]).path
        try:
            tags += parse_wheel_filename(unquote(written).rpartition("/")[2])[3]
        except InvalidWheelFilename:
            continue
    return tags


def write_lock(path: Path, data: Mapping[str, Any]) -> None:
    """Write a lock file."""
    path.write_text(
        "".join(f"{_key(key)} = {toml(value)}\n" for key, value in data.items()), "utf-8"
    )


def toml(value: Any) -> str:
    """Return `value` as TOML has it on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case datetime() | date() | time():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case Mapping():
            inner = ", ".join(f"{_key(key)} = {toml(each)}" for key, each in value.items())
            return f"{{ {inner} }}"
        case _:
            return str(value)


def _key(key: str) -> str:
    return key if key.replace("-", "").isalnum() and key.isascii() else toml(str(key))


def _read_package(package: Mapping[str, Any], folder: Path) -> Locked:
    form = next((form for form in _FORMS if package.get(form)), "sdist")
    found = package.get(form)
    if form == "archive" and isinstance(found, dict):
        file = urlsplit(str(found.get("url") or found.get("path", ""))).path
        form = "wheel" if file.endswith(".whl") else form
    items = found if isinstance(found, list) else [found] if found else []
    identity: list[str] = []
    for item in items:
        hashes = [f"{kind}:{value}" for kind, value in item.get("hashes", {}).items()]
        commit = [str(item["commit-id"])] if "commit-id" in item else []
        if not hashes and not commit:
            identity = []
            break
        identity += [*hashes, *commit, str(item.get("subdirectory", ""))]
    paths = tuple(folder / item["path"] for item in items_of(package) if "path" in item)
    return Locked(package["name"], str(package.get("version", "")), form, tuple(identity), paths)
