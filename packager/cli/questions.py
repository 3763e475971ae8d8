"""Asks on a terminal for the value of a setting, with the plugin's own labels."""

from __future__ import annotations

import json
from collections.abc import Sequence

from packager.cli.console import ask, echo
from packager.dataclass import dataclass
from packager.model.plugin import Setting
from packager.settings.language import text_in
from packager.settings.show import shown_value
from packager.settings.values import WrongValue, is_json, may_be_unset, value_of_text

REMOVED = "-"  # what is answered to have no value any more


@dataclass(frozen=True, slots=True)
class Present:
    """What a setting has already: `text` as it may be shown, None where it is not."""

    text: str | None = None


def ask_setting(
    settings: Sequence[Setting], language: str, present: Present | None, *, required: bool = False
) -> str | None:
    """Return an answer that all of `settings` take, "" for what leaves things as they are, or None.

    None is for no value any more, which can be answered where all of them may have none. The
    settings are those of one place; the first one's words ask. With `required` nothing is no
    answer where there is nothing yet.
    """
    setting = settings[0]
    removable = present is not None and all(map(may_be_unset, settings))
    label = text_in(setting.label, language) or setting.name
    words = text_in(setting.help, language), text_in(setting.placeholder, language)
    for about in dict.fromkeys(words):
        if about and about != label:
            echo(about)
    where = text_in(setting.url, language)
    if where:
        echo(f"where to get it: {where}")
    text = f"{label} ({setting.name}{_form(setting, language)}{_now(setting, present, removable)})"
    while True:
        answer = ask(text, hidden=any(each.type == "secret-input" for each in settings))
        if removable and answer == REMOVED:
            return None
        if setting.type == "app-selector" and answer and not answer.lstrip().startswith("{"):
            answer = json.dumps({"app_id": answer})
        try:
            values = [value_of_text(each, answer) for each in settings]
        except WrongValue as wrong:
            keep = "" if required and present is None else "; leave it empty to keep what there is"
            echo(f"{wrong}{keep}")
            continue
        # Blanks are not a value for most types.
        given = "" if answer == "" or None in values else answer
        if given or present or not required or all(map(may_be_unset, settings)):
            return given
        echo("it is required")


def _form(setting: Setting, language: str) -> str:
    """Return what kind of answer is wanted, where it is not just text."""
    if setting.type == "boolean":
        return ", yes or no"
    if setting.type == "number":
        return ", a number"
    if setting.type == "app-selector":
        return ", an app's id"
    if setting.type == "select":
        several = "some, between commas, of " if setting.multiple else "one of "
        options = ", ".join(_option(setting, option, language) for option in setting.options)
        return f", {several}{options}" if options else ""
    return ", JSON" if is_json(setting) else ""


def _option(setting: Setting, option: str, language: str) -> str:
    """Name an option, with its label where that says more than capitals do."""
    label = text_in(setting.option_labels.get(option, {}), language)
    return option if label.casefold() in ("", option.casefold()) else f"{option} ({label})"


def _now(setting: Setting, present: Present | None, removable: bool) -> str:
    """Return what an empty answer means."""
    if present is None:
        default = setting.default
        return "" if default in (None, "") else f", {shown_value(setting, default)} if empty"
    now = "set already" if present.text is None else f"now {present.text}"
    return f", {now}: empty keeps it" + (f", {REMOVED} removes it" if removable else "")
