"""Reads the real values of settings, as a function would, and finds what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from packager.errors import SETTING_UNSET, Diagnostics
from packager.model.options import AwsSource, EnvSource, LiteralSource, SecretSource, SsmSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import (
    all_settings,
    aws_sources,
    place_of,
    setting_source,
    source_label,
    source_of,
)
from packager.settings.aws import Aws
from packager.settings.targets import target_of
from packager.settings.values import WrongValue, value_of_json, value_of_text

State = Literal["ok", "default", "not set", "wrong", "at the deployment"]


@dataclass(frozen=True, slots=True)
class CheckedSetting:
    """How a setting's value was found to be."""

    name: str
    source: str | None
    state: State


def check_values(
    plans: Sequence[FunctionPlan],
    diagnostics: Diagnostics,
    environment_of: Callable[[FunctionPlan], Mapping[str, str]],
    make_aws: Callable[[], Aws],
) -> list[tuple[FunctionPlan, list[CheckedSetting]]]:
    """Return the state of every setting of `plans`; what is wrong goes into `diagnostics`.

    AWS is asked for all parameters and secrets that they name, if there are any. Raises
    `PackagerError` where it can't be asked.
    """
    texts = _texts([source for plan in plans for source in aws_sources(plan)], make_aws)
    return [
        (
            plan,
            [
                _check(plan, setting, environment_of(plan), texts, diagnostics)
                for setting in all_settings(plan)
            ],
        )
        for plan in plans
    ]


def _texts(
    sources: Sequence[AwsSource], make_aws: Callable[[], Aws]
) -> dict[tuple[type, str], str | bytes]:
    """Return what parameters and secrets hold, by kind and name; the missing ones are absent."""
    if not sources:
        return {}
    aws = make_aws()
    names = dict.fromkeys(each.name for each in sources if isinstance(each, SsmSource))
    found: dict[tuple[type, str], str | bytes] = {
        (SsmSource, name): parameter.value
        for name, parameter in aws.parameters(list(names)).items()
    }
    for name in dict.fromkeys(each.name for each in sources if isinstance(each, SecretSource)):
        text = aws.secret(name)
        if text is not None:
            found[SecretSource, name] = text
    return found


def _check(
    plan: FunctionPlan,
    setting: Setting,
    environment: Mapping[str, str],
    texts: Mapping[tuple[type, str], str | bytes],
    diagnostics: Diagnostics,
) -> CheckedSetting:
    source, place = source_of(plan, setting), place_of(plan, setting)
    label = setting_source(plan, setting)

    def diagnostic(message: str) -> CheckedSetting:
        where = f"{label}: " if label and label != "default" else ""
        diagnostics.error("invalid-value", where + message, place, key=setting.name)
        return CheckedSetting(setting.name, label, "wrong")

    try:
        if isinstance(source, LiteralSource):
            value: Any = source.value
        elif isinstance(source, EnvSource):
            if source.name not in environment:
                return CheckedSetting(setting.name, label, "at the deployment")
            value = value_of_text(setting, environment[source.name])
        else:
            value = _in_aws(plan, setting, texts)
    except WrongValue as wrong:
        return diagnostic(str(wrong))
    if value is not None:
        return CheckedSetting(setting.name, label, "ok")
    if setting.default is not None:
        return CheckedSetting(setting.name, label, "default")
    if setting.required:
        diagnostics.error(
            SETTING_UNSET,
            f"{label}: is required and not set" if label else "is required and not set",
            place,
            key=setting.name,
            hint="give it a value: packager settings prompt" if label else None,
        )
    return CheckedSetting(setting.name, label, "not set")


def _in_aws(
    plan: FunctionPlan, setting: Setting, texts: Mapping[tuple[type, str], str | bytes]
) -> Any:
    target = target_of(plan, setting)
    if target is None:
        return None
    source, key = target
    text = texts.get((type(source), source.name))
    if text is None:
        return None
    if isinstance(text, bytes):
        raise WrongValue("is binary, expected text")
    if key is None:
        return value_of_text(setting, text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongValue(f"{source_label(source)} is not valid JSON") from None
    if not isinstance(document, dict):
        raise WrongValue(f"the JSON of {source_label(source)} is no object")
    return value_of_json(setting, document.get(key))
