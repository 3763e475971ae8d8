"""Makes the events that queues, topics, rules and schedules of a function's `events` send.

Shapes are those of AWS's pages "Using Lambda with Amazon SQS", "Using Lambda with Amazon SNS",
"AWS service event metadata" (EventBridge) and of the template's own rules and schedules.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from packager.bundle.read import BuiltBundle
from packager.contract import EVENTS_VARIABLE
from packager.errors import UsageError
from packager.local.request_event import ACCOUNT
from packager.model.events import (
    AnyEvent,
    EventMapping,
    PatternEvent,
    QueueEvent,
    ScheduleEvent,
    TopicEvent,
    event_arn,
)

JSON_SOURCES = (PatternEvent.source, ScheduleEvent.source, AnyEvent.source)  # others carry text
_REGION = "us-east-1"


def events_of(bundle: BuiltBundle) -> tuple[EventMapping, ...]:
    """Return what a bundle says of its events: where they go, and the ARNs that it knows."""
    made: list[EventMapping] = []
    for source, target, arn in bundle.events:
        match source:
            case QueueEvent.source:
                made.append(QueueEvent(path=target, queue=arn))
            case TopicEvent.source:
                made.append(TopicEvent(path=target, topic=arn))
            case PatternEvent.source:
                made.append(PatternEvent(path=target, pattern={}))
            case ScheduleEvent.source:
                made.append(ScheduleEvent(path=target, expression=""))
            case AnyEvent.source:
                made.append(AnyEvent(path=target, reply=arn))
    return tuple(made)


def chosen_event(events: Sequence[EventMapping], wanted: str) -> int:
    """Return the place of the event that `wanted` means: `sqs`, or `sqs:/path` of several.

    Raises `UsageError` where it means none, or more than one.
    """
    source, _, path = wanted.partition(":")
    names = [f"{event.source}:{event.target}" for event in events]
    found = [
        place
        for place, event in enumerate(events)
        if event.source == source and path in ("", event.target, event.path)
    ]
    if len(found) != 1:
        problem = "means several of the events" if found else "is none of the events"
        raise UsageError(
            f"{wanted} {problem} that the function takes",
            hint=f"one of {', '.join(names)}"
            if names
            else "`events` in its configuration is empty",
        )
    return found[0]


def arns_variable(function: str, events: Sequence[EventMapping]) -> dict[str, str]:
    """Return the environment variable that tells a function the ARNs of `made_arns`."""
    made = made_arns(function, events)
    return {EVENTS_VARIABLE: " ".join(made[place] for place in sorted(made))} if made else {}


def made_arns(function: str, events: Sequence[EventMapping]) -> dict[int, str]:
    """Return ARNs for the queues and topics that a template would make, by their places."""
    return {
        place: f"arn:aws:{event.source}:{_REGION}:{ACCOUNT}:{function}-{place}"
        + (".fifo" if isinstance(event, QueueEvent) and event.fifo else "")
        for place, event in enumerate(events)
        if isinstance(event, QueueEvent | TopicEvent) and event_arn(event) is None
    }


def mapped_event(
    function: str, events: Sequence[EventMapping], place: int, payload: object, now: datetime
) -> dict[str, Any]:
    """Return what the function gets of `events[place]` at `now`.

    `payload` is a message's text, or what becomes its JSON; of a rule the event's `detail`, or the
    whole event where it has a `detail-type` and a `source`; of a schedule `detail`, None for what
    the configuration says; of anything the event itself.
    """
    event = events[place]
    arn = event_arn(event) or made_arns(function, events).get(place, "")
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    match event:
        case QueueEvent():
            return {"Records": [_message(event, arn, text, now)]}
        case TopicEvent():
            return {"Records": [_notification(arn, text, now)]}
        case AnyEvent():
            return payload if isinstance(payload, dict) else {"payload": payload}
        case PatternEvent():
            document = _matching(event.pattern, payload)
        case ScheduleEvent():
            document = {
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "resources": [f"arn:aws:scheduler:{_REGION}:{ACCOUNT}:schedule/default/{function}"],
                "detail": event.input if payload is None else payload,
            }
    usual = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "account": ACCOUNT,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": _REGION,
        "resources": [],
    }
    return {"path": event.target, "event": usual | document}


def _message(event: QueueEvent, arn: str, text: str, now: datetime) -> dict[str, Any]:
    milliseconds = str(int(now.timestamp() * 1000))
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": milliseconds,
        "SenderId": "AIDACKCEVSQ6C2EXAMPLE",
        "ApproximateFirstReceiveTimestamp": milliseconds,
    }
    if arn.endswith(".fifo"):
        attributes |= {
            "SequenceNumber": milliseconds.rjust(20, "1"),
            "MessageGroupId": "packager",
            "MessageDeduplicationId": hashlib.sha256(text.encode()).hexdigest(),
        }
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": uuid.uuid4().hex,
        "body": text,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": _REGION,
    }


def _notification(arn: str, text: str, now: datetime) -> dict[str, Any]:
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z"
    return {
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{arn}:{uuid.uuid4()}",
        "EventSource": "aws:sns",
        "Sns": {
            "SignatureVersion": "1",
            "Timestamp": stamp,
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "MessageId": str(uuid.uuid4()),
            "Message": text,
            "MessageAttributes": {},
            "Type": "Notification",
            "UnsubscribeUrl": "EXAMPLE",
            "TopicArn": arn,
            "Subject": None,
        },
    }


def _matching(pattern: Mapping[str, Any], payload: object) -> dict[str, Any]:
    """Return an event with the payload as its detail, and what the pattern asks of the rest."""
    if isinstance(payload, dict) and "detail-type" in payload and "source" in payload:
        return payload
    source, kind = (_first(pattern.get(name)) for name in ("source", "detail-type"))
    return {
        "detail-type": kind or "Example",
        "source": source or "packager.example",
        "detail": {} if payload is None else payload,
    }


def _first(wanted: object) -> str | None:
    """Return the first plain text that a pattern's list allows."""
    texts = wanted if isinstance(wanted, list | tuple) else ()
    return next((text for text in texts if isinstance(text, str)), None)
