"""Writes a template's parameters: the values of settings that a deployment says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packager.config.dify import ANY_APP
from packager.errors import Diagnostics
from packager.model.options import EnvSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.sam.document import Section, data
from packager.sam.outputs import shortened

_MAX_DESCRIPTION = 4000  # characters, here bytes (CloudFormation, "Parameters")


def parameter_section(plans: Sequence[FunctionPlan], parameters: Mapping[str, str]) -> Section:
    """Return the template's `Parameters`; `parameters` names them by their environment
    variables."""
    section = Section()
    for variable, name in parameters.items():
        users = [
            (plan, setting)
            for plan in plans
            for setting in plan.group.settings
            if plan.options.settings.get(setting.name) == EnvSource(variable)
        ]
        keys = [
            name
            for plan in plans
            for name, source in plan.options.call_keys.items()
            if source == EnvSource(variable)
        ]
        labels = dict.fromkeys(f"{setting.name} of {plan.group.name}" for plan, setting in users)
        labels |= dict.fromkeys(map(_label, keys))
        description = f"Environment variable {variable}: {', '.join(labels)}"
        parameter: dict[str, Any] = {
            "Type": "String",
            "NoEcho": True,
            "Description": shortened(description, _MAX_DESCRIPTION),
        }
        fallbacks = {fallback(setting) for _, setting in users} | ({None} if keys else set())
        if len(fallbacks) == 1 and None not in fallbacks:
            parameter["Default"] = fallbacks.pop()
        section.put(name, parameter)
    return section


def _label(key: str) -> str:
    if not key.startswith("apps."):
        return key
    app_id = key.removeprefix("apps.")
    return "API key of other apps" if app_id == ANY_APP else f"API key of app {app_id}"


def fallback(setting: Setting) -> str | None:
    """Return what a deployment that says nothing of a setting may say; None if it must say."""
    if not setting.has_default or setting.default is None:
        return None if setting.required else ""
    if setting.type == "secret-input":
        return None  # a template holds no secret, not even one the plugin shows
    if setting.type == "text-input":  # any text is taken as it is, an empty one, too
        return setting.default if isinstance(setting.default, str) else None
    return ""  # the runtime takes the declared default in place of nothing


def check_defaults(plan: FunctionPlan, diagnostics: Diagnostics) -> None:
    """Note in `diagnostics` each default that a template can't have as a parameter's.

    CloudFormation puts a parameter's value where it is referred to, and a dynamic reference in it
    becomes what it refers to, a secret of the account say; there is no way to write it as text.
    """
    for setting in plan.group.settings:
        text = fallback(setting)
        from_variable = isinstance(plan.options.settings.get(setting.name), EnvSource)
        if from_variable and text is not None and data(text) != text:
            diagnostics.error(
                "unsafe-default",
                f"the default of {setting.name} holds {{{{resolve, and CloudFormation would put "
                "a value of the account in its place",
                setting.place,
                key="default",
                hint=f"say a value in the configuration: settings.{setting.name}",
            )
