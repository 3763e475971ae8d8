"""Writes a function's alarms: docs/operations.md says what each means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packager.model.events import AnyEvent, QueueEvent
from packager.plugin.functions import FunctionPlan
from packager.sam.deferred.resources import kinds
from packager.sam.document import get_att, ref
from packager.sam.event_sources import has_failed_events, named_events
from packager.sam.names import ResourceNames, api_name, dead_letter_name
from packager.sam.operate.renewal import SECONDS as RENEWAL_SECONDS
from packager.sam.operate.renewal import renews
from packager.sam.resources import tagged

NEAR_TIMEOUT = 0.9  # of the timeout
_PERIOD = 300  # seconds
_OLD = 900  # seconds that a message or an event may wait
_FAILURE_METRICS = {
    # The namespace, the name, and the dimension that says whose it is ("Working with metrics for
    # HTTP APIs", "API Gateway dimensions and metrics", "Monitoring Lambda function URLs").
    "http": ("AWS/ApiGateway", "5xx", "ApiId"),
    "rest": ("AWS/ApiGateway", "5XXError", "ApiName"),
    "url": ("AWS/Lambda", "Url5xxCount", "FunctionName"),
}


def alarm_resources(plan: FunctionPlan, tags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the alarms of a function, its worker and its renewer, and their topic, by logical id.

    Without `alarms` there are none.
    """
    if not plan.options.alarms:
        return {}
    names = ResourceNames(plan.logical_id)
    topic: dict[str, Any] = {"Tags": tagged(tags)}
    if isinstance(plan.options.alarms, str):
        topic["Subscription"] = [{"Protocol": "email", "Endpoint": plan.options.alarms}]
    resources = {names.alarm_topic: {"Type": "AWS::SNS::Topic", "Properties": topic}}
    for kind, alarm in (*_function_alarms(plan, names), *_queue_alarms(plan, names)):
        actions = {key: [ref(names.alarm_topic)] for key in ("AlarmActions", "OKActions")}
        properties = {**alarm, "TreatMissingData": "notBreaching", **actions}
        resources[names.alarm(kind)] = {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": properties,
        }
    return resources


def alarm_kinds(plan: FunctionPlan) -> tuple[str, ...]:
    """Return what the function's alarms are called, after its own name."""
    if not plan.options.alarms:
        return ()
    names = ResourceNames(plan.logical_id)
    found = (*_function_alarms(plan, names), *_queue_alarms(plan, names))
    return tuple(kind for kind, _ in found)


def dead_letter_queues(plan: FunctionPlan) -> tuple[str, ...]:
    """Return the logical ids of the queues of what came to nothing, those with alarms of their own
    aside."""
    names = ResourceNames(plan.logical_id)
    found = [
        names.base + dead_letter_name(name)
        for name, event in named_events(plan)
        if isinstance(event, QueueEvent) and event.queue is None
    ]
    return tuple([*found, names.failed_events] if has_failed_events(plan) else found)


def own_queues(plan: FunctionPlan) -> tuple[str, ...]:
    """Return the logical ids of the queues that the template makes for work to be done."""
    names = ResourceNames(plan.logical_id)
    events = [
        names.base + name
        for name, event in named_events(plan)
        if isinstance(event, QueueEvent) and event.queue is None
    ]
    return (*events, *(names.deferred_queue(ordered) for ordered in kinds(plan)))


def failure_metric(plan: FunctionPlan) -> tuple[str, str, str, Any]:
    """Return namespace, name, dimension and its value of the metric of answers with 500 and up."""
    names = ResourceNames(plan.logical_id)
    namespace, name, dimension = _FAILURE_METRICS[plan.options.api]
    if dimension == "ApiName":
        value: Any = api_name(names)
    else:
        value = ref(names.api if dimension == "ApiId" else names.function)
    return namespace, name, dimension, value


def _function_alarms(
    plan: FunctionPlan, names: ResourceNames
) -> Iterator[tuple[str, dict[str, Any]]]:
    functions = [("", names.function, plan.options.timeout)]
    if plan.options.deferred:
        functions.append(("Worker", names.worker, plan.options.worker.timeout))
    if renews(plan):
        functions.append(("Renewer", names.renewer, RENEWAL_SECONDS))
    for prefix, function, timeout in functions:
        own = {"Namespace": "AWS/Lambda", "Dimensions": [_dimension("FunctionName", ref(function))]}
        yield (
            f"{prefix}Errors",
            _sum(own, "Errors", f"{function} crashed, timed out or failed at an event"),
        )
        yield f"{prefix}Throttles", _sum(own, "Throttles", f"Lambda refused to run {function}")
        yield (
            f"{prefix}Slow",
            own
            | {
                "AlarmDescription": f"{function} comes near its timeout of {timeout} s",
                "MetricName": "Duration",
                "Statistic": "Maximum",
                "Period": _PERIOD,
                "EvaluationPeriods": 1,
                "Threshold": round(timeout * 1000 * NEAR_TIMEOUT),
                "ComparisonOperator": "GreaterThanThreshold",
            },
        )
    namespace, name, dimension, value = failure_metric(plan)
    answers = {"Namespace": namespace, "Dimensions": [_dimension(dimension, value)]}
    yield "Failures", _sum(answers, name, f"{names.function} answered with 500 or more")
    own = {
        "Namespace": "AWS/Lambda",
        "Dimensions": [_dimension("FunctionName", ref(names.function))],
    }
    if any(isinstance(event, AnyEvent) for event in plan.options.events):
        # A stream may be among them, which is wired outside of the template.
        what = f"records of a stream wait for {names.function}"
        yield "IteratorAge", _old(own, "IteratorAge", what, _OLD * 1000)
    if has_failed_events(plan):
        yield (
            "EventAge",
            _old(own, "AsyncEventAge", f"events wait for {names.function}", _OLD * 1000),
        )


def _queue_alarms(plan: FunctionPlan, names: ResourceNames) -> Iterator[tuple[str, dict[str, Any]]]:
    for queue in dead_letter_queues(plan):
        own = _queue(queue)
        kind = f"Dead{queue.removeprefix(names.base)}"
        yield (
            kind,
            own
            | {
                "AlarmDescription": f"{queue} holds what {names.function} failed at",
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Statistic": "Maximum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
            },
        )
    for queue in own_queues(plan):
        kind = f"Old{queue.removeprefix(names.base)}"
        what = f"messages of {queue} wait"
        yield kind, _old(_queue(queue), "ApproximateAgeOfOldestMessage", what, _OLD)


def _queue(queue: str) -> dict[str, Any]:
    name = get_att(f"{queue}.QueueName")
    return {"Namespace": "AWS/SQS", "Dimensions": [_dimension("QueueName", name)]}


def _sum(own: Mapping[str, Any], metric: str, what: str) -> dict[str, Any]:
    return {
        **own,
        "AlarmDescription": what,
        "MetricName": metric,
        "Statistic": "Sum",
        "Period": _PERIOD,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def _old(own: Mapping[str, Any], metric: str, what: str, threshold: int) -> dict[str, Any]:
    return {
        **own,
        "AlarmDescription": f"{what} for more than {_OLD // 60} minutes",
        "MetricName": metric,
        "Statistic": "Maximum",
        "Period": _PERIOD,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def _dimension(name: str, value: Any) -> dict[str, Any]:
    return {"Name": name, "Value": value}
