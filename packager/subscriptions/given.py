"""Reads what somebody says of a subscription, as YAML: checked against the provider, all at once.

No message holds a value of credentials or properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from packager.config.refused import InvalidValue
from packager.dataclass import dataclass
from packager.endpoints.given import is_reference, value_or_reference
from packager.errors import SETTING_UNSET, Diagnostics, Place
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_fields import wrong_type
from packager.inputs.yaml_tree import YamlValue
from packager.model.plugin import Parameter, Setting, TriggerEvent, TriggerProvider
from packager.settings.values import WrongValue, may_be_unset
from packager.subscriptions.parameters import parameter_of_node
from packager.subscriptions.subscription import Workflow

PARTS = ("parameters", "credentials", "properties", "oauth_client", "workflows")
TWICE = "whatever its parameters are; what differs there takes a second subscription"
_KEYS = ("event", "app", "parameters", "inputs")


@dataclass(frozen=True, slots=True)
class Given:
    """What is said; None where nothing is. Values may be an AwsSource, but those of parameters."""

    parameters: Mapping[str, Any] | None = None
    credentials: Mapping[str, Any] | None = field(default=None, repr=False)
    properties: Mapping[str, Any] | None = field(default=None, repr=False)
    oauth_client: Mapping[str, Any] | None = field(default=None, repr=False)
    workflows: tuple[Workflow, ...] | None = None
    place: Place | None = None


def read_given(
    top: YamlValue, provider: TriggerProvider, *, oauth: bool, diagnostics: Diagnostics
) -> Given:
    """Return what a mapping of `PARTS` says; what is wrong goes into `diagnostics`.

    With `oauth` credentials are those that OAuth gives.
    """
    if top.kind == "nothing":
        return Given(place=top.place)
    if top.kind != "a mapping":
        wrong_type(top, "a mapping: " + ", ".join(PARTS), diagnostics)
        return Given(place=top.place)
    for name, node in top.entries.items():
        if name not in PARTS:
            _unknown("unknown-key", "a subscription has no", name, PARTS, node, diagnostics)
    made = provider.subscription_constructor
    schema = made.oauth_schema if made else None
    declared: dict[str, Sequence[Setting]] = {
        "credentials": made.credentials_schema if made and not oauth else (),
        "properties": provider.subscription_schema,
        "oauth_client": schema.client_schema if schema else (),
    }
    if schema and oauth:
        declared["credentials"] = schema.credentials_schema
    found = {
        name: _settings(top.entries.get(name), settings, name, diagnostics)
        for name, settings in declared.items()
    }
    parameters = made.parameters if made else ()
    said = top.entries.get("parameters")
    return Given(
        parameters=None if said is None else read_parameters(said, parameters, diagnostics),
        workflows=read_workflows(top.entries.get("workflows"), provider, diagnostics),
        place=top.place,
        **found,
    )


def read_parameters(
    node: YamlValue, declared: Sequence[Parameter], diagnostics: Diagnostics
) -> dict[str, Any]:
    """Return the values that a mapping of parameters' names says."""

    def value(parameter: Setting, each: YamlValue) -> Any:
        assert isinstance(parameter, Parameter)  # noqa: S101 - all of `declared` are
        return parameter_of_node(parameter, each)

    return _values(node, declared, "parameter", value, diagnostics)


def read_workflows(
    node: YamlValue | None, provider: TriggerProvider, diagnostics: Diagnostics
) -> tuple[Workflow, ...] | None:
    """Return the workflows that a list says; None where nothing is said of them."""
    if node is None:
        return None
    if node.kind == "nothing":
        return ()
    if node.kind != "a list":
        wrong_type(node, "a list of workflows: event, app, parameters, inputs", diagnostics)
        return ()
    found = [_workflow(each, provider, diagnostics) for each in node.items]
    workflows = [each for each in found if each is not None]
    told: set[tuple[str, str]] = set()
    for each, item in zip(found, node.items, strict=True):
        if each is None:
            continue
        if (each.event, each.app) in told:
            diagnostics.error(
                "duplicate",
                f"the event {each.event} starts the app {each.app} already",
                item.place,
                key=item.key,
                hint=TWICE,
            )
        told.add((each.event, each.app))
    return tuple(workflows)


def check_required(
    values: Mapping[str, Any],
    declared: Sequence[Setting],
    part: str,
    place: Place | None,
    diagnostics: Diagnostics,
) -> None:
    """Note every required one of `declared` without a value, or a default that steps in."""
    for setting in declared:
        if values.get(setting.name) is None and not may_be_unset(setting):
            diagnostics.error(
                SETTING_UNSET, "is required and not set", place, key=f"{part}.{setting.name}"
            )


def with_defaults(values: Mapping[str, Any], declared: Sequence[Setting]) -> dict[str, Any]:
    """Return `values`, and the defaults of what has none, as Dify begins with them."""
    defaults = {each.name: each.default for each in declared if each.default is not None}
    return defaults | {name: each for name, each in values.items() if each is not None}


