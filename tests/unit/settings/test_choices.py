"""Choices of settings beside what is configured to answer them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packager.config.calls.choices import choices_of
from packager.console.selectors import chosen_model, chosen_tool
from packager.errors import Diagnostics
from packager.local.missing_values import RunValues, concerns
from packager.model.calls import InnerDify, Models, Tool
from packager.model.options import EnvSource, Options
from packager.plugin.functions import FunctionPlan
from packager.settings.choices import unanswered
from packager.settings.local_file import LocalSettings, Written
from packager.settings.local_file_check import check_local
from packager.settings.values import checked
from tests.support.plugins import make_group, make_plugin
from tests.support.template_builders import PLACE, make_setting

BEDROCK = Models("bedrock", names={"openai/gpt-4o": "a.b", "nova": "a.c"})
ANY = Models("bedrock", names={"*": "a.b"})
MCP = Tool("mcp", "https://x")


def app(name: str) -> dict[str, Any]:
    return {"app_id": name, "inputs": {}, "type": "app-selector"}


def model(provider: str, name: str) -> dict[str, Any]:
    return {"provider": provider, "model": name, "model_type": "llm", "mode": "chat"}


def tool(provider: str, name: str) -> list[dict[str, Any]]:
    return [{"provider_name": provider, "tool_name": name, "enabled": True}]


@pytest.mark.parametrize(
    ("kind", "value", "options", "said"),
    [
        ("app-selector", app("chat"), {"apps": {"chat": EnvSource("K")}}, []),
        ("app-selector", app("chta"), {"apps": {"chat": EnvSource("K")}}, ["app chta: chat"]),
        ("app-selector", app("x"), {"apps": {"*": EnvSource("K")}}, []),
        ("app-selector", app("x"), {}, []),
        ("model-selector", model("a/b/openai", "gpt-4o"), {"models": BEDROCK}, []),
        ("model-selector", model("any", "nova"), {"models": BEDROCK}, []),
        (
            "model-selector",
            model("openai", "gpt-4"),
            {"models": BEDROCK},
            ["model openai/gpt-4: openai/gpt-4o"],
        ),
        (
            "model-selector",
            model("langgenius/openai/openai", "gpt-4"),
            {"models": BEDROCK},
            ["model langgenius/openai/openai/gpt-4: openai/gpt-4o"],
        ),
        ("model-selector", model("openai", "gpt-4"), {"models": ANY}, []),
        ("model-selector", model("o", "m"), {"models": Models("openai", "https://x")}, []),
        ("array[tools]", tool("p/q/weather", "day"), {"tools": {"weather/*": MCP}}, []),
        ("array[tools]", tool("own", "add"), {}, []),
        (
            "array[tools]",
            tool("wether", "day"),
            {"tools": {"weather/day": MCP}},
            ["tool wether/day: weather/day"],
        ),
        ("array[tools]", tool("x", "y"), {}, ["tool x/y: there are: own/add"]),
        (
            "array[tools]",
            tool("x", "y"),
            {"tools": {"weather/day": MCP}, "dify_inner": InnerDify("http://x", "t")},
            [],
        ),
    ],
)
def test_choices(kind: str, value: Any, options: dict[str, Any], said: list[str]) -> None:
    setting = make_setting("s", kind)
    choices = choices_of(Options(**options), ["own/add"])

    assert checked(setting, value) == value
    found = [
        f"{each.kind} {each.name}: {each.hint.removeprefix('did you mean ').rstrip('?')}"
        for each in unanswered(setting, value, choices)
    ]
    assert found == said


@pytest.mark.parametrize(
    ("scope", "more"),
    [
        ("llm&vision", {"model_type": "llm", "mode": "chat", "completion_params": {}}),
        ("text-embedding", {"model_type": "text-embedding"}),
        ("rerank", {"model_type": "rerank", "score_threshold": 0.0, "top_n": 3}),
        ("tts", {"model_type": "tts", "voice": "default"}),
        (None, {"model_type": "llm", "mode": "chat", "completion_params": {}}),
    ],
)
def test_a_model_by_its_name(scope: str | None, more: dict[str, Any]) -> None:
    setting = replace(make_setting("s", "model-selector"), scope=scope)

    found = chosen_model(setting, "a/b/openai/gpt-4o")

    assert found == {"provider": "a/b/openai", "model": "gpt-4o", **more}
    assert checked(setting, found) == found


def test_a_tool_by_its_name() -> None:
    found = chosen_tool("a/weather/day")

    assert (found["provider_name"], found["tool_name"]) == ("a/weather", "day")


@pytest.mark.parametrize("code", ["unanswered-call", "unanswered-choice", "app-key-unset"])
def test_what_the_stand_in_answers_is_no_concern_of_a_run_with_it(code: str) -> None:
    said = Diagnostics()
    said.warn(code, "is answered by nothing", PLACE)  # type: ignore[arg-type]

    assert [concerns(said.all[0], RunValues({}, fake_dify=fake)) for fake in (False, True)] == [
        True,
        False,
    ]


def test_choices_of_runs_on_this_machine(tmp_path: Path) -> None:
    settings = (make_setting("bot", "app-selector"), make_setting("llm", "model-selector"))
    group = replace(make_group("one", "a.py", PLACE), settings=settings)
    options = Options(apps={"chat": EnvSource("K")}, models=BEDROCK)
    plan = FunctionPlan(make_plugin(tmp_path, {"one": options}, group), group, "One", options)
    values = {"bot": app("helper"), "llm": model("openai", "gpt-4")}
    written = {name: Written(PLACE, f"settings.{name}") for name in values}
    said = []
    for apps in ({"helper": "key"}, {"other": "key"}):
        diagnostics = Diagnostics()
        check_local(plan, [plan], LocalSettings(values, apps, written=written), diagnostics)
        said.append([(each.code, each.key) for each in diagnostics.all])
        assert [each for each in diagnostics.all if concerns(each, RunValues({}))]
        assert not [e for e in diagnostics.all if concerns(e, RunValues({}, fake_dify=True))]

    missing = ("unanswered-choice", "settings.llm")
    assert said == [[missing], [("unanswered-choice", "settings.bot"), missing]]
