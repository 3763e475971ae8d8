"""Plugins of some groups, without the files that would declare these."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packager.analysis.sources import PluginSources
from packager.errors import Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import Options
from packager.model.permissions import Permissions
from packager.model.plugin import Endpoint, EndpointGroup
from packager.plugin.files import python_files
from packager.plugin.plugin import Plugin
from packager.requirements.read import read_requirements


def make_group(name: str, source: str, place: Place) -> EndpointGroup:
    """A group with one endpoint, at /duck."""
    endpoint = Endpoint("/duck", "GET", source, False, place, place, place)
    return EndpointGroup(name, f"group/{name}.yaml", (), (endpoint,), place)


def make_plugin(
    root: Path, options: Mapping[str, Options], *groups: EndpointGroup, **changes: Any
) -> Plugin:
    """A plugin in the folder `root`, whatever is in it; its requirements are read, and sound."""
    display = changes.pop("display", "neko")
    folder = PluginFolder(root, display)
    diagnostics = Diagnostics()
    requirements = read_requirements(root, display, diagnostics, permissions=Permissions())
    diagnostics.raise_errors()
    described: dict[str, Any] = {
        "name": "neko",
        "version": "0.0.1",
        "author": "me",
        "description": "Cats",
        "storage_enabled": False,
        "place": Place("manifest.yaml", 2, 7),
    } | changes
    return Plugin(
        folder=folder,
        groups=groups,
        options=options,
        requirements=requirements,
        sources=PluginSources(root, python_files(folder)),
        **described,
    )
