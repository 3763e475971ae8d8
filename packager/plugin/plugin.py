"""A plugin: what it declares, and how each of its groups is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.errors import Place
from packager.model.options import Options
from packager.model.permissions import Permissions
from packager.model.plugin import EndpointGroup


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin's folder, read and found sound. `display` is how messages name the folder."""

    root: Path
    display: str
    name: str
    version: str
    author: str
    description: str
    groups: tuple[EndpointGroup, ...]
    options: Mapping[str, Options]  # by group name
    storage_enabled: bool
    place: Place  # of the manifest's name
    storage_size: int | None = None  # bytes, of storage.size
    storing: frozenset[str] = frozenset()  # groups whose code uses session.storage
    package: bool = False  # a .difypkg: from anywhere, where a folder is its builder's own
    permissions: Permissions | None = None  # None: it was read to be looked at, not to be built
