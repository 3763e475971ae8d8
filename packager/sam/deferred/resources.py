"""Writes what deferred requests go through: queues, alarms, the table of claims, the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.contract import (
    CLAIMS_VARIABLE,
    DEAD_QUEUE_VARIABLE,
    ORDERED_DEAD_QUEUE_VARIABLE,
    ORDERED_QUEUE_VARIABLE,
    PARKED_VARIABLE,
    QUEUE_VARIABLE,
)
from packager.plugin.functions import FunctionPlan
from packager.sam.document import get_att, ref, sub
from packager.sam.names import ResourceNames
from packager.sam.resources import allow, bucket, resource, table, tagged

# Seconds ("Amazon SQS message quotas"): a deferred request is kept for four days, a dead letter for
# fourteen, the most there is.
_KEPT, _DEAD_KEPT = 345_600, 1_209_600
_MAX_VISIBILITY = 43_200  # seconds
# Days after which nothing can name a parked request any more: those of both queues, and one.
_PARKED_DAYS = 19
# Events of API Gateway have at most 10 MB, and base64 and the headers add to a body.
_FITS = 512 * 1024  # bytes of a body that is never parked


def kinds(plan: FunctionPlan) -> tuple[bool, ...]:
    """Return which queues a function has: False for the standard one, True for the FIFO one."""
    return tuple(sorted({route.order_by is not None for route in plan.options.deferred}))


def deferred_resources(plan: FunctionPlan, tags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the resources of a function's deferred routes, but the worker, by logical id."""
    names = ResourceNames(plan.logical_id)
    resources: dict[str, dict[str, Any]] = {}
    for ordered in kinds(plan):
        # More than one delivery of a group at a time is never wanted, of several groups always.
        fifo: dict[str, Any] = {"FifoQueue": True} if ordered else {}
        quick = {
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }
        dead = names.deferred_dead_queue(ordered)
        own = {
            **fifo,
            **(quick if ordered else {}),
            "SqsManagedSseEnabled": True,
            "VisibilityTimeout": min(6 * plan.options.worker.timeout, _MAX_VISIBILITY),
            "MessageRetentionPeriod": _KEPT,
            "RedrivePolicy": {
                "deadLetterTargetArn": get_att(f"{dead}.Arn"),
                "maxReceiveCount": plan.options.worker.tries,
            },
        }
        kept = {**fifo, "SqsManagedSseEnabled": True, "MessageRetentionPeriod": _DEAD_KEPT}
        resources[names.deferred_queue(ordered)] = _queue(own, tags)
        resources[dead] = _queue(kept, tags)
        resources[names.deferred_alarm(ordered)] = _alarm(plan, dead)
    if has_claims(plan):
        # It knows nothing but who works on what, and that passes.
        resources[names.deferred_table] = table(tags, "Delete", expires=True)
    if parks(plan):
        resources[names.deferred_bucket] = _bucket(tags)
    return resources


def has_claims(plan: FunctionPlan) -> bool:
    """Return whether a function needs a table of who works on what."""
    return any(route.dedupe is not None for route in plan.options.deferred)


def parks(plan: FunctionPlan) -> bool:
    """Return whether a request may be larger than a message."""
    return bool(plan.options.deferred) and plan.options.max_body > _FITS


def front_variables(plan: FunctionPlan) -> dict[str, Any]:
    """Return the environment variables that tell a function where to send deferred requests."""
    names = ResourceNames(plan.logical_id)
    variables = {
        ORDERED_QUEUE_VARIABLE if ordered else QUEUE_VARIABLE: ref(names.deferred_queue(ordered))
        for ordered in kinds(plan)
    }
    if parks(plan):
        variables[PARKED_VARIABLE] = ref(names.deferred_bucket)
    return variables


