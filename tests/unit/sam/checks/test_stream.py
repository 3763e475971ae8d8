"""`stream` and `stream_heartbeat`: what they make of a template, and what keeps them from it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from packager.bundle.literals import render_bundle_literals
from packager.errors import Diagnostics
from packager.sam.checks.template import check_template
from packager.sam.template import render_template
from tests.support.template_builders import make_plan


class Loader(yaml.SafeLoader):
    """Reads intrinsic functions as their arguments."""


Loader.add_multi_constructor("!", lambda loader, tag, node: f"{tag} {node.value}")


def resources(**options: Any) -> Any:
    plan = make_plan("GET /", "POST /x", **options)
    return yaml.load(render_template([plan]), Loader)["Resources"]


def diagnostics(**options: Any) -> list[str]:
    collector = Diagnostics()
    check_template([make_plan(**options)], collector)
    return [f"{each.level}: {each.key}: {each.message}" for each in collector.all]


def test_a_function_url_streams() -> None:
    function = resources(api="url", stream=True)["NekoFunction"]["Properties"]

    assert function["FunctionUrlConfig"] == {"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"}
    assert "InvokeMode" not in str(resources(api="url"))


@pytest.mark.parametrize("routes", ["all", "declared"])
@pytest.mark.parametrize("timeout", [29, 900])
def test_every_method_of_a_rest_api_streams(routes: str, timeout: int) -> None:
    function = resources(api="rest", stream=True, routes=routes, timeout=timeout)["NekoFunction"]

    events = [event["Properties"] for event in function["Properties"]["Events"].values()]
    assert len(events) >= 2
    for event in events:
        assert event["ResponseTransferMode"] == "RESPONSE_STREAM"
        assert event.get("TimeoutInMillis") == (900_000 if timeout == 900 else None)
    assert "ResponseTransferMode" not in str(resources(api="rest"))


def test_the_bundle_knows() -> None:
    literals = render_bundle_literals(make_plan(stream=True, stream_heartbeat=15))

    assert "STREAM = True\nSTREAM_HEARTBEAT = 15\n" in literals
    assert "STREAM = False\nSTREAM_HEARTBEAT = 0\n" in render_bundle_literals(make_plan())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"api": "url", "stream": True, "stream_heartbeat": 15, "timeout": 900}, []),
        ({"api": "rest", "stream": True, "timeout": 900}, []),
        (
            {
                "api": "url",
                "stream": True,
                "template": {"VpcConfig": {"SubnetIds": ["a"], "SecurityGroupIds": ["b"]}},
            },
            ["warning: stream: a function URL does not stream out of a VPC: replies are buffered"],
        ),
        (
            {"api": "rest", "timeout": 30},
            ["error: timeout: a REST API waits at most 29 s, not 30"],
        ),
        (
            {"stream": True},
            ["error: stream: an HTTP API buffers replies, so nothing would stream"],
        ),
        (
            {"api": "url", "stream": True, "entry": "stock"},
            ["error: stream: entry = \"stock\" means AWS's client, which can't stream"],
        ),
        (
            {"api": "url", "stream": True, "adapter": "mangum"},
            ["error: stream: adapter = \"mangum\" means AWS's client, which can't stream"],
        ),
        (
            {"api": "url", "stream_heartbeat": 15},
            ["warning: stream_heartbeat: says nothing without stream = true"],
        ),
    ],
)
def test_what_can_not_stream_is_said(options: dict[str, Any], expected: list[str]) -> None:
    assert diagnostics(**options) == expected
