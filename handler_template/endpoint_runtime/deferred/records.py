"""Reads messages as Lambda hands them on: records of SQS ("Using Lambda with Amazon SQS")."""

from __future__ import annotations

import os

from endpoint_runtime.deferred import variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]


def is_message(record: object) -> bool:
    """Return whether a record is a message of a queue, and can be named."""
    return (
        isinstance(record, dict)
        and record.get("eventSource") == "aws:sqs"
        and isinstance(record.get("messageId"), str)
    )


def tries_of(record: Record) -> int:
    """Return how often a message was received, this time included."""
    attributes = record.get("attributes")
    count = attributes.get("ApproximateReceiveCount") if isinstance(attributes, dict) else None
    return max(int(count), 1) if isinstance(count, str) and count.isdecimal() else 1


def is_ordered(record: Record) -> bool:
    """Return whether a message came from a FIFO queue."""
    return str(record.get("eventSourceARN")).endswith(".fifo")


def group_of(record: Record) -> str | None:
    """Return the group that a message of a FIFO queue must stay in order with."""
    attributes = record.get("attributes")
    if not is_ordered(record) or not isinstance(attributes, dict):
        return None
    return str(attributes.get("MessageGroupId"))


def queue_of(record: Record) -> str:
    """Return the URL of the queue that a message came from."""
    ordered = variables.ORDERED_QUEUE
    return os.environ.get(ordered if is_ordered(record) else variables.QUEUE, "")


def dead_queue_of(record: Record) -> str:
    """Return the URL of that queue's dead-letter queue."""
    ordered = variables.ORDERED_DEAD_QUEUE
    return os.environ.get(ordered if is_ordered(record) else variables.DEAD_QUEUE, "")
