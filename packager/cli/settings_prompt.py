"""Asks for the values of settings on a terminal, with the plugin's own labels."""

from __future__ import annotations

import json
from collections.abc import Sequence

from packager.cli.console import ask, echo
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import all_settings
from packager.settings.aws import Aws
from packager.settings.language import text_in
from packager.settings.push import Value
from packager.settings.targets import Target, target_of, targets_with_values
from packager.settings.values import WrongValue, is_json, value_of_text


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
        text = _ask([setting for _, setting in there], language, target in present)
        if text != "":
            values += [Value(*each, value_of_text(each[1], text)) for each in there]
    return values


def _ask(settings: Sequence[Setting], language: str, is_set: bool) -> str:
    """Return an answer that all settings of one place take, or ""; the first one's words ask."""
    setting = settings[0]
    label = text_in(setting.label, language) or setting.name
    words = text_in(setting.help, language), text_in(setting.placeholder, language)
    for about in dict.fromkeys(words):
        if about and about != label:
            echo(about)
    form = _form(setting) + (", set already: empty keeps it" if is_set else "")
    text = f"{label} ({setting.name}{form})"
    while True:
        answer = ask(text, hidden=any(each.type == "secret-input" for each in settings))
        if setting.type == "app-selector" and answer and not answer.lstrip().startswith("{"):
            answer = json.dumps({"app_id": answer})
        try:
            values = [value_of_text(each, answer) for each in settings]
        except WrongValue as wrong:
            echo(f"{wrong}; leave it empty to keep what there is")
        else:
            # Blanks are no value for most types.
            return "" if answer == "" or None in values else answer


def _form(setting: Setting) -> str:
    """Say what kind of answer is wanted, where it is not just text."""
    if setting.type == "boolean":
        return ", yes or no"
    if setting.type == "number":
        return ", a number"
    if setting.type == "app-selector":
        return ", an app's id"
    if setting.type == "select":
        several = "some, between commas, of " if setting.multiple else "one of "
        return f", {several}{', '.join(setting.options)}" if setting.options else ""
    return ", JSON" if is_json(setting) else ""
