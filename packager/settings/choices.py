"""Checks the apps, models and tools that settings choose against what is configured to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from packager.config.calls.choices import Choices, choices_of
from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.inputs.suggestions import did_you_mean
from packager.model.calls import ALL_TOOLS
from packager.model.options import LiteralSource
from packager.model.plugin import Setting
from packager.plugin.functions import FunctionPlan

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A choice that nothing answers: what it is of, its name, and where one is configured."""

    kind: str
    name: str
    table: str
    hint: str

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"chooses the {self.kind} {self.name}, which nothing under {self.table} answers"


def unanswered(setting: Setting, value: object, choices: Choices) -> Iterator[Unanswered]:
    """Yield what a setting's value chooses and nothing answers."""
    if setting.type == "app-selector" and choices.apps is not None:
        app = value.get("app_id") if isinstance(value, Mapping) else None
        if isinstance(app, str) and app not in choices.apps:
            yield Unanswered("app", app, "[apps]", _hint((app,), choices.apps))
    elif setting.type == "model-selector" and choices.models is not None:
        model = _name(value, "provider", "model")
        names = _model_names(*model) if model else ()
        if names and not any(each in choices.models for each in names):
            yield Unanswered("model", names[0], "[models.names]", _hint(names, choices.models))
    elif setting.type == "array[tools]" and choices.tools is not None:
        for each in value if isinstance(value, list) else ():
            tool = _name(each, "provider_name", "tool_name") or _name(
                each, "provider_id", "tool_name"
            )
            if tool and not any(name in choices.tools for name in _tool_names(*tool)):
                name = f"{tool[0].rpartition('/')[2]}/{tool[1]}"
                yield Unanswered("tool", name, "[tools]", _hint((name,), choices.tools))


def warn_of_choices(plans: Iterable[FunctionPlan], diagnostics: Diagnostics) -> None:
    """Note the apps, models and tools that settings of `plans` choose and nothing answers."""
    for plan in plans:
        choices = choices_of(plan.options, plan.plugin.own_tools)
        for setting in plan.settings:
            source = plan.options.settings.get(setting.name)
            if isinstance(source, LiteralSource):
                key = f"settings.{setting.name}"
                at = plan.options.place(key), key
                warn_of_choice(setting, source.value, choices, at, diagnostics)


def warn_of_choice(
    setting: Setting,
    value: object,
    choices: Choices,
    at: tuple[Place | None, str],
    diagnostics: Diagnostics,
) -> None:
    """Note what a setting's value chooses and nothing answers; `at` is its place and its key."""
    place, key = at
    for each in unanswered(setting, value, choices):
        diagnostics.warn("unanswered-choice", each.message, place, key=key, hint=each.hint)


def _hint(names: Iterable[str], known: Sequence[str]) -> str:
    """Return which of the `known` may have been meant, by any of its names, or which there are."""
    near = next(filter(None, (did_you_mean(each, known) for each in names)), None)
    more = ", ..." if len(known) > _MOST_NAMED else ""
    return near or f"there are: {', '.join(known[:_MOST_NAMED])}{more}"


def _name(value: object, first: str, second: str) -> tuple[str, str] | None:
    found: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    names = str(found.get(first) or ""), str(found.get(second) or "")
    return names if all(names) else None


def _model_names(provider: str, model: str) -> tuple[str, ...]:
    """Return by which names the runtime looks a model up (`calls.model_names`)."""
    return f"{provider}/{model}", f"{provider.rpartition('/')[2]}/{model}", model


def _tool_names(provider: str, tool: str) -> tuple[str, ...]:
    """Return by which names the runtime looks a tool up (`calls.tools.find`)."""
    short = provider.rpartition("/")[2]
    return tuple(f"{each}/{name}" for name in (tool, ALL_TOOLS) for each in (provider, short))
