"""Finds the settings that are to have no value any more, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packager.errors import Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings
from packager.settings.values import may_be_unset
from packager.settings.writes import Value


def removed_values(
    names: Iterable[str], plans: Sequence[FunctionPlan], diagnostics: Diagnostics
) -> list[Value]:
    """Return for each setting of `plans` that `names` name that it is to have no value."""
    settings = [setting for plan in plans for setting in all_settings(plan)]
    good = removable(names, settings, "no endpoint group declares", diagnostics)
    return [
        Value(plan, setting, None)
        for name in good
        for plan in plans
        for setting in all_settings(plan)
        if setting.name == name
    ]


def removable(
    names: Iterable[str], settings: Sequence[Setting], nobody: str, diagnostics: Diagnostics
) -> list[str]:
    """Return those of `names` that are settings which may have no value; others are errors.

    `nobody` is who does not declare them: "no endpoint group declares".
    """
    good: list[str] = []
    declared = list(dict.fromkeys(setting.name for setting in settings))
    for name in dict.fromkeys(names):
        if name not in declared:
            diagnostics.error(
                "unknown-setting",
                f"{nobody} the setting {name!r}",
                hint=did_you_mean(name, declared)
                or ("the settings are " + ", ".join(declared) if declared else None),
            )
        elif not all(may_be_unset(each) for each in settings if each.name == name):
            diagnostics.error(
                "invalid-value", "is required, and can't be left without a value", key=name
            )
        else:
            good.append(name)
    return good
