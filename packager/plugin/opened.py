"""Opens the plugin at a path, a folder or a package, with the plugins whose tools it runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from packager.errors import Diagnostics, InvalidInput, UsageError
from packager.model.permissions import Permissions
from packager.paths import is_file
from packager.plugin.difypkg import plugin_folder
from packager.plugin.load import load_plugin
from packager.plugin.plugin import Plugin
from packager.plugin.tools.other_plugins import ToolReader


def open_plugin(
    path: Path,
    packages: ExitStack,
    diagnostics: Diagnostics,
    *,
    overrides: Mapping[str, object],
    permissions: Permissions | None,
) -> Plugin | None:
    """Read the plugin at `path`; None, and errors noted, if it can't be packaged.

    Packages, it or others that it names, are unpacked for as long as `packages` last. `overrides`
    and `permissions` are those of `load_plugin`.
    """
    try:
        folder = packages.enter_context(plugin_folder(path))
    except InvalidInput as refused:
        diagnostics.extend(refused.diagnostics)
        return None
    except UsageError as refused:
        diagnostics.error("unreadable-plugin", str(refused), hint=refused.hint)
        return None
    plugin = load_plugin(
        folder,
        diagnostics,
        overrides=overrides,
        display=str(path),
        package=is_file(path),
        permissions=permissions,
    )
    if plugin is None:
        return None
    before = len(diagnostics.errors)
    reader = ToolReader(plugin.folder, plugin.requirements, plugin.package, permissions, packages)
    others = reader.read(plugin.options, diagnostics)
    return replace(plugin, tool_plugins=others) if len(diagnostics.errors) == before else None
