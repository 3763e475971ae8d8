"""Asks for the values of settings that are in AWS, each place once."""

from __future__ import annotations

from collections.abc import Sequence

from packager.cli.questions import Present, ask_setting
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings
from packager.settings.aws import Aws
from packager.settings.targets import Target, target_of, targets_with_values
from packager.settings.values import value_of_text
from packager.settings.writes import Value


def ask_values(plans: Sequence[FunctionPlan], language: str, aws: Aws) -> list[Value]:
    """Ask for the settings that are in AWS, each place once; an empty answer gives no value.

    What has a value already is told apart, where `aws` lets it be read.
    """
    places: dict[Target, list[tuple[FunctionPlan, Setting]]] = {}
    for plan in plans:
        for setting in all_settings(plan):
            target = target_of(plan, setting)
            if target is not None:
                places.setdefault(target, []).append((plan, setting))
    values: list[Value] = []
    present = targets_with_values(places, aws)
    for target, there in places.items():
        settings = [setting for _, setting in there]
        text = ask_setting(settings, language, Present() if target in present else None)
        if text is None:
            values += [Value(*each, None) for each in there]
        elif text != "":
            values += [Value(*each, value_of_text(each[1], text)) for each in there]
    return values
