"""Reads the other plugins whose tools a function is configured to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path, PurePosixPath

from packager.analysis.facts import SourceFacts
from packager.analysis.sources import PluginSources
from packager.contract import OTHER_PLUGINS
from packager.dataclass import dataclass
from packager.errors import Code, Diagnostics, InvalidInput, Place, UsageError
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_tree import read_yaml
from packager.model.calls import ALL_TOOLS, Credential, DeclaredTool, Tool
from packager.model.options import Options
from packager.model.permissions import Permissions
from packager.paths import is_file, is_inside
from packager.plugin.difypkg import plugin_folder
from packager.plugin.file_choice import FileRules
from packager.plugin.files import plugin_files, python_files
from packager.plugin.manifest import MANIFEST, NAME
from packager.plugin.tools.declared import read_credentials, read_own_tools
from packager.plugin.walk import PluginFile
from packager.requirements.joined import check_together
from packager.requirements.read import read_requirements
from packager.requirements.requirements import Requirements


@dataclass(frozen=True, slots=True)
class ToolPlugin:
    """Another plugin: its `tools` are by provider/tool.

    `target` is its path as the configuration has it, `name` that of its folder in the bundle.
    """

    target: str
    name: str
    folder: PluginFolder
    path: Path  # of the folder or the package
    tools: Mapping[str, DeclaredTool]
    credentials: tuple[Credential, ...]
    requirements: Requirements
    sources: PluginSources = field(compare=False)

    def files(self, diagnostics: Diagnostics) -> tuple[PluginFile, ...]:
        """Return its files that ship, by their paths in the bundle."""
        rules = FileRules({each.source for each in self.tools.values()})
        found = plugin_files(self.folder, diagnostics, rules).files
        return tuple(PluginFile(f"{self.place}/{each.path}", each.source) for each in found)

    def facts(self, python: str) -> Mapping[str, SourceFacts]:
        """Return the facts of its Python files, by their paths in it."""
        return self.sources.facts(python)

    def placed_facts(self, python: str) -> Mapping[str, SourceFacts]:
        """Return the same by their paths in the bundle, where no other plugin's are."""
        return {f"{self.place}/{path}": fact for path, fact in self.facts(python).items()}

    @property
    def place(self) -> str:
        """Its folder in the bundle."""
        return f"{OTHER_PLUGINS}/{self.name}"


@dataclass(frozen=True, slots=True)
class ToolReader:
    """Reads other plugins for the one in `folder`, whose requirements are `requirements`.

    Packages are unpacked for as long as `packages` last. A `package` reaches nothing but its own
    files.
    """

    folder: PluginFolder
    requirements: Requirements
    package: bool
    permissions: Permissions | None
    packages: ExitStack

    def read(
        self, options: Mapping[str, Options], diagnostics: Diagnostics
    ) -> dict[str, ToolPlugin]:
        """Return the plugins that the groups' configurations name, by their targets.

        What is wrong with one is an error at the key that names it.
        """
        found: dict[str, ToolPlugin | None] = {}
        for option in options.values():
            for name, target, place in _named(option):
                key = f"tools.{name}.plugin"
                if target not in found:
                    names = {each.name for each in found.values() if each is not None}
                    found[target] = self._plugin(target, names, Fault(diagnostics, place, key))
                other = found[target]
                if other is not None:
                    _check_tool(name, other, Fault(diagnostics, place, key))
        return {target: each for target, each in found.items() if each is not None}

    def _plugin(self, target: str, taken: set[str], fault: Fault) -> ToolPlugin | None:
        path = self.folder.root / target
        display = str(PurePosixPath(self.folder.display) / target)
        if self.package and not is_inside(path, self.folder.root):
            fault.note("outside-plugin", f"{target} lies outside of the package")
            return None
        try:
            root = self.packages.enter_context(plugin_folder(path))
        except UsageError:
            expected = "expected the path of a plugin's folder or .difypkg"
            fault.note("missing-file", f"there is no plugin {target}; {expected}")
            return None
        except InvalidInput as refused:
            fault.diagnostics.extend(refused.diagnostics)
            return None
        if not is_file(root / MANIFEST):
            fault.note("missing-file", f"there is no {MANIFEST} in {target}, so it is not a plugin")
            return None
        folder = PluginFolder(root, display)
        before = len(fault.diagnostics.errors)
        top = read_yaml(root / MANIFEST, folder.display_of(MANIFEST), fault.diagnostics)
        requirements = read_requirements(
            root,
            display,
            fault.diagnostics,
            package=is_file(path) or self.package,
            permissions=self.permissions,
        )
        if top is None or len(fault.diagnostics.errors) > before:
            return None
        check_together(self.requirements, requirements, fault.diagnostics)
        plugins = top.entries.get("plugins")
        listed = plugins.entries.get("tools") if plugins else None
        said = top.entries.get("name")
        name = said.text if said is not None and NAME.fullmatch(said.text) else "plugin"
        providers = listed.items if listed is not None else ()
        tools = read_own_tools(folder, providers)
        credentials = read_credentials(folder, providers)
        sources = PluginSources(root, python_files(folder))
        free = next(each for each in _numbered(name) if each not in taken)
        return ToolPlugin(target, free, folder, path, tools, credentials, requirements, sources)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the configuration names what may be wrong, and who is told."""

    diagnostics: Diagnostics
    place: Place | None
    key: str

    def note(self, code: Code, message: str, hint: str | None = None) -> None:
        """Note an error."""
        self.diagnostics.error(code, message, self.place, key=self.key, hint=hint)


def of_other_plugin(tool: Tool) -> bool:
    """Return whether a tool is another plugin's, which the function runs."""
    return tool.kind == "plugin" and tool.target != "."


def _named(option: Options) -> Iterator[tuple[str, str, Place | None]]:
    for name, tool in option.tools.items():
        if of_other_plugin(tool):
            yield name, tool.target, option.place(f"tools.{name}.plugin")


def _check_tool(name: str, other: ToolPlugin, fault: Fault) -> None:
    """Note a name in the configuration that no tool of the other plugin has."""
    provider, _, tool = name.rpartition("/")
    short = provider.rpartition("/")[2]
    known = [f"{each.partition('/')[0]}/{ALL_TOOLS}" for each in other.tools]
    if f"{short}/{tool}" not in {*other.tools, *known}:
        there = ", ".join(other.tools) or "none"
        hint = did_you_mean(f"{short}/{tool}", other.tools) or f"its tools are: {there}"
        fault.note(
            "unknown-reference", f"the plugin {other.target} has no tool {short}/{tool}", hint
        )


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
