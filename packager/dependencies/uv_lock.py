"""Reads uv.lock through `uv export`: exact requirements, and the hashes of their files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from packager.dataclass import dataclass
from packager.dependencies.target import Target
from packager.errors import PackagerError, Place
from packager.host.uv import run_uv
from packager.host.uv_failures import indent
from packager.paths import real_path
from packager.requirements.hashes import Stated
from packager.requirements.lock_file import items_of


@dataclass(frozen=True, slots=True)
class Exported:
    """What a lock pins: exact requirements by name (several of one name differ in their markers),
    and the hashes of their files."""

    pins: Mapping[str, str]
    hashes: tuple[Stated, ...]


def export_lock(root: Path, file: str, lock: str, target: Target) -> Exported:
    """Return what the lock pins for the project in `root`, or for it as a workspace's member.

    `file` and `lock` are what messages call its pyproject.toml and the lock. Nothing is written
    into the project, and the lock is taken as it is. Raises `PackagerError`.
    """
    arguments = ["export", "--frozen", "--no-default-groups", "--no-emit-project", "--no-header"]
    arguments += [
        "--format",
        "pylock.toml",
        "--quiet",
        "--no-config",
        "--python",
        str(target.interpreter),
    ]
    run = run_uv(arguments, cwd=root)
    try:
        data = tomllib.loads(run.stdout) if run.code == 0 else None
    except tomllib.TOMLDecodeError:
        data = None
    if data is None:
        raise PackagerError(
            f"uv.lock beside {file} can't be read:\n{indent(run.problem)}",
            hint="make it again with `uv lock`, or remove it",
        )
    pins: dict[str, str] = {}
    hashes: list[Stated] = []
    for package in data.get("packages", ()):
        name = canonicalize_name(package["name"])
        line = _requirement(package, root)
        pins[name if name not in pins else f"{name} {line}"] = line
        version = str(package.get("version", ""))
        for item in items_of(package):
            hashes += [
                Stated(name, kind, value.lower(), Place(lock), version)
                for kind, value in item.get("hashes", {}).items()
            ]
    return Exported(pins, tuple(hashes))


def _requirement(package: Mapping[str, Any], root: Path) -> str:
    name = package["name"]
    marker = f" ; {package['marker']}" if package.get("marker") else ""
    for form in ("vcs", "archive", "directory"):
        item = package.get(form)
        if item:
            address = item.get("url") or real_path(root / item["path"]).as_uri()
            if form == "vcs":
                address = f"{item['type']}+{address}@{item['commit-id']}"
            inner = item.get("subdirectory")
            return f"{name} @ {address}{f'#subdirectory={inner}' if inner else ''}{marker}"
    return f"{name}=={package['version']}{marker}"
