"""Tells what settings a function has and where their values come from; secrets stay masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packager.dataclass import dataclass
from packager.model.options import EnvSource, LiteralSource, SecretSource, SsmSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings, setting_source, source_of

MASK = "***"
_MAX_SHOWN = 40  # characters of a value


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting as it may be shown. `value` is what can be said of it: nothing of a secret."""

    name: str
    type: str
    required: bool
    source: str | None
    value: str | None


def show_settings(plan: FunctionPlan, environment: Mapping[str, str]) -> list[ShownSetting]:
    """Return the settings of a function; `environment` is where variables would come from here."""
    return [
        ShownSetting(
            setting.name,
            setting.type,
            setting.required,
            setting_source(plan, setting),
            _value(plan, setting, environment),
        )
        for setting in all_settings(plan)
    ]


def _value(plan: FunctionPlan, setting: Setting, environment: Mapping[str, str]) -> str | None:
    match source_of(plan, setting):
        case EnvSource(name):
            return "set here" if name in environment else "not set here"
        case LiteralSource(value):
            return shown_value(setting, value)
        case SsmSource() | SecretSource():
            return MASK
    if plan.options.settings_from is not None:
        return MASK
    return shown_value(setting, setting.default) if setting.default is not None else None


def shown_value(setting: Setting, value: Any) -> str:
    """Return a value as it may be shown, the start of it where it is long; nothing of a secret."""
    if setting.type == "secret-input":
        return MASK
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
