"""The table `trigger`, and what a provider's options are whatever the configuration says."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import Diagnostics
from packager.model.deferred import DeferredRoute, RequestValue
from packager.model.options import Options
from packager.plugin.load import load_plugin
from tests.support.plugin_writer import write_plugin
from tests.support.trigger_plugin import write_trigger_plugin


def options_of(root: Path, configuration: str, diagnostics: Diagnostics) -> Options | None:
    write_trigger_plugin(root, {"packager.toml": configuration})
    plugin = load_plugin(root, diagnostics, display="p")
    return None if plugin is None else plugin.options["bell"]


@pytest.mark.parametrize(
    ("configuration", "route"),
    [
        ("", DeferredRoute(path="/")),
        (
            '[trigger]\ndedupe = {header = "X-Id"}\ndedupe_for = 60\n'
            'order_by = {pointer = "/chat"}\n',
            DeferredRoute(
                path="/",
                dedupe=RequestValue(header="X-Id"),
                dedupe_for=60,
                order_by=RequestValue(pointer="/chat"),
            ),
        ),
        (
            '[trigger]\ndedupe_for = 60\n[groups.bell.trigger]\ndedupe = {header = "X-Id"}\n',
            DeferredRoute(path="/", dedupe=RequestValue(header="X-Id")),
        ),
        ('endpoints = "single"\n', DeferredRoute(path="/")),
    ],
)
def test_a_provider_defers_by_its_one_route(
    tmp_path: Path, configuration: str, route: DeferredRoute
) -> None:
    options = options_of(tmp_path, configuration, Diagnostics())

    assert options is not None
    assert (options.deferred, options.is_managed) == ((route,), True)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (
            '[trigger]\ndedup = {header = "X-Id"}\n',
            "p/packager.toml:2:1: trigger.dedup: there is no such key",
        ),
        (
            '[trigger]\nverify = "a:b"\n',
            "p/packager.toml:2:1: trigger.verify: there is no such key",
        ),
        (
            "[trigger]\ndedupe_for = 5\n",
            "p/packager.toml:2:1: trigger.dedupe_for: expected a whole number of seconds from 60 "
            "to 2592000, not 5",
        ),
        (
            'adapter = "mangum"\n',
            'p/packager.toml:1:1: adapter: adapter = "mangum" does not hand on events, which is '
            "what is deferred",
        ),
        (
            "stream = true\n",
            "p/packager.toml:1:1: deferred: nothing is streamed to whoever has been answered: a "
            "function streams or defers",
        ),
    ],
)
def test_a_fault(tmp_path: Path, configuration: str, message: str) -> None:
    diagnostics = Diagnostics()

    options_of(tmp_path, configuration, diagnostics)

    assert [str(each) for each in diagnostics.errors] == [message]


def test_it_says_nothing_without_a_provider(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    configuration = '[trigger]\ndedupe_for = 60\n[settings]\napi_key = {ssm = "/k"}\n'

    load_plugin(write_plugin(tmp_path, {"packager.toml": configuration}), diagnostics, display="p")

    assert [str(each) for each in diagnostics.all] == [
        "p/packager.toml:1:2: trigger: is for trigger providers"
    ]


def test_a_provider_whose_events_can_start_nothing(tmp_path: Path) -> None:
    diagnostics = Diagnostics()

    options_of(tmp_path, "", diagnostics)

    assert [(each.code, str(each)) for each in diagnostics.warnings] == [
        (
            "app-key-unset",
            "p/manifest.yaml:9:7: the events of bell start workflows by their apps' API keys, and "
            "no app has one",
        )
    ]
