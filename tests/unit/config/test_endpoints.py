"""Managed endpoints in the configuration: what goes with them, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.bundle.literals import render_bundle_literals
from packager.config.read import read_configuration
from packager.errors import Diagnostic, Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.local.missing_values import RunValues, warn_of_lacking
from packager.model.events import EventMapping, QueueEvent
from packager.model.options import EnvSource, Options
from packager.model.plugin import EndpointGroup
from packager.plugin.value_sources import all_settings, setting_source
from packager.settings.unset import warn_of_unset
from tests.support.template_builders import PLACE, make_endpoint, make_plan, make_setting

ONE = EndpointGroup(
    "one", "group/one.yaml", (make_setting("key"),), (make_endpoint("POST /jobs"),), PLACE
)
TWO = EndpointGroup("two", "group/two.yaml", (), (make_endpoint("GET /"),), PLACE)
OWN = "leave it out; `packager endpoints create` takes the values of an endpoint"


def read(folder: Path, text: str) -> tuple[dict[str, Options], list[Diagnostic]]:
    (folder / "packager.toml").write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    options = read_configuration(PluginFolder(folder, "p"), (ONE, TWO), diagnostics)
    return dict(options), diagnostics.all


def test_every_key(tmp_path: Path) -> None:
    options, diagnostics = read(
        tmp_path,
        """
        public_url = "https://hooks.example.com:8443/dify"
        [groups.one]
        endpoints = "managed"
        endpoints_store = "ssm"
        storage_scope = "endpoint"
        events = [{source = "sqs", path = "/jobs", endpoint = "Größe & co"}]
        """,
    )

    assert diagnostics == []
    one, two = options["one"], options["two"]
    assert (one.endpoints, one.endpoints_store, one.storage_scope) == (
        *("managed", "ssm", "endpoint"),
    )
    assert (two.endpoints, two.endpoints_store, two.storage_scope) == (
        *("single", "dynamodb", "plugin"),
    )
    assert one.public_url == two.public_url == "https://hooks.example.com:8443/dify"
    assert one.is_managed
    assert not two.is_managed
    [event] = one.events
    assert event.endpoint == "Größe & co"
    assert event.target == "/e/=Gr%C3%B6%C3%9Fe%20%26%20co/jobs"


def test_an_event_of_a_single_function_goes_to_its_path() -> None:
    assert QueueEvent(path="/jobs").target == "/jobs"


URL = "expected a URL such as https://hooks.example.com, without a slash at its end, not "
MANAGED = 'endpoints = "managed"\n'


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('public_url = "https://a.example/"', [f"1:1: public_url: {URL}'https://a.example/'"]),
        ('public_url = "https://a?b"', [f"1:1: public_url: {URL}'https://a?b'"]),
        ('public_url = "https://u:p@a"', [f"1:1: public_url: {URL}'https://u:p@a'"]),
        ('endpoints = "many"', ["1:1: endpoints: expected one of single, managed, not 'many'"]),
        ('storage_scope = "endpoint"', ['1:1: storage_scope: is for endpoints = "managed"']),
        ('endpoints_store = "ssm"', ['1:1: endpoints_store: is for endpoints = "managed"']),
        (
            'events = [{source = "sns", path = "/jobs", endpoint = "a"}]',
            [
                "1:44: events.endpoint: names one of several endpoints, and these are "
                '"single" (leave it out, or say endpoints = "managed")'
            ],
        ),
        (
            MANAGED + 'events = [{source = "sns", path = "/jobs"}]',
            [
                "2:11: events.endpoint: missing; which of the managed endpoints takes it? "
                '(say its name: endpoint = "acme")'
            ],
        ),
        (
            MANAGED + 'events = [{source = "sns", path = "/jobs", endpoint = " a"}]',
            [
                "2:44: events.0.endpoint: expected the name of an endpoint, 1 to 100 "
                "characters, not ' a'"
            ],
        ),
        (
            MANAGED + 'hook_id = "x"\nsettings_from = {ssm = "/a"}\nsettings = {key = "a"}',
            [
                f"4:13: settings.key: each managed endpoint has its own ({OWN})",
                f"3:1: settings_from: each managed endpoint has its own ({OWN})",
                f"2:1: hook_id: each managed endpoint has its own ({OWN})",
            ],
        ),
    ],
)
def test_faults(tmp_path: Path, text: str, faults: list[str]) -> None:
    _, diagnostics = read(tmp_path, text)

    said = [f"{each}" + (f" ({each.hint})" if each.hint else "") for each in diagnostics]
    assert said == [f"p/packager.toml:{fault}" for fault in faults]


@pytest.mark.parametrize(
    ("kind", "store", "secrets"),
    [
        ("secret-input", "dynamodb", True),
        ("text-input", "dynamodb", False),
        ("secret-input", "ssm", False),
    ],
)
def test_the_literals(kind: str, store: str, secrets: bool) -> None:
    events: tuple[EventMapping, ...] = (QueueEvent(path="/jobs", endpoint="a/b"),)
    plan = make_plan(
        "POST /jobs",
        declared=[make_setting("key", kind)],
        endpoints="managed",
        endpoints_store=store,
        public_url="https://hooks.example.com",
        events=events,
    )
    values: dict[str, object] = {}
    exec(render_bundle_literals(plan), values)

    assert values["ENDPOINTS"] == {"store": store, "secrets": secrets, "storage": "plugin"}
    assert values["PUBLIC_URL"] == "https://hooks.example.com"
    assert values["EVENTS"] == (("sqs", "/e/=a%2Fb/jobs", None),)


def test_a_managed_function_is_configured_with_no_settings() -> None:
    settings = [make_setting("key", "secret-input", required=True)]
    managed = make_plan(declared=settings, endpoints="managed", apps={"a": EnvSource("A")})
    diagnostics = Diagnostics()

    warn_of_unset([managed], diagnostics)
    warn_of_lacking(managed, RunValues({"A": "x"}), diagnostics)

    assert diagnostics.all == []
    assert [setting.name for setting in all_settings(managed)] == ["apps.a"]
    assert setting_source(managed, settings[0]) == "each endpoint"
    warn_of_unset([make_plan(declared=settings)], diagnostics)
    assert len(diagnostics.all) == 1
