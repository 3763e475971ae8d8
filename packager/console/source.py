"""What the console shows: a workbench of functions that run here, or the endpoints of a stack."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import field, replace

from packager.config.calls.choices import Choices
from packager.dataclass import dataclass
from packager.endpoints.function import ManagedFunction
from packager.local.fake_dify.calls import FAKE_MODELS, FAKE_TOOLS
from packager.model.calls import ALL_TOOLS
from packager.model.plugin import TriggerProvider
from packager.serve.state import ServedFunction, Workbench
from packager.settings.language import text_in
from packager.subscriptions.drafts import Drafts


@dataclass(frozen=True, slots=True)
class StackView:
    """A deployed stack whose endpoints are shown, and changed, with the user's credentials."""

    stack: str
    region: str
    functions: tuple[ManagedFunction, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A group with managed endpoints. `apps` are ids of apps that it can be given.

    `any_app` is whether every other id will do, too; `models` and `tools` are those configured, as
    `provider/name`; `served` is its function where it runs here.
    """

    function: ManagedFunction
    apps: tuple[str, ...] = ()
    any_app: bool = False
    models: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    served: ServedFunction | None = None

    @property
    def id(self) -> str:
        """The function's logical id."""
        return self.function.declaration.function

    @property
    def provider(self) -> TriggerProvider | None:
        """The trigger provider whose subscriptions its endpoints are; None for a group."""
        return self.function.declaration.provider

    def title(self, language: str) -> str:
        """Return what a reader of `language` knows it by."""
        declaration = self.function.declaration
        return group_title(declaration.label, declaration.plugin, declaration.group, language)


@dataclass(slots=True)
class Console:
    """One console: what it shows, and what its forms carry that no other site knows."""

    source: Workbench | StackView
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    profiles: dict[str, str] = field(default_factory=dict)  # the last page of each function
    drafts: Drafts = field(default_factory=Drafts)  # of subscriptions

    @property
    def workbench(self) -> Workbench | None:
        """The workbench; None for a stack."""
        return None if isinstance(self.source, StackView) else self.source

    @property
    def stack(self) -> StackView | None:
        """The stack; None for a workbench."""
        return self.source if isinstance(self.source, StackView) else None

    def groups(self) -> list[Group]:
        """Return the groups with managed endpoints."""
        if isinstance(self.source, StackView):
            return [Group(function) for function in self.source.functions]
        return [
            served_group(self.source, each)
            for each in self.source.functions
            if each.store is not None
        ]

    def group(self, function_id: str) -> Group | None:
        """Return the group of a function's logical id."""
        return next((each for each in self.groups() if each.id == function_id), None)


def served_group(workbench: Workbench, served: ServedFunction) -> Group:
    """Return the group of a function that runs here and has managed endpoints."""
    function = served.store
    assert function is not None  # noqa: S101 - it has managed endpoints
    options = served.plan.options
    names = options.models.names if options.models is not None else ()
    fake, own_tools = workbench.fake_dify, served.plan.plugin.own_tools
    tools, fake_tools = (*options.tools, *own_tools), FAKE_TOOLS if fake else ()
    declaration = function.declaration
    if fake:  # whatever is chosen, it answers
        declaration = replace(declaration, choices=Choices())
    return Group(
        replace(function, declaration=declaration, base=workbench.public_base(served)),
        apps=tuple(each for each in options.apps if each != "*"),
        any_app=fake or "*" in options.apps,
        models=(*(each for each in names if "/" in each), *(FAKE_MODELS if fake else ())),
        tools=(*(each for each in tools if not each.endswith(f"/{ALL_TOOLS}")), *fake_tools),
        served=served,
    )


def group_title(label: Mapping[str, str], plugin: str, group: str, language: str) -> str:
    """Return the name of a group: its plugin's alone, where it says nothing else."""
    title = text_in(label, language) or plugin
    return title if group in (title, plugin) else f"{title}: {group}"
