"""Deferred routes in the template: resources, permissions, the worker, the limits of a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packager.errors import Diagnostics
from packager.model.deferred import DeferredRoute, RequestValue, WorkerOptions
from packager.plugin.functions import FunctionPlan
from packager.sam.makefile import render_makefile
from packager.sam.template import check_template, render_template
from tests.support.template_builders import make_plan, translate
from tests.support.template_tools import TemplateTool

ORDERED = DeferredRoute(
    path="/chat",
    verify="a:b",
    dedupe=RequestValue(pointer="/update_id"),
    order_by=RequestValue(pointer="/chat/id"),
)
PLAIN = DeferredRoute(path="/hook", verify="a:b", dedupe=RequestValue(header="X-Delivery"))
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def plan_of(*routes: DeferredRoute, name: str = "neko", **options: Any) -> FunctionPlan:
    return make_plan("POST /hook", "POST /chat", name=name, deferred=routes, **options)


def whole(name: str = "neko") -> FunctionPlan:
    """A function with everything on."""
    worker = WorkerOptions(timeout=120, max_concurrency=5, alarm_topic=TOPIC)
    template = {
        "Tracing": "Active",
        "AutoPublishAlias": "live",
        "Environment": {"Variables": {"MODE": "a"}},
        "ReservedConcurrentExecutions": 5,
    }
    return plan_of(PLAIN, ORDERED, name=name, worker=worker, template=template)


def resources_of(plan: FunctionPlan) -> dict[str, Any]:
    found: dict[str, Any] = translate(render_template([plan]))["Resources"]
    return found


def allowed(role: dict[str, Any]) -> dict[str, list[str]]:
    """The actions of a role, and what each is for."""
    [policy] = role["Properties"]["Policies"]
    found: dict[str, list[str]] = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        named = statement["Resource"]
        texts = [json.dumps(each) for each in (named if isinstance(named, list) else [named])]
        for action in statement["Action"]:
            found.setdefault(action, []).extend(texts)
    return found


def arn(name: str) -> str:
    return json.dumps({"Fn::GetAtt": [name, "Arn"]})


def test_a_function_that_defers_nothing_has_none_of_it() -> None:
    template = render_template([make_plan("POST /hook")])
    assert "Worker" not in template
    assert "Queue" not in template


def test_what_a_plain_route_needs() -> None:
    found = resources_of(plan_of(DeferredRoute(path="/hook"), max_body=1000))
    added = found.keys() - resources_of(make_plan("POST /hook", "POST /chat")).keys()
    assert {each for each in added if "Deployment" not in each} == {
        "NekoDeferredQueue",
        "NekoDeferredDeadLetterQueue",
        "NekoDeferredAlarm",
        "NekoFunctionWorker",
        "NekoFunctionWorkerOnDeferredQueue",
        "NekoWorkerRole",
        "NekoWorkerLogGroup",
    }
    queue = found["NekoDeferredQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == 1800  # six times the worker's timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 8


def test_the_worker_is_the_same_code_with_its_own_events() -> None:
    found = resources_of(whole())
    front = found["NekoFunction"]["Properties"]
    worker = found["NekoFunctionWorker"]["Properties"]
    for same in ("Code", "Handler", "Runtime", "Architectures", "TracingConfig", "MemorySize"):
        assert worker[same] == front[same]
    assert worker["Timeout"] == 120
    assert "ReservedConcurrentExecutions" not in worker
    ours = worker["Environment"]["Variables"]
    assert front["Environment"]["Variables"].items() <= ours.items()
    assert ours.keys() - front["Environment"]["Variables"].keys() == {
        "PACKAGER_DEFERRED_DEAD_QUEUE",
        "PACKAGER_ORDERED_DEAD_QUEUE",
        "PACKAGER_DEFERRED_TABLE",
    }
    mapped = found["NekoFunctionWorkerOnOrderedQueue"]["Properties"]
    assert mapped["BatchSize"] == 1
    assert mapped["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapped["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_each_role_allows_what_its_function_does() -> None:
    found = resources_of(whole())
    front, worker = allowed(found["NekoRole"]), allowed(found["NekoWorkerRole"])
    deferred, ordered = arn("NekoDeferredQueue"), arn("NekoOrderedQueue")
    objects = '{"Fn::Sub": "${NekoDeferredBucket.Arn}/*"}'
    assert front["sqs:SendMessage"] == [deferred, ordered]
    assert front["s3:PutObject"] == [objects]
    assert not {"sqs:ReceiveMessage", "dynamodb:PutItem", "s3:GetObject"} & front.keys()
    assert worker["sqs:ChangeMessageVisibility"] == [deferred, ordered]
    assert worker["sqs:SendMessage"] == [
        arn("NekoDeferredDeadLetterQueue"),
        arn("NekoOrderedDeadLetterQueue"),
    ]
    assert worker["s3:GetObject"] == worker["s3:DeleteObject"] == [objects]
    assert "s3:PutObject" not in worker
    assert worker["dynamodb:PutItem"] == [arn("NekoDeferredTable")]
    assert "NekoWorkerLogGroup" in worker["logs:PutLogEvents"][0]


def test_what_is_parked_is_encrypted_and_expires() -> None:
    bucket = resources_of(whole())["NekoDeferredBucket"]["Properties"]
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    [orphans] = bucket["LifecycleConfiguration"]["Rules"]
    assert (orphans["Status"], orphans["ExpirationInDays"]) == ("Enabled", 19)


def test_sam_builds_the_worker_by_the_same_recipe(tmp_path: Path) -> None:
    text = render_makefile([plan_of(PLAIN)], folder=tmp_path)
    assert "build-NekoFunction build-NekoFunctionWorker:\n" in text
    assert ".PHONY: build-NekoFunction build-NekoFunctionWorker\n" in text


@pytest.mark.parametrize("variable", ["PACKAGER_DEFERRED_QUEUE", "PACKAGER_ORDERED_DEAD_QUEUE"])
def test_its_variables_are_reserved(variable: str) -> None:
    diagnostics = Diagnostics()
    template = {"Environment": {"Variables": {variable: "x"}}}
    check_template([plan_of(PLAIN, ORDERED, template=template)], diagnostics)
    assert [(each.code, each.message) for each in diagnostics.all] == [
        ("reserved-variable", "tells the function where deferred requests go")
    ]


def test_ten_functions_with_everything_on_lint_clean(
    template_tool: TemplateTool, tmp_path: Path
) -> None:
    plans = [whole(f"neko{letter}") for letter in "abcdefghij"]
    diagnostics = Diagnostics()
    check_template(plans, diagnostics)
    assert diagnostics.all == []
    text = render_template(plans)
    assert len(text.encode()) < 1_000_000
    translated = translate(text)
    assert len(translated["Resources"]) <= 500
    assert len(translated["Outputs"]) <= 200
    (tmp_path / "template.yaml").write_text(text)
    validated = template_tool("sam", "validate", "--lint", "-t", "template.yaml", cwd=tmp_path)
    linted = template_tool(
        "cfn-lint", "-c", "I", "-i", "I6010", "-r", "eu-west-1", "-t", "template.yaml", cwd=tmp_path
    )
    assert (validated.returncode, validated.stderr) == (0, ""), validated.stdout
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")
