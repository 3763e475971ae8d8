"""Says where the values of a function's settings come from, never which they are."""

from __future__ import annotations

from typing import assert_never

from packager.errors import Place
from packager.model.options import (
    AwsSource,
    EnvSource,
    LiteralSource,
    SecretSource,
    Source,
    SsmSource,
)
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan

_APP = "apps."
_LABELS = {
    "models.api_key": "API key of the endpoint that answers calls of models",
    "dify.inner_key": "Key of Dify's inner API, which opens the whole installation",
}


def aws_sources(plan: FunctionPlan) -> tuple[AwsSource, ...]:
    """Return every parameter and secret that a function reads, each once, in the plan's order."""
    options = plan.options
    found = [
        source
        for source in (*options.sources.values(), options.settings_from)
        if isinstance(source, SsmSource | SecretSource)
    ]
    return tuple(dict.fromkeys(found))


def all_settings(plan: FunctionPlan) -> tuple[Setting, ...]:
    """Return the settings that a function is configured with, and the keys that its calls need.

    Such a key is a secret called `apps.<app id>` or `models.api_key`, as in the configuration.
    """
    place = plan.group.place
    keys = (
        Setting(
            name,
            "secret-input",
            True,
            plan.options.place(name) or place,
            label={"en_US": key_label(name)},
        )
        for name in plan.options.call_keys
    )
    declared = {setting.name for setting in plan.settings}
    return (*plan.settings, *(key for key in keys if key.name not in declared))


def source_of(plan: FunctionPlan, setting: Setting) -> Source | None:
    """Return a setting's own source, or a key's; None for one of the group's document."""
    if setting in plan.settings:
        return plan.options.settings.get(setting.name)
    return plan.options.call_keys.get(setting.name)


def key_label(name: str) -> str:
    """Return what a key that calls need is called for people."""
    if not name.startswith(_APP):
        return _LABELS.get(name, f"Key of {name.removesuffix('.token')}")
    app_id = name.removeprefix(_APP)
    return (
        "API key of every other Dify app" if app_id == "*" else f"API key of the Dify app {app_id}"
    )


def place_of(plan: FunctionPlan, setting: Setting) -> Place:
    """Return where the source is written, or else the declaration."""
    key = f"settings.{setting.name}" if setting in plan.group.settings else setting.name
    return plan.options.place(key) or setting.place


def setting_source(plan: FunctionPlan, setting: Setting) -> str | None:
    """Return where a setting's value comes from; None if it comes from nowhere."""
    if plan.options.is_managed and setting in plan.group.settings:
        return "each endpoint"
    source = source_of(plan, setting)
    if source is not None:
        return source_label(source)
    if plan.options.settings_from is not None:
        return f"{source_label(plan.options.settings_from)}, {setting.name} in it"
    return "default" if setting.has_default and setting.default is not None else None


def source_label(source: Source) -> str:
    """Name a source for a message."""
    match source:
        case EnvSource(name):
            return f"environment variable {name}"
        case LiteralSource():
            return "configuration"
        case SsmSource(name):
            return f"SSM parameter {name}"
        case SecretSource(name, None):
            return f"secret {name}"
        case SecretSource(name, key):
            return f"secret {name}, key {key}"
    assert_never(source)
