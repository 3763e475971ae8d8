"""Asks on a terminal for what makes a subscription: credentials, parameters, workflows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from packager.cli.console import ask, echo, warn
from packager.cli.questions import ask_setting
from packager.endpoints.endpoint import name_problem
from packager.errors import PackagerError
from packager.formatting import columns
from packager.inputs.suggestions import did_you_mean
from packager.model.plugin import Parameter, Setting, TriggerEvent, TriggerProvider
from packager.settings.language import text_in
from packager.settings.values import WrongValue, may_be_unset, value_of_text
from packager.subscriptions.constructor import Option
from packager.subscriptions.given import TWICE
from packager.subscriptions.job import Job
from packager.subscriptions.parameters import parameter_of_text, takes_several
from packager.subscriptions.subscription import CredentialType, Workflow

_METHODS: Mapping[CredentialType, str] = {
    "api-key": "credentials of yours, with which it is made for you",
    "oauth2": "your consent in the browser (OAuth)",
    "unauthorized": "by hand: you tell the service its address",
}
_MOST_OPTIONS = 40  # that are listed


def ask_name(job: Job) -> str:
    """Return a name that a subscription can have and none has."""
    while True:
        name = ask("Name of the subscription", hidden=False).strip()
        problem = name_problem(name)
        if problem is None and job.function.store.named(name) is not None:
            problem = f"there is a subscription named {name} already"
        if problem is None:
            return name
        echo(problem)


def ask_method(found: Sequence[CredentialType]) -> CredentialType:
    """Return how a subscription is to be made, the first if nothing is answered."""
    if len(found) == 1:
        return found[0]
    for number, each in enumerate(found, 1):
        echo(f"{number}  {_METHODS[each]}")
    while True:
        answer = ask(f"How is it made (1 to {len(found)}, 1 if empty)", hidden=False).strip()
        if answer in ("", *(str(number) for number in range(1, len(found) + 1))):
            return found[int(answer or "1") - 1]
        echo("answer with one of the numbers")


def ask_settings(settings: Sequence[Setting], language: str) -> dict[str, Any]:
    """Return the values of settings; those that nothing was answered for are absent."""
    values: dict[str, Any] = {}
    for setting in settings:
        text = ask_setting([setting], language, None, required=True)
        if text:
            values[setting.name] = value_of_text(setting, text)
    return values


def ask_parameters(
    parameters: Sequence[Parameter],
    language: str,
    options: Callable[[str], Sequence[Option]] | None = None,
) -> dict[str, Any]:
    """Return the values of parameters; `options` asks the service what one may be."""
    values: dict[str, Any] = {}
    for parameter in parameters:
        offered: Sequence[Option] = ()
        if parameter.type == "dynamic-select" and options is not None:
            try:
                offered = options(parameter.name)
            except PackagerError as error:  # it can be written all the same
                warn(str(error))
        value = _ask_parameter(parameter, language, offered)
        if value is not None:
            values[parameter.name] = value
    return values


def ask_workflows(provider: TriggerProvider, language: str) -> tuple[Workflow, ...]:
    """Return which events start which apps."""
    echo("Which events start which app? Their names are")
    shown = [(each.name, text_in(each.label, language)) for each in provider.events]
    echo(columns(shown[:_MOST_OPTIONS], "  ").rstrip("\n"))
    if len(shown) > _MOST_OPTIONS:
        echo(f"  ... and {len(shown) - _MOST_OPTIONS} more: packager list")
    workflows: list[Workflow] = []
    names = [each.name for each in provider.events]
    while True:
        answer = ask("Event (nothing to end)", hidden=False).strip()
        if not answer:
            return tuple(workflows)
        event = provider.event(answer)
        if event is None:
            echo(f"there is no event {answer}; " + (did_you_mean(answer, names) or ""))
            continue
        app = ask("Id of the app that it starts", hidden=False).strip()
        if not app:
            continue
        if any((each.event, each.app) == (event.name, app) for each in workflows):
            echo(f"it starts that app already, {TWICE}")
            continue
        parameters = ask_parameters(event.parameters, language)
        workflows.append(Workflow(event.name, app, parameters, _ask_inputs(event)))


def _ask_inputs(event: TriggerEvent) -> dict[str, str]:
    known = event.variables
    if known:
        echo("Its variables are " + ", ".join(known))
    question = "Inputs of the app, as input=variable, between commas (nothing: all by their names)"
    while True:
        answer = ask(question, hidden=False).strip()
        pairs = [each.partition("=") for each in answer.split(",") if each.strip()]
        inputs = {name.strip(): path.strip() for name, _, path in pairs}
        unknown = [
            path
            for name, path in inputs.items()
            if not name or not path or (known is not None and path.partition(".")[0] not in known)
        ]
        if not unknown:
            return inputs
        echo("that is no variable of the event, or not of the form input=variable")


def _ask_parameter(parameter: Parameter, language: str, offered: Sequence[Option]) -> Any:
    label = text_in(parameter.label, language) or parameter.name
    for words in (parameter.help, parameter.placeholder):
        about = text_in(words, language)
        if about and about != label:
            echo(about)
    known = [(each.value, text_in(each.label, language)) for each in offered]
    known = known or [
        (each, text_in(parameter.option_labels.get(each, {}), language))
        for each in parameter.options
    ]
    if known:
        rows = [(value, "" if text == value else text) for value, text in known[:_MOST_OPTIONS]]
        echo(columns(rows, "  ").rstrip("\n"))
        if len(known) > _MOST_OPTIONS:
            echo(f"  ... and {len(known) - _MOST_OPTIONS} more")
    form = ", some, between commas" if takes_several(parameter) else ""
    if parameter.type == "boolean":
        form = ", yes or no"
    default = parameter.default
    empty = "" if default is None else f", {_shortened(default)} if empty"
    question = f"{label} ({parameter.name}{form}{empty})"
    while True:
        answer = ask(question, hidden=parameter.type == "secret-input")
        try:
            value = parameter_of_text(parameter, answer)
        except WrongValue as wrong:
            echo(str(wrong))
            continue
        if value is None and not may_be_unset(parameter):
            echo("it is required")
            continue
        return value


def _shortened(default: Any) -> str:
    if isinstance(default, list) and len(default) > 3:
        return f"{', '.join(map(str, default[:3]))} and {len(default) - 3} more"
    return default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)
