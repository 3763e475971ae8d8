"""Reads the values of settings from a YAML file, each checked against its declaration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packager.errors import Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_fields import wrong_type
from packager.inputs.yaml_tree import YamlValue
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings
from packager.settings.values import WrongValue, may_be_unset, means_nothing, value_of_yaml
from packager.settings.writes import Value


def read_values(
    top: YamlValue, plans: Sequence[FunctionPlan], diagnostics: Diagnostics
) -> list[Value]:
    """Return the values that a mapping of settings' names gives to the settings of `plans`.

    A name is that setting of every function which declares it. No fault says a value.
    """
    declared = list(dict.fromkeys(each.name for plan in plans for each in all_settings(plan)))
    values: list[Value] = []
    for name, node in named_nodes(top, declared, "no endpoint group declares", diagnostics):
        for plan in plans:
            for setting in all_settings(plan):
                if setting.name != name:
                    continue
                try:
                    value = value_of_node(setting, node)
                except WrongValue as wrong:
                    diagnostics.error("invalid-value", str(wrong), node.place, key=name)
                else:
                    values.append(Value(plan, setting, value, node.place))
    return values


def named_nodes(
    top: YamlValue, declared: Sequence[str], nobody: str, diagnostics: Diagnostics
) -> Iterator[tuple[str, YamlValue]]:
    """Yield what a mapping of settings' names holds; names that are not `declared` are errors.

    `nobody` is who does not declare them: "no endpoint group declares".
    """
    if top.kind == "nothing":
        diagnostics.error(
            "wrong-type", "expected a mapping of settings, and there is none", top.place
        )
    elif top.kind != "a mapping":
        wrong_type(top, "a mapping: the settings' names and their values", diagnostics)
    for name, node in top.entries.items():
        if name in declared:
            yield name, node
            continue
        diagnostics.error(
            "unknown-setting",
            f"{nobody} the setting {name!r}",
            node.key_place or node.place,
            hint=did_you_mean(name, declared)
            or ("the settings are " + ", ".join(declared) if declared else None),
        )


def value_of_node(setting: Setting, node: YamlValue) -> Any:
    """Return the value that a YAML file gives a setting; None where it says that it has none.

    That is a null, or empty text where text is none. Raises `WrongValue`, whose message names what
    was expected and the kind of what was found.
    """
    if may_be_unset(setting) and (
        node.kind == "nothing" or (node.kind == "text" and means_nothing(setting, node.text))
    ):
        return None
    try:
        return value_of_yaml(setting, node)
    except WrongValue as wrong:
        raise WrongValue(f"{wrong}, not {_found(node)}") from None


def _found(node: YamlValue) -> str:
    if node.kind == "text":
        return "such text" if node.text else "empty text"
    return f"such {node.kind}" if node.kind in ("a mapping", "a number") else node.kind
