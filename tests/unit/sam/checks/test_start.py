"""`provisioned_concurrency` and `snapstart`: what the template has, and what they exclude."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packager.bundle.literals import render_bundle_literals
from packager.config.read import read_configuration
from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.events import QueueEvent, TopicEvent
from packager.model.options import Options
from packager.model.plugin import EndpointGroup
from packager.sam.template import check_template, render_template
from tests.support.template_builders import make_plan, of_type, translate

HERE = Place("p/packager.toml", 2, 1)
PLACES = dict.fromkeys(("snapstart", "provisioned_concurrency"), HERE)
ALIAS = {"Ref": "NekoFunctionAliaslive"}
STARTS: list[dict[str, Any]] = [{"snapstart": True}, {"provisioned_concurrency": 3}]


def faults_of(**options: Any) -> list[tuple[str, str, str | None]]:
    diagnostics = Diagnostics()
    check_template([make_plan(places=PLACES, **options)], diagnostics)
    assert all(diagnostic.place == HERE for diagnostic in diagnostics.all)
    return [(diagnostic.key, diagnostic.message, diagnostic.hint) for diagnostic in diagnostics.all]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("api", ["http", "rest", "url"])
def test_the_alias_is_what_the_public_url_calls(start: dict[str, Any], api: str) -> None:
    template = translate(render_template([make_plan(api=api, **start)]))

    (alias,) = of_type(template, "AWS::Lambda::Alias").values()
    assert (alias["Name"], alias["FunctionName"]) == ("live", {"Ref": "NekoFunction"})
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    assert [each["FunctionName"] for each in permissions] == [ALIAS] * len(permissions)
    if api == "url":
        (url,) = of_type(template, "AWS::Lambda::Url").values()
        assert url["TargetFunctionArn"] == ALIAS
    else:
        kind = "AWS::ApiGatewayV2::Api" if api == "http" else "AWS::ApiGateway::RestApi"
        (gateway,) = of_type(template, kind).values()
        uris = [
            operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            for path in gateway["Body"]["paths"].values()
            for operation in path.values()
        ]
        assert all("functions/${NekoFunctionAliaslive}/invocations" in uri for uri in uris)
    assert template["Outputs"]["NekoFunctionArn"]["Value"] == ALIAS


def test_events_and_their_failures_are_the_aliass() -> None:
    events = (QueueEvent(path="/a"), TopicEvent(path="/b"))
    template = translate(
        render_template([make_plan("POST /a", "POST /b", events=events, **STARTS[0])])
    )

    (mapping,) = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    (subscription,) = of_type(template, "AWS::SNS::Subscription").values()
    (failures,) = of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    assert (mapping["FunctionName"], subscription["Endpoint"]) == (ALIAS, ALIAS)
    assert failures["Qualifier"] == {"Fn::GetAtt": ["NekoFunctionAliaslive", "Name"]} or (
        failures["Qualifier"] == "live"
    )


def test_snapstart_takes_the_stock_entry() -> None:
    plan = make_plan(snapstart=True)
    template = translate(render_template([plan]))

    (function,) = of_type(template, "AWS::Lambda::Function").values()
    assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert "Environment" not in function
    assert plan.entry == "stock"


def test_provisioned_concurrency_keeps_the_fast_entry() -> None:
    plan = make_plan(provisioned_concurrency=3)
    template = translate(render_template([plan]))

    (alias,) = of_type(template, "AWS::Lambda::Alias").values()
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 3}
    assert plan.entry == "fast"


def test_a_change_of_configuration_alone_makes_a_version() -> None:
    """Else the alias would go on with the old memory and variables."""
    versions = {
        name
        for memory in (512, 1024)
        for name in of_type(
            translate(render_template([make_plan(snapstart=True, memory=memory)])),
            "AWS::Lambda::Version",
        )
    }
    assert len(versions) == 2


def test_an_alias_of_ones_own() -> None:
    plan = make_plan(snapstart=True, template={"AutoPublishAlias": "now"})
    template = translate(render_template([plan]))

    (alias,) = of_type(template, "AWS::Lambda::Alias").values()
    assert alias["Name"] == "now"


def test_neither_is_there_unless_asked_for() -> None:
    template = translate(render_template([make_plan()]))

    assert of_type(template, "AWS::Lambda::Alias") == {}
    assert of_type(template, "AWS::Lambda::Version") == {}


@pytest.mark.parametrize(
    "options",
    [
        {"snapstart": True, "runtime": "python3.12"},
        {"snapstart": True, "architecture": "x86_64", "entry": "stock"},
        {"snapstart": True, "template": {"EphemeralStorage": {"Size": 512}}},
        {"provisioned_concurrency": 3, "template": {"ReservedConcurrentExecutions": 3}},
        {"provisioned_concurrency": 3, "runtime": "python3.11"},
        {"provisioned_concurrency": 3, "template": {"DeploymentPreference": {"Type": "AllAtOnce"}}},
    ],
)
def test_what_is_sound(options: dict[str, Any]) -> None:
    assert faults_of(**options) == []


EFS = {
    "FileSystemConfigs": [
        {
            "Arn": "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-1",
            "LocalMountPath": "/mnt/a",
        }
    ]
}


@pytest.mark.parametrize(
    ("options", "diagnostic"),
    [
        (
            {"snapstart": True, "provisioned_concurrency": 1},
            ("snapstart", "excludes provisioned_concurrency", "say one of the two"),
        ),
        (
            {"snapstart": True, "runtime": "python3.11"},
            ("snapstart", "needs Python 3.12 or later", "the runtime is python3.11"),
        ),
        (
            {"snapstart": True, "template": EFS},
            ("snapstart", "excludes file systems (FileSystemConfigs)", None),
        ),
        (
            {"snapstart": True, "template": {"EphemeralStorage": {"Size": 513}}},
            ("snapstart", "takes at most 512 MB of EphemeralStorage, not 513", None),
        ),
        (
            {"provisioned_concurrency": 3, "template": {"ReservedConcurrentExecutions": 2}},
            (
                "provisioned_concurrency",
                "expected at most 2, the function's ReservedConcurrentExecutions",
                None,
            ),
        ),
    ],
)
def test_what_is_refused(options: dict[str, Any], diagnostic: tuple[str, str, str | None]) -> None:
    assert faults_of(**options) == [diagnostic]


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("SnapStart", {"ApplyOn": "PublishedVersions"}, "snapstart"),
        (
            "ProvisionedConcurrencyConfig",
            {"ProvisionedConcurrentExecutions": 1},
            "provisioned_concurrency",
        ),
    ],
)
def test_the_properties_are_said_by_the_keys(name: str, value: object, key: str) -> None:
    diagnostics = Diagnostics()
    check_template([make_plan(template={name: value})], diagnostics)

    assert diagnostics.all == [
        Diagnostic(
            "reserved-property",
            "the packager decides this property",
            None,
            f"template.{name}",
            f"say {key}, a key beside template",
        )
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("snapstart = 1", "expected true or false, not 1"),
        (
            "provisioned_concurrency = -1",
            "expected a whole number of execution environments from 0 to 100000, not -1",
        ),
        (
            "preload = 'json'",
            'expected a list of modules, such as "json" or "webhooks.signature", or false, '
            "not 'json'",
        ),
        (
            "preload = ['a/b.py']",
            'expected a list of modules, such as "json" or "webhooks.signature", or false, '
            "not a list with 'a/b.py'",
        ),
    ],
)
def test_wrong_values(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "packager.toml").write_text(text)
    diagnostics = Diagnostics()
    group = EndpointGroup("g", "g.yaml", (), (), Place("m.yaml", 1, 1))

    options = read_configuration(PluginFolder(tmp_path, "p"), [group], diagnostics)

    assert options == {"g": Options()}
    assert diagnostics.all == [
        Diagnostic("invalid-value", message, Place("p/packager.toml", 1, 1), text.split(" ")[0])
    ]


def test_snapstart_and_the_fast_entry_contradict(tmp_path: Path) -> None:
    (tmp_path / "packager.toml").write_text("snapstart = true\nentry = 'fast'")
    diagnostics = Diagnostics()
    group = EndpointGroup("g", "g.yaml", (), (), Place("m.yaml", 1, 1))

    read_configuration(PluginFolder(tmp_path, "p"), [group], diagnostics)

    (diagnostic,) = diagnostics.all
    assert (diagnostic.message, diagnostic.place) == (
        "snapstart = true needs the stock entry",
        HERE,
    )


def test_preload_reaches_the_bundle_once_each(tmp_path: Path) -> None:
    (tmp_path / "packager.toml").write_text("preload = ['json', 'shop.stock', 'json']")
    group = EndpointGroup("g", "g.yaml", (), (), Place("m.yaml", 1, 1))
    options = read_configuration(PluginFolder(tmp_path, "p"), [group], Diagnostics())["g"]

    values: dict[str, Any] = {}
    exec(render_bundle_literals(make_plan(preload=options.preload)), values)

    assert values["PRELOAD"] == ("json", "shop.stock")


@pytest.mark.parametrize(
    ("said", "one", "several"),
    [
        ("", ("a.py",), ()),
        ("preload = ['json']", ("a.py",), ()),
        ("preload = ['json', 'endpoints']", ("a.py",), ("a.py", "b.py")),
        ("preload = false", (), ()),
    ],
)
def test_which_sources_are_imported_in_the_init_phase(
    tmp_path: Path, said: str, one: tuple[str, ...], several: tuple[str, ...]
) -> None:
    (tmp_path / "packager.toml").write_text(said)
    group = EndpointGroup("g", "g.yaml", (), (), Place("m.yaml", 1, 1))
    options = read_configuration(PluginFolder(tmp_path, "p"), [group], Diagnostics())["g"]

    for sources, expected in ((("a.py", "a.py"), one), (("a.py", "b.py"), several)):
        plan = make_plan(*("GET /" for _ in sources), preload=options.preload)
        routes = zip(plan.group.endpoints, sources, strict=True)
        endpoints = tuple(replace(route, source=source) for route, source in routes)
        plan = replace(plan, group=replace(plan.group, endpoints=endpoints))
        values: dict[str, Any] = {}
        exec(render_bundle_literals(plan), values)
        assert values["PRELOAD_SOURCES"] == expected
        assert values["PRELOAD"] == tuple(n for n in options.preload or () if n != "endpoints")