def worker_variables(plan: FunctionPlan) -> dict[str, Any]:
    """Return those of its worker: the same, the dead-letter queues and the table."""
    names = ResourceNames(plan.logical_id)
    variables = front_variables(plan)
    for ordered in kinds(plan):
        variable = ORDERED_DEAD_QUEUE_VARIABLE if ordered else DEAD_QUEUE_VARIABLE
        variables[variable] = ref(names.deferred_dead_queue(ordered))
    if has_claims(plan):
        variables[CLAIMS_VARIABLE] = ref(names.deferred_table)
    return variables


def front_statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    """Return what a function's role must allow to defer requests, exactly."""
    names = ResourceNames(plan.logical_id)
    queues = [get_att(f"{names.deferred_queue(ordered)}.Arn") for ordered in kinds(plan)]
    statements = [allow(["sqs:SendMessage"], _one_or_all(queues))] if queues else []
    if parks(plan):
        statements.append(allow(["s3:PutObject"], _objects(names)))
    return statements


def worker_statements(plan: FunctionPlan) -> list[dict[str, Any]]:
    """Return what its worker's role must allow to work them off, exactly."""
    names = ResourceNames(plan.logical_id)
    queues = [get_att(f"{names.deferred_queue(ordered)}.Arn") for ordered in kinds(plan)]
    dead = [get_att(f"{names.deferred_dead_queue(ordered)}.Arn") for ordered in kinds(plan)]
    read = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    statements = [
        allow([*read, "sqs:ChangeMessageVisibility"], _one_or_all(queues)),
        allow(["sqs:SendMessage"], _one_or_all(dead)),
    ]
    if has_claims(plan):
        actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
        statements.append(allow(actions, get_att(f"{names.deferred_table}.Arn")))
    if parks(plan):
        statements.append(allow(["s3:GetObject", "s3:DeleteObject"], _objects(names)))
        # Without it S3 answers 403, not 404, for a missing object (S3, "GetObject").
        statements.append(allow(["s3:ListBucket"], get_att(f"{names.deferred_bucket}.Arn")))
    return statements


def deferred_outputs(plan: FunctionPlan) -> dict[str, dict[str, Any]]:
    """Return where dead letters are."""
    names = ResourceNames(plan.logical_id)
    return {
        f"{names.deferred_dead_queue(ordered)}Url": {
            "Description": f"URL of the queue of what {plan.group.name} failed at: dead letters",
            "Value": ref(names.deferred_dead_queue(ordered)),
        }
        for ordered in kinds(plan)
    }


def _queue(properties: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    # What CloudFormation does anyhow, said where it costs data.
    return resource("AWS::SQS::Queue", "Delete", {**properties, "Tags": tagged(tags)})


def _alarm(plan: FunctionPlan, queue: str) -> dict[str, Any]:
    """Return an alarm that is raised while a queue holds anything."""
    properties: dict[str, Any] = {
        "AlarmDescription": f"Deferred requests that {plan.logical_id} failed at: "
        "packager deadletters list",
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": get_att(f"{queue}.QueueName")}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",  # a queue that is not used has no metrics
    }
    topics: list[Any] = []
    if plan.options.worker.alarm_topic:
        topics.append(plan.options.worker.alarm_topic)
    if plan.options.alarms:
        topics.append(ref(ResourceNames(plan.logical_id).alarm_topic))
    if topics:
        properties["AlarmActions"] = properties["OKActions"] = topics
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _bucket(tags: Mapping[str, str]) -> dict[str, Any]:
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    orphans = {
        "Id": "orphans",
        "Status": "Enabled",
        "ExpirationInDays": _PARKED_DAYS,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    # CloudFormation deletes no bucket that holds anything; its rule empties it.
    return bucket(
        tags,
        "Retain",
        BucketEncryption={"ServerSideEncryptionConfiguration": [encryption]},
        LifecycleConfiguration={"Rules": [orphans]},
    )


def _objects(names: ResourceNames) -> Any:
    return sub(f"${{{names.deferred_bucket}.Arn}}/*")


def _one_or_all(arns: list[Any]) -> Any:
    return arns[0] if len(arns) == 1 else arns
