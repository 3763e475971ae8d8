"""The functions that follow from plugins: one for every endpoint group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.model.options import ENDPOINTS, Entry, Options, Storage
from packager.model.plugin import EndpointGroup, Setting
from packager.plugin.plugin import Plugin
from packager.plugin.tools.other_plugins import ToolPlugin, of_other_plugin

MAX_LOGICAL_ID = 255  # CloudFormation, "Resources section structure"


@dataclass(frozen=True, slots=True)
class FunctionPlan:
    """One Lambda function to be: a group of a plugin with everything decided."""

    plugin: Plugin
    group: EndpointGroup
    logical_id: str
    options: Options
    host: bool = False  # build for this machine, to run here, instead of for Lambda

    @property
    def hook_id(self) -> str:
        """What `Dify-Hook-Id` says."""
        return self.options.hook_id or self.logical_id

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings that the function itself is configured with; none of managed endpoints."""
        return () if self.options.is_managed else self.group.settings

    @property
    def seals_settings(self) -> bool:
        """Whether managed endpoints have secrets that their store would show: subscriptions do."""
        secret = self.group.provider is not None or any(
            setting.type == "secret-input" for setting in self.group.settings
        )
        return secret and self.options.is_managed and self.options.endpoints_store == "dynamodb"

    @property
    def storage(self) -> Storage | None:
        """What keeps the bytes of `session.storage`; None if the function is not seen to use it."""
        used = self.group.name in self.plugin.storing
        return self.options.storage or ("dynamodb" if used else None)

    @property
    def storage_prefix(self) -> str:
        """What the names of objects in the bucket start with."""
        prefix = self.options.storage_prefix
        return f"{self.plugin.name}/" if prefix is None else prefix

    @property
    def tool_plugins(self) -> tuple[ToolPlugin, ...]:
        """The other plugins whose tools it may run."""
        tools = self.options.tools.values()
        targets = dict.fromkeys(tool.target for tool in tools if of_other_plugin(tool))
        return tuple(self.plugin.tool_plugins[target] for target in targets)

    @property
    def early_sources(self) -> tuple[str, ...]:
        """The sources that are imported in the init phase: a group's only one, or what is said."""
        sources = self.group.sources
        preload = self.options.preload
        if preload is None:
            return ()
        if self.group.provider is not None and ENDPOINTS not in preload:
            return (self.group.provider.source,)  # events are the worker's
        return sources if len(sources) == 1 or ENDPOINTS in preload else ()

    @property
    def entry(self) -> Entry:
        """How Lambda starts the function: the fast entry, where nothing needs the stock one."""
        return self.options.started_by


def plan_functions(
    plugins: Sequence[Plugin], diagnostics: Diagnostics, *, host: bool = False
) -> tuple[FunctionPlan, ...]:
    """Return one plan for every group of `plugins`, in their order.

    `host` plans for this machine instead of for Lambda. Equal logical ids are errors in
    `diagnostics`, since both functions would be one resource and one folder.
    """
    plans: dict[str, FunctionPlan] = {}
    for plugin in plugins:
        for group in plugin.groups:
            logical_id = function_id(plugin.name, group)
            plan = FunctionPlan(plugin, group, logical_id, plugin.options[group.name], host)
            other = plans.setdefault(logical_id, plan)
            if other is not plan:
                diagnostics.error(
                    "duplicate-id",
                    f"the function id {logical_id} is taken by {other.group.file} of "
                    f"{other.plugin.display}; ids must differ",
                    group.place,
                    hint="rename the group's file or the plugin, or build them into two folders",
                )
            if len(logical_id) > MAX_LOGICAL_ID:
                diagnostics.error(
                    "too-large",
                    f"the function id has {len(logical_id)} characters; CloudFormation takes "
                    f"{MAX_LOGICAL_ID}",
                    group.place,
                    hint="shorten the plugin's name or the group's file name",
                )
    return tuple(plans.values())


def function_id(plugin_name: str, group: EndpointGroup) -> str:
    """Return the logical id of a group's function: `neko` -> `NekoFunction`.

    The group's name (its file's stem, or the path where two stems agree) follows the plugin's
    where it says something else: `slack_bot` and `group/events.yaml` -> `SlackBotEventsFunction`.
    """
    plugin_part = pascal_case(plugin_name)
    group_part = pascal_case(group.name) or pascal_case(PurePosixPath(group.file).parent.name)
    return (plugin_part if group_part == plugin_part else plugin_part + group_part) + "Function"


def pascal_case(text: str) -> str:
    """Return `text` as PascalCase, with only the letters and digits CloudFormation takes."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    return "".join(word[0].upper() + word[1:] for word in words)
