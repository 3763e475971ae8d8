"""Checks that each source of a group holds the one class that answers, and that it can be made."""

from __future__ import annotations

from collections.abc import Mapping

from packager.analysis.endpoint_classes import ENDPOINT, Base, endpoint_classes
from packager.analysis.facts import SourceFacts
from packager.dataclass import dataclass
from packager.errors import ASYNC_INVOKE, NO_INVOKE, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.plugin import EndpointGroup

_TRIGGERS = "dify_plugin.interfaces.trigger"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a source is to hold, and what comes of one that can't be made."""

    base: Base
    home: str  # the module that has the base
    signature: str
    own: str  # what such a class is
    outcome: str

    @property
    def named(self) -> str:
        return f"{self.home}.{self.base.name}"


_ENDPOINT = _Wanted(
    ENDPOINT,
    "dify_plugin",
    "(self, r, values, settings)",
    "endpoint",
    "every request is answered with 500",
)
_TRIGGER = _Wanted(
    Base("Trigger", "_dispatch_event"),
    _TRIGGERS,
    "(self, subscription, request)",
    "provider",
    "every request is answered with 500",
)
_EVENT = _Wanted(
    Base("Event", "_on_event"),
    _TRIGGERS,
    "(self, request, parameters, payload)",
    "event",
    "it starts nothing",
)
_CONSTRUCTOR = Base("TriggerSubscriptionConstructor", "_create_subscription")


def check_classes(
    folder: PluginFolder,
    facts: Mapping[str, SourceFacts],
    group: EndpointGroup,
    diagnostics: Diagnostics,
) -> None:
    """Note every source of a group, of those that parse, that has not its one class."""
    wanted = {(endpoint.source, _ENDPOINT) for endpoint in group.endpoints}
    provider = group.provider
    if provider is not None:
        wanted.add((provider.source, _TRIGGER))
        wanted |= {(event.source, _EVENT) for event in provider.events}
        if provider.subscription_constructor is not None:
            _check_constructor(folder, facts, provider.source, diagnostics)
    for source, each in sorted(wanted, key=lambda pair: pair[0]):
        if facts[source].error is None:
            _check_class(folder, facts, source, each, diagnostics)


def _check_class(
    folder: PluginFolder,
    facts: Mapping[str, SourceFacts],
    source: str,
    wanted: _Wanted,
    diagnostics: Diagnostics,
) -> None:
    base = wanted.base
    classes = endpoint_classes(facts, source, base)
    display = folder.display_of(source)
    if len(classes.certain) > 1:
        named = " and ".join(
            f"{each.name} ({Place(folder.display_of(each.file), each.line)})"
            for each in classes.certain
        )
        own = [each.line for each in classes.certain if each.file == source]
        diagnostics.error(
            "endpoint-class",
            f"expected one subclass of {wanted.named}, not {len(classes.certain)}: {named}",
            Place(display, own[1] if len(own) > 1 else 1),
            hint=f"give each {wanted.own} a file of its own; import a base class by its module, "
            "not by its name",
        )
    elif not classes.certain and not classes.maybe_more:
        diagnostics.error(
            "endpoint-class",
            f"expected one subclass of {wanted.named}, and there is none",
            Place(display, 1),
            hint=f"define one: class My{base.name}({base.name}), with "
            f"{base.method}{wanted.signature}",
        )
    elif classes.abstract and not classes.maybe_more:
        (only,) = classes.abstract
        diagnostics.warn(
            NO_INVOKE,
            f"{only.name} has no {base.method}: it can't be made, and {wanted.outcome}",
            Place(folder.display_of(only.file), only.line),
            hint=f"define {base.method}{wanted.signature}; {base.method[1:]} is {base.name}'s own",
        )
    elif classes.coroutines and not classes.maybe_more:
        (only,) = classes.coroutines
        diagnostics.warn(
            ASYNC_INVOKE,
            f"the {base.method} of {only.name} is a coroutine function, which nothing awaits: "
            f"{wanted.outcome}",
            Place(folder.display_of(only.file), only.line),
            hint=f"write def {base.method}; asyncio.run(...) in it runs what has to be awaited",
        )


def _check_constructor(
    folder: PluginFolder,
    facts: Mapping[str, SourceFacts],
    source: str,
    diagnostics: Diagnostics,
) -> None:
    """Note a declared subscription constructor without its class, which the SDK does not load."""
    if facts[source].error is not None:
        return
    classes = endpoint_classes(facts, source, _CONSTRUCTOR)
    number = len(classes.certain)
    if number > 1 or not (number or classes.maybe_more):
        found = f"not {number}" if number else "and there is none"
        diagnostics.error(
            "endpoint-class",
            f"expected one subclass of {_TRIGGERS}.{_CONSTRUCTOR.name}, {found}",
            Place(folder.display_of(source), 1),
            hint="the provider's file declares a subscription_constructor: its class is beside "
            "the Trigger",
        )
