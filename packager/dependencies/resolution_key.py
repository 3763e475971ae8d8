"""Says what a choice of versions follows from, so that a kept one holds only for the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packager.dependencies.source_builds import Builds
from packager.host.kept_answers import state_of
from packager.host.user_folders import machine_config_folders, xdg_folder
from packager.host.uv import find_uv, mask_credentials
from packager.inputs.toml_limits import load_toml
from packager.paths import is_file, real_path
from packager.requirements.requirements import Requirements

OFFLINE = "UV_OFFLINE"
# Of uv's variables these name places to look for packages, or files that it reads.
_PLACES = ("INDEX", "FIND_LINKS", "CONSTRAINT", "OVERRIDE", "EXCLUDE", "CONFIG_FILE")
_PLACE_KEYS = frozenset({"index", "index-url", "extra-index-url", "find-links", "default-index"})
_SECRET = ("_PASSWORD", "_USERNAME", "_TOKEN")


def resolution_key(
    requirements: Requirements,
    imported: tuple[str, ...],
    builds: Builds,
    refused: frozenset[str],
    sdk: bool,
) -> str:
    """Return a digest of all that a resolution follows from, but for what an index on the network
    holds, and for credentials: those change what may be fetched, never what is chosen."""
    target = builds.target
    lines = [(line.text, line.hashes, line.index) for line in requirements.declared]
    constraints = [(line.text, line.hashes) for line in requirements.constraints]
    configuration = {
        # An empty one hides those in the folders above.
        str(path): text
        for path in _configuration(requirements)
        if (text := _text(path)) is not None
    }
    settings = {
        key: value
        for key, value in sorted(os.environ.items())
        if key.startswith("UV_") and key != OFFLINE and not key.endswith(_SECRET)
    }
    places = {text for text in requirements.options if not text.startswith("-")}
    for text in (*configuration.values(), builds.configuration or ""):
        places |= set(_places(text))
    for name, value in settings.items():
        if any(part in name for part in _PLACES):
            places |= {*value.replace(",", " ").split(), value}
    bases = dict.fromkeys((requirements.where, builds.cwd))  # for what files say, and variables
    on_disk = [
        [place, found]
        for base in bases
        for place in sorted(places)
        if (found := _on_disk(place, base))
    ]
    facts = [
        state_of(Path(find_uv())),
        [lines, constraints, requirements.options, requirements.lock, configuration, settings],
        [str(requirements.require_hashes), on_disk],
        [builds.policy.mode, builds.policy.named, builds.configuration],
        [imported, target.arguments, target.platform, target.python, sorted(refused), sdk],
    ]
    text = mask_credentials(json.dumps(facts, sort_keys=True))
    return hashlib.sha256(text.encode()).hexdigest()


def _configuration(requirements: Requirements) -> Iterator[Path]:
    """Yield the files that uv may read its configuration, and the plugin's wishes, from."""
    root = real_path(requirements.root)
    for folder in (root, *root.parents):
        yield folder / "pyproject.toml"
        yield folder / "uv.toml"
    for folder in {root, real_path(requirements.where)}:
        yield folder / "uv.lock"
    users = xdg_folder("config", "uv")
    for folder in (*([users] if users else []), *machine_config_folders("uv"), Path("/etc/uv")):
        yield folder / "uv.toml"
    if os.environ.get("UV_CONFIG_FILE"):
        yield Path(os.environ["UV_CONFIG_FILE"])


def _places(text: str) -> Iterator[str]:
    """Yield the places to look for packages that a configuration file names."""
    try:
        values = load_toml(text)
    except ValueError:
        return
    pending: list[tuple[str, Any]] = [("", values)]
    while pending:
        key, value = pending.pop()
        if isinstance(value, Mapping):
            pending += [(key if name == "url" else name, each) for name, each in value.items()]
        elif isinstance(value, list):
            pending += [(key, each) for each in value]
        elif isinstance(value, str) and key in _PLACE_KEYS:
            yield value


def _on_disk(place: str, base: Path) -> list[Any] | None:
    """Return what can be seen of a place at a glance, None for one that is not on this disk."""
    address = place.partition("=")[2] if "=file:" in place else place
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("", "file"):
            return None
        path = base / address
        if parts.scheme:
            from urllib.request import url2pathname  # as in `requirements/rules.py`

            path = base / url2pathname(parts.path)
        if is_file(path):
            return [_text(path)]
        found = []
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                seen = Path(folder, name).stat()
                inner = os.path.relpath(os.path.join(folder, name), path)  # noqa: PTH118
                found.append([inner, seen.st_size, seen.st_mtime_ns])
        return found or None
    except (OSError, ValueError):  # also where it is no address at all: uv says so
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "backslashreplace")
    except (OSError, ValueError):  # none, or not ours to read: then uv can't either
        return None
