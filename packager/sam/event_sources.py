"""Writes how non-HTTP events come to a function: its `Events`, and what its properties need.

What SAM makes of them (AWS SAM, "SQS", "EventBridgeRule" and "ScheduleV2" of
AWS::Serverless::Function): the event source mapping, rule or schedule, and the permission of
EventBridge to invoke the function. What those refer to, and the subscriptions to topics, are
written in `event_resources`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from packager.contract import EVENTS_VARIABLE
from packager.model.events import (
    AnyEvent,
    EventMapping,
    PatternEvent,
    QueueEvent,
    ScheduleEvent,
    TopicEvent,
    event_arn,
)
from packager.plugin.functions import FunctionPlan
from packager.sam.document import Meant, get_att, literal_in_sub, meant, sub
from packager.sam.names import ResourceNames, event_names
from packager.sam.role import destinations


def named_events(plan: FunctionPlan) -> Iterator[tuple[str, EventMapping]]:
    """Yield each event of a function with its name."""
    yield from zip(event_names(plan), plan.options.events, strict=True)


def event_key(name: str) -> str:
    """Return an event's key in SAM's `Events`, which names what SAM makes for it."""
    return f"On{name}"


def is_asynchronous(event: EventMapping) -> bool:
    """Return whether the event is not waited for, so that Lambda itself tries again."""
    return not isinstance(event, QueueEvent)


def has_failed_events(plan: FunctionPlan) -> bool:
    """Return whether the function needs a queue for the events that come to nothing."""
    return any(map(is_asynchronous, plan.options.events))


def keeps_failures(plan: FunctionPlan) -> bool:
    """Return whether Lambda sends what the function fails at to our queue, nobody having said
    otherwise in `template`."""
    theirs = [key for key, _, _ in destinations(plan.options.template)]
    return has_failed_events(plan) and not any(
        key == "DeadLetterQueue" or key.endswith("OnFailure") for key in theirs
    )


def event_properties(plan: FunctionPlan) -> dict[str, Any]:
    """Return the properties of AWS::Serverless::Function that its events need, besides `Events`."""
    if not keeps_failures(plan):
        return {}
    queue = get_att(f"{ResourceNames(plan.logical_id).failed_events}.Arn")
    failure = {"Type": "SQS", "Destination": queue}
    return {"EventInvokeConfig": {"DestinationConfig": {"OnFailure": failure}}}


def event_variables(plan: FunctionPlan) -> dict[str, Any]:
    """Return the environment variable that tells queues, or topics, made here from each other."""
    base = ResourceNames(plan.logical_id).base
    made: list[str] = []
    paths: dict[str, set[str]] = {}
    for name, event in named_events(plan):
        if isinstance(event, QueueEvent | TopicEvent) and event_arn(event) is None:
            made.append(f"${{{base}{name}{'.Arn' if isinstance(event, QueueEvent) else ''}}}")
            paths.setdefault(event.source, set()).add(event.target)
    if not any(len(several) > 1 for several in paths.values()):
        return {}
    return {EVENTS_VARIABLE: sub(" ".join(made))}


def event_sources(plan: FunctionPlan) -> dict[str, dict[str, Any]]:
    """Return the entries of `Events` that are not HTTP requests."""
    sources: dict[str, dict[str, Any]] = {}
    names = ResourceNames(plan.logical_id)
    several = len({e.target for e in plan.options.events if isinstance(e, PatternEvent)}) > 1
    for name, event in named_events(plan):
        match event:
            case QueueEvent():
                kind, properties = "SQS", _queue(event, names.base + name)
            case TopicEvent():
                continue  # subscribed by resources of its own, see event_resources
            case AnyEvent():
                continue  # whoever sends it is wired by whoever has it
            case PatternEvent():
                kind, properties = "EventBridgeRule", _rule(event, names, several)
            case ScheduleEvent():
                kind, properties = "ScheduleV2", _schedule(event, names)
        sources[event_key(name)] = {"Type": kind, "Properties": properties}
    return sources


def _queue(event: QueueEvent, made: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Queue": event.queue or get_att(f"{made}.Arn"),
        "BatchSize": event.batch_size,
    }
    if event.batch_window:
        properties["MaximumBatchingWindowInSeconds"] = event.batch_window
    if event.max_concurrency:
        properties["ScalingConfig"] = {"MaximumConcurrency": event.max_concurrency}
    if event.filters:
        filters = [{"Pattern": json.dumps(each, ensure_ascii=False)} for each in event.filters]
        properties["FilterCriteria"] = {"Filters": meant(filters)}
    if event.pollers:
        least, most = event.pollers
        properties["ProvisionedPollerConfig"] = {"MinimumPollers": least, "MaximumPollers": most}
    # Without it one failure would bring back the whole batch.
    properties["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    return properties


def _rule(event: PatternEvent, names: ResourceNames, several: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {"Pattern": meant(event.pattern)}
    if event.bus is not None:
        properties["EventBusName"] = event.bus
    if several:
        # An event doesn't say which rule it matched, so the rule says where it goes.
        path = json.dumps(event.target, ensure_ascii=False)
        template = f'{{"path": {path}, "event": <aws.events.event.json>}}'
        properties["InputTransformer"] = {"InputTemplate": Meant(template)}
    return properties | _delivery(event, names)


def _schedule(event: ScheduleEvent, names: ResourceNames) -> dict[str, Any]:
    properties: dict[str, Any] = {"ScheduleExpression": event.expression}
    if event.timezone is not None:
        properties["ScheduleExpressionTimezone"] = event.timezone
    # A schedule sends what it is told to: an event in EventBridge's form, and where it goes.
    scheduled = {
        "version": "0",
        "id": "<aws.scheduler.execution-id>",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "${AWS::AccountId}",
        "time": "<aws.scheduler.scheduled-time>",
        "region": "${AWS::Region}",
        "resources": ["<aws.scheduler.schedule-arn>"],
    }
    known = json.dumps({"path": event.target, "event": {}}, ensure_ascii=False)
    detail = json.dumps(event.input, ensure_ascii=False)
    whole = f'{json.dumps(scheduled)[:-1]}, "detail": {literal_in_sub(detail)}}}'
    text = literal_in_sub(known).removesuffix("{}}") + whole + "}"
    properties["Input"] = sub(Meant(text))  # all of it is the configuration's
    properties["OmitName"] = True  # else its name would be the same in every stack
    properties["RoleArn"] = get_att(f"{names.schedule_role}.Arn")
    return properties | _delivery(event, names)


def _delivery(event: PatternEvent | ScheduleEvent, names: ResourceNames) -> dict[str, Any]:
    return {
        "RetryPolicy": {
            "MaximumEventAgeInSeconds": event.max_age,
            "MaximumRetryAttempts": event.retries,
        },
        "DeadLetterConfig": {"Arn": get_att(f"{names.failed_events}.Arn")},
    }
