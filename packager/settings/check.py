"""Reads the real values of settings, as a function would, and finds what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from packager.dataclass import dataclass
from packager.errors import SETTING_UNSET, Diagnostics
from packager.model.options import EnvSource, LiteralSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import (
    all_settings,
    aws_sources,
    place_of,
    setting_source,
    source_of,
)
from packager.settings.aws import Aws
from packager.settings.remote_values import Texts, texts_of, value_at
from packager.settings.targets import target_of
from packager.settings.values import WrongValue, value_of_text

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
    sources = [source for plan in plans for source in aws_sources(plan)]
    texts = texts_of(sources, make_aws()) if sources else {}
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


def _check(
    plan: FunctionPlan,
    setting: Setting,
    environment: Mapping[str, str],
    texts: Texts,
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


def _in_aws(plan: FunctionPlan, setting: Setting, texts: Texts) -> Any:
    target = target_of(plan, setting)
    return None if target is None else value_at(setting, target, texts)
