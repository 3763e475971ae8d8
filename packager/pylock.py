"""Reads the lock files that uv writes: pylock.toml (PEP 751)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FORMS = ("wheels", "archive", "vcs", "directory")


@dataclass(frozen=True, slots=True)
class Locked:
    """One chosen package. `form` is what it installs from: wheels, sdist, archive, vcs, directory.

    `identity` tells what will be installed from anything else; it is empty for what may change
    while it keeps its name. A directory has no `version` before it is built.
    """

    name: str
    version: str
    form: str
    identity: tuple[str, ...]


def read_lock(path: Path) -> tuple[Locked, ...]:
    """Give the packages of the lock file `path`."""
    data = tomllib.loads(path.read_text("utf-8"))
    return tuple(_read_package(package) for package in data.get("packages", ()))


def _read_package(package: Mapping[str, Any]) -> Locked:
    form = next((form for form in _FORMS if package.get(form)), "sdist")
    found = package.get(form)
    items = found if isinstance(found, list) else [found] if found else []
    identity: list[str] = []
    for item in items:
        hashes = [f"{kind}:{value}" for kind, value in item.get("hashes", {}).items()]
        commit = [str(item["commit-id"])] if "commit-id" in item else []
        if not hashes and not commit:
            identity = []
            break
        identity += [*hashes, *commit, str(item.get("subdirectory", ""))]
    return Locked(package["name"], str(package.get("version", "")), form, tuple(identity))
