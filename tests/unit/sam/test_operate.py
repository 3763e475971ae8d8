"""Alarms, the dashboard, tracing, JSON logs and reserved concurrency in the template."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from packager.errors import Diagnostics
from packager.model.deferred import DeferredRoute
from packager.model.events import AnyEvent, QueueEvent, ScheduleEvent
from packager.plugin.functions import FunctionPlan
from packager.sam.checks.template import check_template
from packager.sam.template import render_template
from tests.support.dashboard_page import faults
from tests.support.template_builders import make_plan, of_type, translate

EVERYTHING: dict[str, Any] = {
    "alarms": "ops@example.com",
    "dashboard": True,
    "metrics": True,
    "tracing": True,
    "logs": "json",
    "reserved_concurrency": 50,
}


def with_events(**options: Any) -> FunctionPlan:
    events = (QueueEvent(path="/jobs"), ScheduleEvent(path="/tick", expression="rate(1 hour)"))
    routes = ("POST /jobs", "POST /tick", "GET /")
    return make_plan(*routes, events=events, **options)


def resources(*plans: FunctionPlan) -> dict[str, Any]:
    return dict(translate(render_template(plans))["Resources"])


def test_nothing_of_it_is_there_by_default() -> None:
    text = render_template([with_events()])
    for word in ("Alarm", "Dashboard", "Tracing", "LogFormat", "Reserved", "xray"):
        assert word not in text


def test_alarms_watch_what_fails_and_tell_one_topic() -> None:
    found = resources(with_events(alarms="ops@example.com"))
    alarms = of_type({"Resources": found}, "AWS::CloudWatch::Alarm")
    metrics = {
        name.removeprefix("Neko").removesuffix("Alarm"): (
            each["Namespace"],
            each["MetricName"],
        )
        for name, each in alarms.items()
    }
    assert metrics == {
        "Errors": ("AWS/Lambda", "Errors"),
        "Throttles": ("AWS/Lambda", "Throttles"),
        "Slow": ("AWS/Lambda", "Duration"),
        "Failures": ("AWS/ApiGateway", "5xx"),
        "EventAge": ("AWS/Lambda", "AsyncEventAge"),
        "DeadJobsDeadLetterQueue": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        "DeadFailedEventsQueue": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        "OldJobsQueue": ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    }
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": "NekoAlarmsTopic"}]
        assert alarm["TreatMissingData"] == "notBreaching"
    assert alarms["NekoSlowAlarm"]["Threshold"] == 26_100  # 0.9 * 29 s, in ms
    topic = found["NekoAlarmsTopic"]["Properties"]
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "ops@example.com"}]
    bare = resources(make_plan(alarms=True))["NekoAlarmsTopic"]["Properties"]
    assert "Subscription" not in bare


@pytest.mark.parametrize(
    ("api", "metric", "dimension"),
    [
        ("http", "5xx", "ApiId"),
        ("rest", "5XXError", "ApiName"),
        ("url", "Url5xxCount", "FunctionName"),
    ],
)
def test_failures_are_those_of_whatever_is_in_front(api: Any, metric: str, dimension: str) -> None:
    found = resources(make_plan(api=api, alarms=True))["NekoFailuresAlarm"]["Properties"]
    assert found["MetricName"] == metric
    assert [each["Name"] for each in found["Dimensions"]] == [dimension]


def test_deferred_requests_tell_the_topic_too() -> None:
    found = resources(make_plan("POST /", alarms=True, deferred=(DeferredRoute(path="/"),)))
    assert found["NekoDeferredAlarm"]["Properties"]["AlarmActions"] == [{"Ref": "NekoAlarmsTopic"}]
    assert "NekoWorkerErrorsAlarm" in found
    assert found["NekoWorkerSlowAlarm"]["Properties"]["Threshold"] > 26_100


def test_records_of_streams_that_wait_raise_an_alarm() -> None:
    plan = make_plan("POST /any", events=(AnyEvent(path="/any"),), alarms=True)
    alarms = of_type({"Resources": resources(plan)}, "AWS::CloudWatch::Alarm")
    alarm = alarms["NekoIteratorAgeAlarm"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("IteratorAge", 900_000)  # ms


def test_the_dashboard_is_one_for_all_and_sound() -> None:
    plans = [with_events(**EVERYTHING), make_plan(name="dog", **EVERYTHING), make_plan(name="cow")]
    [(name, dashboard)] = of_type(
        {"Resources": resources(*plans)}, "AWS::CloudWatch::Dashboard"
    ).items()
    assert name == "OperationsDashboard"
    body = json.loads(dashboard["DashboardBody"]["Fn::Sub"])
    headings = [each for each in body["widgets"] if each["type"] == "text"]
    assert [each["properties"]["markdown"] for each in headings] == [
        "## NekoFunction",
        "## DogFunction",
    ]
    places: set[tuple[int, int]] = set()
    for each in body["widgets"]:
        cells = {
            (each["x"] + x, each["y"] + y)
            for x in range(each["width"])
            for y in range(each["height"])
        }
        assert not cells & places, "two graphs in one place"
        assert max(x for x, _ in cells) < 24
        places |= cells


@pytest.mark.parametrize("api", ["http", "rest", "url"])
def test_cloudwatch_takes_the_dashboard_s_body(api: str) -> None:
    hook = make_plan("POST /hook", api=api, deferred=(DeferredRoute(path="/hook"),), **EVERYTHING)
    found = resources(with_events(name="dog", api=api, **EVERYTHING), hook)
    [dashboard] = of_type({"Resources": found}, "AWS::CloudWatch::Dashboard").values()
    text = dashboard["DashboardBody"]["Fn::Sub"]
    names = {reference.split(".")[0] for reference in re.findall(r"\$\{([^}]*)\}", text)}
    assert names - {"AWS::Region", "AWS::StackName"} <= found.keys()
    body = json.loads(re.sub(r"\$\{[^}]*\.Arn\}", "arn:aws:cloudwatch:r:1:alarm:a", text))
    assert [*faults(body)] == []
    kinds = [each["type"] for each in body["widgets"]]
    assert (kinds.count("text"), kinds.count("alarm"), kinds.count("metric")) == (2, 2, 14)


def test_tracing_is_allowed_to_send_and_json_is_the_format_of_lambda_s_lines_too() -> None:
    found = resources(make_plan(**EVERYTHING))
    function = found["NekoFunction"]["Properties"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["ReservedConcurrentExecutions"] == 50
    assert "xray:PutTraceSegments" in json.dumps(found["NekoRole"])


def test_what_is_kept_ready_is_within_what_is_reserved() -> None:
    diagnostics = Diagnostics()
    plan = make_plan(reserved_concurrency=2, provisioned_concurrency=3)
    check_template([plan], diagnostics)
    assert [each.key for each in diagnostics.errors] == ["provisioned_concurrency"]


def test_ten_functions_with_everything_fit_a_stack() -> None:
    plans = [with_events(name=f"f{each}", **EVERYTHING) for each in "abcdefghij"]
    diagnostics = Diagnostics()
    check_template(plans, diagnostics)
    assert [str(each) for each in diagnostics.errors] == []
    text = render_template(plans)
    assert len(text.encode()) < 1_000_000  # CloudFormation's limit of a template in S3
    assert len(translate(text)["Resources"]) < 500
    assert yaml.compose(text) is not None


def test_a_deployment_can_be_held_to_the_alarms() -> None:
    preference = {"Type": "Canary10Percent5Minutes", "Alarms": [{"Ref": "NekoErrorsAlarm"}]}
    template = {"AutoPublishAlias": "live", "DeploymentPreference": preference}
    diagnostics = Diagnostics()
    check_template([make_plan(alarms=True, template=template)], diagnostics)
    assert [str(each) for each in diagnostics.errors] == []
    check_template([make_plan(template=template)], diagnostics)
    assert len(diagnostics.errors) == 1
