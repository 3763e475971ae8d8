"""Says where the values of a function's settings come from, never which they are."""

from __future__ import annotations

from typing import assert_never

from packager.model import (
    AwsSource,
    EnvSource,
    FunctionPlan,
    LiteralSource,
    SecretSource,
    Setting,
    Source,
    SsmSource,
)


def aws_sources(plan: FunctionPlan) -> tuple[AwsSource, ...]:
    """Give every parameter and secret that a function reads, each once, in the plan's order."""
    options = plan.options
    found = [
        source
        for source in (*options.sources.values(), options.settings_from)
        if isinstance(source, SsmSource | SecretSource)
    ]
    return tuple(dict.fromkeys(found))


def setting_source(plan: FunctionPlan, setting: Setting) -> str | None:
    """Say where a setting's value comes from; None if it comes from nowhere."""
    source = plan.options.settings.get(setting.name)
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
