"""A plugin: what it declares, and how each of its groups is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from packager.analysis.sources import PluginSources
from packager.dataclass import dataclass
from packager.errors import Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.calls import Credential, DeclaredTool
from packager.model.declared import Declared
from packager.model.options import Options
from packager.model.plugin import EndpointGroup
from packager.plugin.tools.other_plugins import ToolPlugin
from packager.requirements.requirements import Requirements


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin: what was read of its folder, each part once, and found sound."""

    folder: PluginFolder
    name: str
    version: str
    author: str
    description: str
    groups: tuple[EndpointGroup, ...]
    options: Mapping[str, Options]  # by group name
    storage_enabled: bool
    place: Place  # of the manifest's name
    requirements: Requirements
    sources: PluginSources = field(compare=False)
    storage_size: int | None = None  # bytes, of storage.size
    own_tools: Mapping[str, DeclaredTool] = field(default_factory=dict)  # by provider/tool
    own_credentials: tuple[Credential, ...] = ()  # which those tools declare
    tool_plugins: Mapping[str, ToolPlugin] = field(default_factory=dict)  # by their targets
    storing: frozenset[str] = frozenset()  # groups whose code uses session.storage
    label: Mapping[str, str] = field(default_factory=dict)  # by language
    declared: Declared = field(default_factory=Declared, compare=False)
    descriptions: Mapping[str, str] = field(default_factory=dict)  # by language
    icon: str | None = None  # as the manifest names it: a file of `_assets`, which never runs
    package: bool = False  # a .difypkg: from anywhere, where a folder is its builder's own

    @property
    def root(self) -> Path:
        """The folder."""
        return self.folder.root

    @property
    def display(self) -> str:
        """How messages name the folder."""
        return self.folder.display
