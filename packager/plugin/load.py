"""Reads a plugin's folder into a Plugin, with every fault in it said at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from packager.analysis.checks import CodeToCheck, check_brought, check_sources
from packager.analysis.sources import PluginSources
from packager.config.read import read_configuration
from packager.errors import Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.url_rules import check_rules
from packager.model.options import Options
from packager.model.permissions import Permissions
from packager.model.plugin import EndpointGroup
from packager.plugin.file_choice import FileRules
from packager.plugin.files import check_endpoints, plugin_files, python_files
from packager.plugin.groups import read_groups
from packager.plugin.manifest import Manifest, read_manifest
from packager.plugin.package_asks import check_asks
from packager.plugin.plugin import Plugin
from packager.plugin.secret_literals import warn_of_secrets
from packager.plugin.tools.declared import read_credentials, read_own_tools
from packager.plugin.triggers.providers import read_providers
from packager.plugin.verify_functions import check_verify
from packager.plugin.walk import PluginFile
from packager.requirements.read import read_requirements


def load_plugin(
    path: Path,
    diagnostics: Diagnostics,
    *,
    overrides: Mapping[str, object] | None = None,
    display: str | None = None,
    package: bool = False,
    permissions: Permissions | None = None,
) -> Plugin | None:
    """Read the plugin in the folder `path`; None, and errors noted, if it can't be packaged.

    `overrides` are configuration keys from the command line. Messages call the folder `display`,
    which is `path` unless something else was given (a package that was unpacked). What the plugin
    may ask for where it is built, a `package` or a folder, is what `permissions` say; without them
    nothing is built.
    """
    folder = PluginFolder(path, str(path) if display is None else display)
    before = len(diagnostics.errors)
    manifest = read_manifest(folder, diagnostics)
    if manifest is None:
        return None
    groups = read_groups(folder, manifest.group_files, diagnostics)
    names = {group.name for group in groups}
    groups += read_providers(folder, manifest.provider_files, names, diagnostics)
    # After a fault above, settings and groups may be missing: no second fault for their names.
    complete = len(diagnostics.errors) == before
    for group in groups:
        check_rules(group, diagnostics)
    options = read_configuration(
        folder, groups, diagnostics, overrides, complete=complete, declared=manifest.declared
    )
    sources = PluginSources(path, chain(_endpoint_files(groups), python_files(folder)))
    code = _code_to_check(folder, groups, options, sources, manifest)
    storing = check_sources(code, diagnostics)
    requirements = read_requirements(
        path, folder.display, diagnostics, package=package, permissions=permissions
    )
    distributions = requirements.names | requirements.lock_names
    check_brought(code, distributions, diagnostics)
    if package and permissions is not None:
        check_asks(path, folder.display, permissions, diagnostics)
    _check_files(code, diagnostics)
    if len(diagnostics.errors) > before:
        return None
    return Plugin(
        folder=folder,
        name=manifest.name,
        version=manifest.version,
        author=manifest.author,
        description=manifest.description,
        groups=groups,
        options=options,
        storage_enabled=manifest.storage_enabled,
        place=manifest.place,
        requirements=requirements,
        sources=sources,
        storage_size=manifest.storage_size,
        storing=storing,
        own_tools=read_own_tools(folder, manifest.tool_files),
        own_credentials=code.credentials,
        label=manifest.label,
        descriptions=manifest.descriptions,
        icon=manifest.icon,
        package=package,
        declared=manifest.declared,
    )


def _code_to_check(
    folder: PluginFolder,
    groups: Sequence[EndpointGroup],
    options: Mapping[str, Options],
    sources: PluginSources,
    manifest: Manifest,
) -> CodeToCheck:
    return CodeToCheck(
        folder,
        groups,
        options,
        sources,
        manifest.declared,
        has_tools=bool(manifest.tool_files),
        credentials=read_credentials(folder, manifest.tool_files),
    )


def _endpoint_files(groups: Iterable[EndpointGroup]) -> Iterator[str]:
    """Yield the files of endpoints and triggers, which may lie where no others are looked for."""
    for group in groups:
        yield from group.sources


def _check_files(code: CodeToCheck, diagnostics: Diagnostics) -> None:
    """Note what is to be said of the files that would ship, secrets that seem to stand in them,
    every endpoint that would not ship, and functions that `verify` names and they do not have."""
    folder, groups, options = code.folder, code.groups, code.options
    # A provider's Trigger verifies by itself.
    verified = [options[group.name] for group in groups if group.provider is None]
    check_verify(verified, code.sources, diagnostics)
    shipped: dict[str, PluginFile] = {}
    for group in groups:
        found = Diagnostics()
        chosen = options[group.name]
        needed = set(_endpoint_files([group]))
        rules = FileRules(needed, chosen.include, chosen.exclude)
        files = plugin_files(folder, found, rules).files
        check_endpoints(files, group, found)
        shipped |= {file.path: file for file in files}
        diagnostics.extend(found.all)
    warn_of_secrets(folder, shipped.values(), diagnostics)
