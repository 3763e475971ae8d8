"""Planning: ids, their order, and what happens when two are equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import Diagnostic, Diagnostics, Place
from packager.model.options import Options
from packager.model.plugin import EndpointGroup
from packager.plugin.functions import function_id, pascal_case, plan_functions
from packager.plugin.plugin import Plugin
from tests.support.plugins import make_plugin


def group(name: str) -> EndpointGroup:
    return EndpointGroup(name, f"group/{name}.yaml", (), (), Place("manifest.yaml", 9, 7))


def plugin(name: str, *groups: str) -> Plugin:
    options = {each: Options() for each in groups}
    return make_plugin(Path(name), options, *map(group, groups), display=name, name=name)


@pytest.mark.parametrize(
    ("plugin_name", "group_name", "expected"),
    [
        ("neko", "neko", "NekoFunction"),
        ("slack_bot", "slack-bot", "SlackBotFunction"),
        ("slack_bot", "events", "SlackBotEventsFunction"),
        ("openai-compat", "provider/oaicompat", "OpenaiCompatProviderOaicompatFunction"),
        ("dify2api", "v1", "Dify2apiV1Function"),
        ("猫neko", "端点", "NekoGroupFunction"),
    ],
)
def test_function_id(plugin_name: str, group_name: str, expected: str) -> None:
    assert function_id(plugin_name, group(group_name)) == expected


def test_pascal_case_keeps_inner_capitals() -> None:
    assert pascal_case("myPlugin_v2-x") == "MyPluginV2X"


def test_one_function_per_group_in_order() -> None:
    diagnostics = Diagnostics()
    plans = plan_functions([plugin("b", "b", "x"), plugin("a", "a")], diagnostics)
    assert [plan.logical_id for plan in plans] == ["BFunction", "BXFunction", "AFunction"]
    assert diagnostics.all == []


def test_equal_ids_are_an_error() -> None:
    diagnostics = Diagnostics()
    plan_functions(
        [plugin("slack_bot", "slack_bot"), plugin("slack-bot", "slack-bot")], diagnostics
    )
    assert diagnostics.all == [
        Diagnostic(
            "duplicate-id",
            "the function id SlackBotFunction is taken by group/slack_bot.yaml of slack_bot; "
            "ids must differ",
            Place("manifest.yaml", 9, 7),
            hint="rename the group's file or the plugin, or build them into two folders",
        )
    ]