def _workflow(
    node: YamlValue, provider: TriggerProvider, diagnostics: Diagnostics
) -> Workflow | None:
    if node.kind != "a mapping":
        wrong_type(node, "a workflow: a mapping with event and app", diagnostics)
        return None
    for name, each in node.entries.items():
        if name not in _KEYS:
            _unknown("unknown-key", "a workflow has no", name, _KEYS, each, diagnostics)
    texts: dict[str, str] = {}
    for key in ("event", "app"):
        said = node.entries.get(key)
        if said is None or not said.text or said.kind in ("a mapping", "a list", "nothing"):
            what = "the event's name" if key == "event" else "the id of an app"
            at = node if said is None else said
            diagnostics.error("wrong-type", f"expected {what}", at.place, key=node.key_of(key))
        else:
            texts[key] = said.text
    event = provider.event(texts["event"]) if "event" in texts else None
    if "event" in texts and event is None:
        names = [each.name for each in provider.events]
        diagnostics.error(
            "invalid-value",
            f"{provider.name} has no event {texts['event']!r}",
            node.entries["event"].place,
            key=node.key_of("event"),
            hint=did_you_mean(texts["event"], names) or "the events are " + _listed(names),
        )
    if event is None or "app" not in texts:
        return None
    given = node.entries.get("parameters")
    parameters = {} if given is None else read_parameters(given, event.parameters, diagnostics)
    parameters = {name: each for name, each in parameters.items() if each is not None}
    place = node.place if given is None else given.place
    check_required(parameters, event.parameters, node.key_of("parameters"), place, diagnostics)
    inputs = _inputs(node.entries.get("inputs"), event, diagnostics)
    return Workflow(event.name, texts["app"], parameters, inputs)


def _inputs(
    node: YamlValue | None, event: TriggerEvent, diagnostics: Diagnostics
) -> dict[str, str]:
    """Return which variable is which input; those that the event does not make are errors."""
    if node is None or node.kind == "nothing":
        return {}
    if node.kind != "a mapping":
        wrong_type(node, "a mapping: the app's inputs and the event's variables", diagnostics)
        return {}
    inputs: dict[str, str] = {}
    for name, each in node.entries.items():
        if each.kind in ("a mapping", "a list", "nothing") or not each.text:
            wrong_type(each, "the name of a variable", diagnostics)
            continue
        first = each.text.partition(".")[0]
        if event.variables is not None and first not in event.variables:
            diagnostics.error(
                "invalid-value",
                f"the event {event.name} makes no variable {first!r}",
                each.place,
                key=each.key,
                hint=did_you_mean(first, event.variables)
                or "its variables are " + _listed(event.variables),
            )
        inputs[name] = each.text
    return inputs


def _settings(
    node: YamlValue | None, declared: Sequence[Setting], part: str, diagnostics: Diagnostics
) -> dict[str, Any] | None:
    if node is None:
        return None
    what = {"credentials": "credential", "properties": "property"}.get(part, "client setting")
    return _values(node, declared, what, value_or_reference, diagnostics)


def _values(
    node: YamlValue,
    declared: Sequence[Setting],
    what: str,
    read: Callable[[Setting, YamlValue], Any],
    diagnostics: Diagnostics,
) -> dict[str, Any]:
    """Return values by name. A wrong one is there as its default: no second fault is of it."""
    if node.kind == "nothing":
        return {}
    if node.kind != "a mapping":
        wrong_type(node, "a mapping of names and values", diagnostics)
        return {}
    values: dict[str, Any] = {}
    names = [each.name for each in declared]
    for name, each in node.entries.items():
        setting = next((one for one in declared if one.name == name), None)
        if setting is None:
            says = f"nothing here declares the {what}"
            _unknown("unknown-setting", says, name, names, each, diagnostics)
            continue
        try:
            values[name] = read(setting, each)
        except (WrongValue, InvalidValue) as wrong:
            diagnostics.error("invalid-value", str(wrong), each.place, key=each.key)
            values[name] = setting.default if setting.default is not None else ""
    return values


def _unknown(
    code: Any,
    says: str,
    name: str,
    names: Sequence[str],
    node: YamlValue,
    diagnostics: Diagnostics,
) -> None:
    hint = did_you_mean(name, names) or (f"there is {_listed(names)}" if names else None)
    place = node.key_place or node.place
    diagnostics.error(code, f"{says} {name!r}", place, key=node.key, hint=hint)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")


def references_of(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return where values of a part are kept that are not given themselves, by "part.name"."""
    return {f"{part}.{name}": each for name, each in values.items() if is_reference(each)}


def plain_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are given themselves."""
    return {
        name: each for name, each in values.items() if each is not None and not is_reference(each)
    }
