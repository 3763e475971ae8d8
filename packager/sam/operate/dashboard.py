"""Writes the stack's CloudWatch dashboard: each function's alarms and graphs.

The body is JSON ("Dashboard body structure and syntax") inside of `!Sub`, which puts in the names
that AWS gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from packager.plugin.functions import FunctionPlan
from packager.sam.deferred.resources import kinds
from packager.sam.document import Intrinsic, sub
from packager.sam.names import DASHBOARD, ResourceNames
from packager.sam.operate.alarms import alarm_kinds, dead_letter_queues, failure_metric, own_queues

METRICS_NAMESPACE = "packager"  # of embedded metrics
_COLUMNS, _A_ROW = 24, 3
_WIDTH, _HEIGHT = _COLUMNS // _A_ROW, 6  # of a graph
_ALARMS_HEIGHT = 3


def dashboard_resources(plans: Sequence[FunctionPlan]) -> dict[str, dict[str, Any]]:
    """Return the dashboard of the functions with `dashboard`, by its logical id; none without."""
    shown = [plan for plan in plans if plan.options.dashboard]
    if not shown:
        return {}
    widgets: list[dict[str, Any]] = []
    top = 0
    for plan in shown:
        for widget, height in _headings(plan):
            widgets.append({**widget, "x": 0, "y": top, "width": _COLUMNS, "height": height})
            top += height
        row = list(_row(plan))
        for number, widget in enumerate(row):
            place = {"x": number % _A_ROW * _WIDTH, "y": top + number // _A_ROW * _HEIGHT}
            widgets.append({**widget, **place, "width": _WIDTH, "height": _HEIGHT})
        top += -(-len(row) // _A_ROW) * _HEIGHT
    body = sub(json.dumps({"widgets": widgets}))
    # A name would be the region's for all stacks: CloudFormation makes one up.
    return {
        DASHBOARD: {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}}
    }


def _headings(plan: FunctionPlan) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield what stands above a function's graphs, and how high it is: its name, its alarms."""
    yield {"type": "text", "properties": {"markdown": f"## {plan.logical_id}"}}, 1
    names = ResourceNames(plan.logical_id)
    alarms = [names.alarm(kind) for kind in alarm_kinds(plan)]
    alarms += [names.deferred_alarm(ordered) for ordered in kinds(plan)]
    if alarms:
        properties = {"title": "Alarms", "alarms": [f"${{{name}.Arn}}" for name in alarms]}
        yield {"type": "alarm", "properties": properties}, _ALARMS_HEIGHT


def _row(plan: FunctionPlan) -> Iterator[dict[str, Any]]:
    names = ResourceNames(plan.logical_id)
    own = ["FunctionName", f"${{{names.function}}}"]
    namespace, failures, dimension, value = failure_metric(plan)
    answered = [namespace, failures, dimension, _inside(value), {"stat": "Sum", "label": "5xx"}]
    yield _graph("Requests and failures", [*_invocations(names.function), answered])
    yield _durations("Duration, ms", names.function, plan.options.timeout)
    yield _graph(
        "Environments at work", [["AWS/Lambda", "ConcurrentExecutions", *own, {"stat": "Maximum"}]]
    )
    if plan.options.metrics:
        named = ["Function", f"${{{names.function}}}"]
        yield _graph(
            "Cold starts, and calls to Dify",
            [
                [METRICS_NAMESPACE, "ColdStarts", *named, {"stat": "Sum"}],
                [METRICS_NAMESPACE, "Calls", *named, {"stat": "Sum"}],
            ],
        )
        yield _graph(
            "Init phase and handler, ms",
            [
                [METRICS_NAMESPACE, "InitTime", *named, {"stat": "p99"}],
                [METRICS_NAMESPACE, "HandlerTime", *named, {"stat": "p99"}],
                [METRICS_NAMESPACE, "CallTime", *named, {"stat": "p99"}],
            ],
        )
    queues = [*dead_letter_queues(plan), *own_queues(plan)]
    if plan.options.deferred:
        queues += [names.deferred_dead_queue(ordered) for ordered in kinds(plan)]
        yield _graph("The worker's batches and failures", _invocations(names.worker))
        yield _durations("The worker's duration, ms", names.worker, plan.options.worker.timeout)
    if queues:
        yield _graph(
            "Messages that wait",
            [
                [
                    *("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
                    *("QueueName", f"${{{queue}.QueueName}}"),
                    {"stat": "Maximum", "label": queue.removeprefix(names.base)},
                ]
                for queue in queues
            ],
        )


def _invocations(function: str) -> list[list[Any]]:
    own = ["FunctionName", f"${{{function}}}", {"stat": "Sum"}]
    return [["AWS/Lambda", name, *own] for name in ("Invocations", "Errors", "Throttles")]


def _durations(title: str, function: str, timeout: int) -> dict[str, Any]:
    own = ["AWS/Lambda", "Duration", "FunctionName", f"${{{function}}}"]
    lines = [[*own, {"stat": stat, "label": stat}] for stat in ("p50", "p99", "Maximum")]
    limit = {"label": "timeout", "value": timeout * 1000}
    return _graph(title, lines, {"horizontal": [limit]})


def _graph(
    title: str, metrics: list[list[Any]], annotations: dict[str, Any] | None = None
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "region": "${AWS::Region}",
        "period": 300,
        "metrics": metrics,
    }
    if annotations:
        properties["annotations"] = annotations
    return {"type": "metric", "properties": properties}


def _inside(value: Intrinsic) -> str:
    """Return what `!Ref` and `!Sub` give, for a place inside of `!Sub`."""
    return value.value if value.name == "Sub" else f"${{{value.value}}}"
