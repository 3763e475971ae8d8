"""Finds required settings that nothing gives a value, and secrets that can be seen."""

from __future__ import annotations

from collections.abc import Iterable

from packager.config.sources import env_name, ssm_name
from packager.contract import LOCAL_SETTINGS
from packager.errors import SETTING_UNSET, Diagnostics
from packager.model.calls import INNER_KEY
from packager.model.options import EnvSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings, place_of, source_of


def warn_of_unset(plans: Iterable[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note every required setting of `plans` without a source and without a default.

    It is no error: such a function builds, and answers each request with 500 until it is set.
    """
    for plan in plans:
        for setting in plan.settings:
            given = setting.name in plan.options.settings or plan.options.settings_from
            if setting.required and not given and setting.default is None:
                key = toml_key(setting.name)
                diagnostics.warn(
                    SETTING_UNSET,
                    f"the required setting {setting.name} gets no value: "
                    "every request will be answered with 500",
                    setting.place,
                    hint=f"say where it is from, in packager.toml under [settings]: {key} = "
                    f"{_source(plan, setting)}; for runs on this machine in {LOCAL_SETTINGS} "
                    f"under [settings]: {key} = ...",
                )


def warn_of_visible(plans: Iterable[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note every secret of `plans` that would be in the environment of its function.

    There it is shown by Lambda's console to whoever may see the function's configuration.
    """
    for plan in plans:
        keys = plan.options.call_keys
        for setting in all_settings(plan):
            source = source_of(plan, setting)
            if setting.type == "secret-input" and isinstance(source, EnvSource):
                diagnostics.warn(
                    "secret-in-environment",
                    f"the secret is in the function's environment, as {source.name}, which "
                    "whoever sees the function's configuration can read",
                    place_of(plan, setting),
                    key=setting.name if setting.name in keys else f"settings.{setting.name}",
                    hint=f'keep it in AWS: {{ssm = "{ssm_name(plan.plugin.name, setting.name)}"}}',
                )


def warn_of_inner_api(plans: Iterable[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note that the functions of `plans` hold a key which opens all of a Dify installation."""
    places = {plan.options.place(INNER_KEY) for plan in plans if INNER_KEY in plan.options.keys}
    for place in sorted(places, key=str):
        diagnostics.warn(
            "inner-api",
            "this key opens the whole installation: every workspace's models, tools, apps and "
            "files, whoever has it",
            place,
            key=INNER_KEY,
            hint="where they will do, [models] and [tools] need no such key: docs/calls.md",
        )


def _source(plan: FunctionPlan, setting: Setting) -> str:
    if setting.type == "secret-input":
        return f'{{ssm = "{ssm_name(plan.plugin.name, setting.name)}"}}'
    return f'{{env = "{env_name(setting.name)}"}}'


def toml_key(name: str) -> str:
    """Return a setting's name as a key of TOML."""
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
