"""Asks on a terminal for an endpoint's name and settings."""

from __future__ import annotations

from packager.cli.console import ask, echo
from packager.cli.questions import Present, ask_setting
from packager.endpoints.endpoint import name_problem
from packager.endpoints.function import ManagedFunction, Values
from packager.endpoints.given import Given
from packager.model.plugin import Setting
from packager.plugin.value_sources import source_label
from packager.settings.language import text_in
from packager.settings.show import shown_value
from packager.settings.values import value_of_text


def ask_name(function: ManagedFunction) -> str:
    """Return a name that an endpoint can have and none has."""
    while True:
        name = ask("Name of the endpoint", hidden=False).strip()
        problem = name_problem(name)
        if problem is None and function.store.named(name) is not None:
            problem = f"there is an endpoint named {name} already"
        if problem is None:
            return name
        echo(problem)


def ask_given(function: ManagedFunction, before: Values | None, language: str) -> dict[str, Given]:
    """Return what is answered for the settings of a new endpoint, or of one that has `before`."""
    declaration = function.declaration
    title = text_in(declaration.label, language) or declaration.plugin
    echo(
        title
        if declaration.group in (title, declaration.plugin)
        else f"{title}: {declaration.group}"
    )
    given: dict[str, Given] = {}
    for setting in declaration.settings:
        text = ask_setting([setting], language, _present(setting, before), required=True)
        if text is None:
            given[setting.name] = Given(None)
        elif text:
            given[setting.name] = Given(value_of_text(setting, text))
    return given


def _present(setting: Setting, values: Values | None) -> Present | None:
    if values is None:
        return None
    if setting.name in values.references:
        return Present(source_label(values.references[setting.name]))
    value = values.plain.get(setting.name)
    if value is None:
        return None
    return Present(None if setting.type == "secret-input" else shown_value(setting, value))
