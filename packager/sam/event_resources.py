"""Writes the resources of non-HTTP events: queues, topics, and who may do what with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packager.model.events import PatternEvent, QueueEvent, ScheduleEvent, TopicEvent
from packager.plugin.functions import FunctionPlan
from packager.sam.document import Intrinsic, get_att, ref
from packager.sam.event_sources import event_key, has_failed_events, keeps_failures, named_events
from packager.sam.names import ResourceNames, dead_letter_name
from packager.sam.resources import allow, tagged

_RETENTION = 1209600  # seconds, the most there is: 14 days (SQS, "Amazon SQS message quotas")
_MAX_VISIBILITY = 43200  # seconds: 12 hours (SQS, "Amazon SQS queue quotas")


def event_resources(plan: FunctionPlan, tags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the resources that a function's events need, by logical id; `tags` are theirs."""
    names = ResourceNames(plan.logical_id)
    resources: dict[str, dict[str, Any]] = {}
    for name, event in named_events(plan):
        if isinstance(event, QueueEvent) and event.queue is None:
            dead = names.base + dead_letter_name(name)
            resources[names.base + name] = _queue(
                _encrypted(event)
                | {
                    "VisibilityTimeout": visibility_timeout(plan, event),
                    "RedrivePolicy": {
                        "deadLetterTargetArn": get_att(f"{dead}.Arn"),
                        "maxReceiveCount": event.max_receives,
                    },
                },
                tags,
            )
            kept = {"MessageRetentionPeriod": _RETENTION}
            resources[dead] = _queue(_encrypted(event) | kept, tags)
        elif isinstance(event, TopicEvent):
            if event.topic is None:
                topic = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": tagged(tags)}}
                resources[names.base + name] = topic
            resources |= _subscription(plan, names, name, event)
    if any(isinstance(event, ScheduleEvent) for event in plan.options.events):
        resources[names.schedule_role] = _schedule_role(plan, names)
    if has_failed_events(plan):
        # Always SQS's own key: with a customer's, that key's policy would have to let in SNS and
        # EventBridge.
        failed = {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": _RETENTION}
        resources[names.failed_events] = _queue(failed, tags)
        senders = list(_senders(plan, names))
        if senders:
            resources[names.failed_events_policy] = {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [ref(names.failed_events)],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": senders},
                },
            }
    return resources


def event_statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    """Return what the function's role must allow for its events, exactly.

    Lambda reads the queue with that role ("Tutorial: Using Lambda with Amazon SQS"), and sends to
    it what failed ("Capturing records of Lambda asynchronous invocations").
    """
    names = ResourceNames(plan.logical_id)
    statements: list[dict[str, Any]] = []
    keys: list[str] = []
    for name, event in named_events(plan):
        if isinstance(event, QueueEvent):
            queue = event.queue or get_att(f"{names.base}{name}.Arn")
            read = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
            statements.append(allow(read, queue))
            if event.kms_key and event.kms_key not in keys:
                keys.append(event.kms_key)
    statements += (allow(["kms:Decrypt"], key) for key in keys)
    if keeps_failures(plan):
        statements.append(allow(["sqs:SendMessage"], get_att(f"{names.failed_events}.Arn")))
    return statements


def event_outputs(plan: FunctionPlan) -> dict[str, dict[str, Any]]:
    """Return where senders send to, and where failed events are."""
    names = ResourceNames(plan.logical_id)
    outputs: dict[str, dict[str, Any]] = {}
    for name, event in named_events(plan):
        made = names.base + name
        if isinstance(event, QueueEvent) and event.queue is None:
            dead = names.base + dead_letter_name(name)
            what = f"the queue whose messages are POST {event.path}"
            outputs[f"{made}Url"] = _output(f"URL of {what}", ref(made))
            outputs[f"{made}Arn"] = _output(f"ARN of {what}", get_att(f"{made}.Arn"))
            failed = f"URL of the queue of messages that POST {event.path} failed at"
            outputs[f"{dead}Url"] = _output(failed, ref(dead))
        elif isinstance(event, TopicEvent) and event.topic is None:
            what = f"ARN of the topic whose notifications are POST {event.path}"
            outputs[f"{made}Arn"] = _output(what, ref(made))
    if has_failed_events(plan):
        what = f"URL of the queue of events that {plan.group.name} failed at"
        outputs[f"{names.failed_events}Url"] = _output(what, ref(names.failed_events))
    return outputs


