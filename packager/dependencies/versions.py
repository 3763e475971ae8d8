"""Chooses the versions of a function's packages: those last chosen while new, else through uv."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

from packager.dependencies.local_inputs import content_digest
from packager.dependencies.resolution_key import OFFLINE, resolution_key
from packager.dependencies.resolve import Wanted, resolve
from packager.dependencies.source_builds import Builds
from packager.host.cache import cache_folder, cached_text, keep_text
from packager.host.uv import mask_credentials
from packager.host.uv_failures import Unreachable
from packager.model.progress import Progress
from packager.paths import real_path
from packager.requirements.lock_file import Resolution, read_lock

# How long versions once chosen are taken for the newest: as long as PyPI lets its own pages be
# cached (`Cache-Control: max-age=600`).
RESOLUTION_SECONDS = 600


def choose_versions(
    wanted: Wanted,
    lock: Path,
    builds: Builds,
    refused: frozenset[str],
    notes: list[str],
    progress: Progress,
) -> Resolution:
    """Return the versions of what is `wanted`: those last chosen, for as long as they are new.

    Their lock is written into the folder `lock`. The packages `refused` are taken as wheels alone.
    What there is to say of the cache is added to `notes`. Raises `PackagerError`.
    """
    requirements = wanted.requirements
    # What was put in for a variable may be a secret: it is kept nowhere.
    cache = None if requirements.may_change or requirements.expanded else cache_folder()
    key = f"resolved/{resolution_key(requirements, wanted.imported, builds, refused, wanted.sdk)}"
    root = str(real_path(requirements.root))
    kept = _kept(cached_text(cache, key, RESOLUTION_SECONDS, notes.append), root, lock)
    if kept:
        return kept
    progress.step(f"resolving dependencies for {builds.target}")
    try:
        resolution = resolve(wanted, lock, builds, wheels_only=refused)
    except Unreachable as error:
        kept = _kept(cached_text(cache, key, math.inf, notes.append), root, lock)
        if kept is None:
            raise
        reason = str(error).splitlines()[0].rstrip(":")
        note = f"{reason}: the versions are those of an earlier build"
        return replace(kept, notes=(*kept.notes, note))
    resolution, read = identified(resolution)
    text = resolution.lock.read_text("utf-8")
    # What was chosen offline may be older than what the index has. What has a password in its
    # address is kept nowhere.
    may_stay = OFFLINE not in os.environ and mask_credentials(text) == text
    if all(package.identity for package in resolution.packages) and may_stay:
        described = {"lock": text, "notes": resolution.notes, "read": read, "root": root}
        keep_text(cache, key, json.dumps(described))
    return resolution


def identified(resolution: Resolution) -> tuple[Resolution, dict[str, str]]:
    """Return a resolution whose packages on this disk are told by their content, and the digests
    of all that was read for them."""
    read = {
        str(path): content_digest(path) for package in resolution.packages for path in package.paths
    }
    packages = tuple(
        replace(package, identity=tuple(filter(None, (read[str(path)] for path in package.paths))))
        if package.form == "directory"
        else package
        for package in resolution.packages
    )
    return replace(resolution, packages=packages), read


def _kept(text: str | None, root: str, lock: Path) -> Resolution | None:
    """Return a resolution out of the cache, with its lock written into the folder `lock`.

    None if there is none, if what it was read from on this disk has changed, or if it has anything
    from this disk and is of a plugin that is not in the folder `root`: the same words may lead
    elsewhere from there.
    """
    if text is None:
        return None
    kept = json.loads(text)
    if (kept["read"] or "file:" in kept["lock"]) and kept.get("root") != root:
        return None
    path = lock / "pylock.toml"
    path.write_text(kept["lock"], "utf-8")
    resolution, read = identified(Resolution(path, read_lock(path), tuple(kept["notes"])))
    return resolution if read == kept["read"] else None
