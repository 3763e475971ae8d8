"""Reads the values of settings from a YAML file, each checked against its declaration."""

from __future__ import annotations

from collections.abc import Sequence

from packager.errors import Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_fields import wrong_type
from packager.inputs.yaml_tree import YamlValue
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings
from packager.settings.push import Value
from packager.settings.values import WrongValue, value_of_yaml


def read_values(
    top: YamlValue, plans: Sequence[FunctionPlan], diagnostics: Diagnostics
) -> list[Value]:
    """Return the values that a mapping of settings' names gives to the settings of `plans`.

    A name is that setting of every function which declares it. No fault says a value.
    """
    if top.kind == "nothing":
        diagnostics.error(
            "wrong-type", "expected a mapping of settings, and there is none", top.place
        )
        return []
    if top.kind != "a mapping":
        wrong_type(top, "a mapping: the settings' names and their values", diagnostics)
        return []
    declared = list(dict.fromkeys(each.name for plan in plans for each in all_settings(plan)))
    values: list[Value] = []
    for name, node in top.entries.items():
        if name not in declared:
            diagnostics.error(
                "unknown-setting",
                f"no endpoint group declares the setting {name!r}",
                node.key_place or node.place,
                hint=did_you_mean(name, declared)
                or ("the settings are " + ", ".join(declared) if declared else None),
            )
        for plan in plans:
            for setting in all_settings(plan):
                if setting.name != name:
                    continue
                try:
                    value = value_of_yaml(setting, node)
                except WrongValue as wrong:
                    diagnostics.error(
                        "invalid-value", f"{wrong}, not {_found(node)}", node.place, key=name
                    )
                else:
                    values.append(Value(plan, setting, value, node.place))
    return values


def _found(node: YamlValue) -> str:
    if node.kind == "text":
        return "such text" if node.text else "empty text"
    return f"such {node.kind}" if node.kind in ("a mapping", "a number") else node.kind