def visibility_timeout(plan: FunctionPlan, event: QueueEvent) -> int:
    """Return how long a message in work is hidden from other receivers, in seconds.

    "Set the queue's visibility timeout to at least six times the function timeout, plus the value
    of MaximumBatchingWindowInSeconds" (Lambda, "Using Lambda with Amazon SQS").
    """
    return event.visibility_timeout or advised_visibility(plan, event)


def advised_visibility(plan: FunctionPlan, event: QueueEvent) -> int:
    """Return the least visibility timeout that AWS advises, in seconds."""
    return min(6 * plan.options.timeout + event.batch_window, _MAX_VISIBILITY)


def _encrypted(event: QueueEvent) -> dict[str, Any]:
    fifo = {"FifoQueue": True} if event.fifo else {}
    if event.kms_key:
        return fifo | {"KmsMasterKeyId": event.kms_key}
    return fifo | {"SqsManagedSseEnabled": True}


def _queue(properties: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {**properties, "Tags": tagged(tags)}}


def _senders(plan: FunctionPlan, names: ResourceNames) -> Iterator[dict[str, Any]]:
    """Yield who may send to the queue of failed events: these topics, these rules, nobody else."""
    topics: list[Any] = []
    rules: list[Any] = []
    for name, event in named_events(plan):
        if isinstance(event, TopicEvent):
            topics.append(event.topic or ref(names.base + name))
        elif isinstance(event, PatternEvent):
            rules.append(get_att(f"{names.function}{event_key(name)}.Arn"))
    for service, sources in (("sns", topics), ("events", rules)):
        if sources:
            yield {
                **allow(["sqs:SendMessage"], get_att(f"{names.failed_events}.Arn")),
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Condition": {"ArnEquals": {"aws:SourceArn": sources}},
            }


def _subscription(
    plan: FunctionPlan, names: ResourceNames, name: str, event: TopicEvent
) -> dict[str, dict[str, Any]]:
    """Subscribe the function to a topic, as SAM's own event "SNS" does, and named as it would.

    That event takes a `RedrivePolicy`, too, but the linter's schema of SAM does not.
    """
    own = names.function + event_key(name)
    topic = event.topic or ref(names.base + name)
    subscription = {
        "Protocol": "lambda",
        "Endpoint": _invoked(plan, names),
        "TopicArn": topic,
        "RedrivePolicy": {"deadLetterTargetArn": get_att(f"{names.failed_events}.Arn")},
    }
    permission = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": _alias(plan, names) or ref(names.function),
        "Principal": "sns.amazonaws.com",
        "SourceArn": topic,
    }
    return {
        own: {"Type": "AWS::SNS::Subscription", "Properties": subscription},
        f"{own}Permission": {"Type": "AWS::Lambda::Permission", "Properties": permission},
    }


def _invoked(plan: FunctionPlan, names: ResourceNames) -> Intrinsic:
    """Return what events come to, as SAM hands it on: the alias, where the function has one."""
    return _alias(plan, names) or get_att(f"{names.function}.Arn")


def _alias(plan: FunctionPlan, names: ResourceNames) -> Intrinsic | None:
    return ref(f"{names.function}.Alias") if plan.options.alias is not None else None


def _schedule_role(plan: FunctionPlan, names: ResourceNames) -> dict[str, Any]:
    template = plan.options.template
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }
    statements = [
        allow(["lambda:InvokeFunction"], _invoked(plan, names)),
        allow(["sqs:SendMessage"], get_att(f"{names.failed_events}.Arn")),
    ]
    properties: dict[str, Any] = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}
    }
    if "RolePath" in template:
        properties["Path"] = template["RolePath"]
    if "PermissionsBoundary" in template:
        properties["PermissionsBoundary"] = template["PermissionsBoundary"]
    document = {"Version": "2012-10-17", "Statement": statements}
    properties["Policies"] = [{"PolicyName": "schedule", "PolicyDocument": document}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _output(description: str, value: Any) -> dict[str, Any]:
    return {"Description": description, "Value": value}
