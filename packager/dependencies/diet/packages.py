"""The packages whose own imports wait until used, by releases that their own tests were run on.

`verified.json` holds them: `make diet-verify PACKAGE=... VERSION=...` writes an entry when a
release's tests pass treated as they do untreated. Of a release that is newer than those, of the
same major version, the modules are treated that import what they imported in the newest listed one
(`shapes`); any other release ships as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from packager.dataclass import dataclass
from packager.dependencies.diet.waiting import EAGER, MODULES

TABLE = Path(__file__).with_name("verified.json")


@dataclass(frozen=True, slots=True)
class TreatedPackage:
    """An installed package whose imports are to wait: its files, and whether it is `proven`: its
    own tests were run on this release and on this Python."""

    name: str
    version: str
    files: tuple[str, ...]  # posix paths of its Python sources
    rules: Mapping[str, object]
    proven: bool

    @property
    def label(self) -> str:
        """What a bundle says of it."""
        return f"{self.name} {self.version}" + ("" if self.proven else " (by rule)")


@cache
def verified() -> Mapping[str, Any]:
    """Return the table by normalised names: the top-level `modules` of each package, what in it is
    `eager`, the start of paths to `skip`, whether `relative` imports wait and annotations are
    `texts`, whether what only says `types` waits, what is `replaced` by what means the same, by
    path, the `shapes` of its newest release's modules, and its `releases`."""
    table: Mapping[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return table


def treated_packages(
    folder: Path, versions: Mapping[str, str], owners: Mapping[str, str], python: str
) -> list[TreatedPackage]:
    """Return what is to be treated of the packages in `folder`, for one `python` (`3.13`).

    `owners` has every file's package.
    """
    found = []
    for name, entry in verified().items():
        version = versions.get(name)
        if version is None:
            continue
        files = tuple(
            sorted(
                path
                for path, owner in owners.items()
                if owner == name and path.endswith(".py") and (folder / path).is_file()
            )
        )
        listed = entry["releases"].get(version)
        treated = tuple(path for path in files if not path.startswith(tuple(entry.get("skip", ()))))
        if listed is None and not _follows(version, entry["releases"]):
            continue
        if listed is None:
            rules = rules_of(entry) | {"shapes": entry["shapes"]}
            found.append(TreatedPackage(name, version, treated, rules, proven=False))
        elif listed["sources"] == digest_of(folder, files):
            proven = python in listed["pythons"]
            found.append(TreatedPackage(name, version, treated, rules_of(entry), proven))
    return found


def rules_of(entry: Mapping[str, Any]) -> dict[str, object]:
    """Return the rules for a package's modules: more than its plugin's may wait in them."""
    return {
        "modules": [*MODULES, *entry["modules"]],
        "library": True,
        "eager": [*EAGER, *entry.get("eager", ())],
        "relative": entry.get("relative", False),
        "annotations_read": True,
        "package": True,
        "texts": entry.get("texts", False),
        "types": entry.get("types", False),
        "replaced": entry.get("replaced", {}),
    }


def digest_of(folder: Path, files: Iterable[str]) -> str:
    """Return a digest of the Python sources of one package: SHA-256 over paths and contents."""
    digest = hashlib.sha256()
    for path in sorted(files):
        content = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        digest.update(f"{path} {content}\n".encode())
    return digest.hexdigest()


def _follows(version: str, releases: Iterable[str]) -> bool:
    try:
        own, newest = Version(version), max(map(Version, releases))
    except (InvalidVersion, ValueError):
        return False
    return own > newest and own.major == newest.major and not own.is_prerelease
