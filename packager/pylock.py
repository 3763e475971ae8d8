"""Reads the lock files that uv writes: pylock.toml (PEP 751)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_FORMS = ("wheels", "archive", "vcs", "directory")


@dataclass(frozen=True, slots=True)
class Locked:
    """One chosen package. `form` is what it installs from: wheels (of an index), wheel (a file or
    an address), sdist, archive, vcs, directory.

    `identity` tells what will be installed from anything else; it is empty for what may change
    while it keeps its name. A directory has no `version` before it is built.
    """

    name: str
    version: str
    form: str
    identity: tuple[str, ...]

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
    """Give the packages of the lock file `path`."""
    data = tomllib.loads(path.read_text("utf-8"))
    return tuple(_read_package(package) for package in data.get("packages", ()))


def _read_package(package: Mapping[str, Any]) -> Locked:
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
    return Locked(package["name"], str(package.get("version", "")), form, tuple(identity))
