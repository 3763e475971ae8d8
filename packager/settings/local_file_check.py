"""Checks the values of `settings.local.toml` against what groups declare, before a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from packager.config.calls.choices import choices_of
from packager.config.settings import wanted_of
from packager.errors import Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.settings.choices import warn_of_choice
from packager.settings.local_file import LocalSettings
from packager.settings.unset import toml_key
from packager.settings.values import WrongValue, is_json, value_of_json


def check_local(
    plan: FunctionPlan,
    plans: Sequence[FunctionPlan],
    local: LocalSettings,
    diagnostics: Diagnostics,
) -> None:
    """Note values of `local` that the function `plan` would refuse, names that nothing has, and
    choices that nothing configured answers.

    `plans` are all functions of the plugin: `[settings]` is for the settings of each of them.
    """
    own = {setting.name: setting for setting in plan.group.settings}
    choices = choices_of(plan.options, plan.plugin.own_tools, local.apps)
    all_names = {setting.name for each in plans for setting in each.group.settings}
    for name, value in local.settings.items():
        written = local.written[name]
        if name in own:
            problem = _problem(own[name], value)
            if problem is None:
                warn_of_choice(own[name], value, choices, (written.place, written.key), diagnostics)
            else:
                hint = None
                if own[name].type == "app-selector":
                    hint = f'for example {toml_key(name)} = {{app_id = "..."}}'
                diagnostics.error(
                    "invalid-value", problem, written.place, key=written.key, hint=hint
                )
        elif written.group is not None or name not in all_names:
            known = own if written.group is not None else all_names
            whose = f"the group {written.group} declares" if written.group else "a group declares"
            diagnostics.warn(
                "unknown-setting",
                f"is not a setting that {whose}: no function gets it",
                written.place,
                key=written.key,
                hint=did_you_mean(name, sorted(known)),
            )
    groups = [each.group.name for each in plans]
    for name, place in local.groups.items():
        if name not in groups:
            hint = did_you_mean(name, groups) or "the plugin's groups: " + ", ".join(groups)
            diagnostics.warn(
                "unknown-group", "there is no such group", place, key=f"groups.{name}", hint=hint
            )


def _problem(setting: Setting, value: Any) -> str | None:
    """Return what was expected where `value` is not that; the value is never said."""
    try:
        value_of_json(setting, value)
    except WrongValue as wrong:
        if is_json(setting) and isinstance(value, str):
            return f"expected {wanted_of(setting, value) or 'JSON'}"
        return str(wrong)
    return None
