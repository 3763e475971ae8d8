"""Checks packages that the plugin's own lines don't name: those of its lock, and of metadata."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from urllib.parse import urlsplit

from packager.errors import UsageError
from packager.host.uv import mask_credentials
from packager.model.permissions import INDEX
from packager.paths import is_inside, real_path
from packager.requirements.lock_file import Resolution
from packager.requirements.requirements import Requirements

_HINT = "docs/security.md says what a build may run and what a package may ask for"


def check_locked(pins: Iterable[str], requirements: Requirements) -> None:
    """Raise `UsageError` for the addresses and paths in a package's uv.lock that it may not have.

    `pins` are requirements with an address, as uv gives them out of the lock.
    """
    policy = requirements.policy
    problems = []
    for pin in pins if policy.inside else ():
        name, _, address = pin.partition(" @ ")
        url = re.split(r"\s;", address)[0].strip()
        parts = urlsplit(url)
        shown = mask_credentials(url)
        if parts.scheme in ("file", "git+file", ""):
            from urllib.request import url2pathname  # as in `requirements/rules.py`

            path = requirements.root / url2pathname(parts.path)
            if not is_inside(path, requirements.root):
                problems.append(f"uv.lock: {name}: {shown} lies outside the plugin")
        elif not policy.addresses:
            problems.append(
                f"uv.lock: {name}: the package asks for {shown}: --allow-config {INDEX} allows it"
            )
        if not parts.path.endswith(".whl") and not policy.named:
            problems.append(f"uv.lock: {name}: {shown} would have to be built")
    _refuse(problems)


def check_sources(resolution: Resolution, requirements: Requirements) -> None:
    """Raise `UsageError` for what was chosen and may not be built, or lies outside of a package.

    It is named by a package's metadata, not by the plugin's own files, which were checked before.
    """
    policy = requirements.policy
    problems = []
    for package in resolution.packages:
        title = f"{package.name} {package.version}".strip()
        named = package.is_source and package.form != "sdist"
        if named and (policy.mode == "refuse" or not policy.named):
            problems.append(f"{title}, which another package asks for, would have to be built")
    locked = tomllib.loads(resolution.lock.read_text("utf-8"))
    for entry in locked.get("packages", ()) if policy.inside else ():
        for form in ("directory", "archive", "vcs"):
            path = entry.get(form, {}).get("path")
            if path is None:
                continue
            real = real_path(resolution.lock.parent / path)
            if not is_inside(real, requirements.root):
                problems.append(f"{entry['name']} is {real}, outside of the plugin")
    _refuse(problems)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise UsageError("\n".join(problems), hint=_HINT)
