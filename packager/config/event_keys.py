"""The keys of an entry of `events`, for each kind of source."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from packager.config.key_types import Key, choice, is_plain, text, truth, whole
from packager.config.refused import InvalidValue, found
from packager.config.schedules import expression_problem
from packager.inputs.suggestions import did_you_mean
from packager.model.events import AnyEvent, PatternEvent, QueueEvent, ScheduleEvent, TopicEvent

# A standard queue's batch may hold 10,000 messages, but only 10 without a window to gather more
# in; a FIFO queue's 10 (Lambda, "Creating and configuring an Amazon SQS event source mapping").
_MAX_BATCH, MAX_PLAIN_BATCH = 10_000, 10
_ARN = r"arn:aws[a-z-]*:{}:[a-z0-9-]+:\d{{12}}:{}"


def _checked(name: str, expected: str, problem: Callable[[str], str | None]) -> Key:
    """A key that takes text which `problem` finds nothing wrong with."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise InvalidValue(found(value))
        wrong = problem(value)
        if wrong is not None:
            raise InvalidValue(f"{found(value)}: {wrong}")
        return value

    return Key(name, expected, read, {"type": "string"})


def _pattern(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value:
        raise InvalidValue("an empty one" if value == {} else found(value))
    if not is_plain(value):
        raise InvalidValue("one with dates, nan or inf")
    for name, field in _fields(value):
        if not isinstance(field, list) or not field:
            raise InvalidValue(f"one whose {name} is {found(field) if field != [] else 'empty'}")
    return value


def _filters(value: object) -> tuple[Mapping[str, Any], ...]:
    # "Control which events Lambda sends to your function": 5 filters, 10 on request.
    if not isinstance(value, list) or not 1 <= len(value) <= 10:
        raise InvalidValue(found(value) if not isinstance(value, list) else "one of another length")
    return tuple(_pattern(each) for each in value)


def _pollers(value: object) -> tuple[int, int]:
    # "Amazon SQS event source mapping", provisioned mode: 2 to 200 at least, 2 to 2000 at most.
    if not isinstance(value, dict) or value.keys() != {"min", "max"}:
        raise InvalidValue(found(value))
    least, most = value["min"], value["max"]
    whole_ = all(isinstance(each, int) and not isinstance(each, bool) for each in (least, most))
    if not whole_ or not (2 <= least <= 200 and least <= most <= 2000):
        raise InvalidValue("one whose min is not 2 to 200, or whose max is not min to 2000")
    return least, most


def _fields(pattern: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    for name, field in pattern.items():
        if isinstance(field, dict) and field:
            yield from ((f"{name}.{inner}", value) for inner, value in _fields(field))
        else:
            yield name, field


def _input(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidValue(found(value))
    if not is_plain(value) or len(json.dumps(value)) > 200_000:
        raise InvalidValue("one with dates, nan or inf, or of more than 200 KB")
    return value


def _timezone_problem(name: str) -> str | None:
    known = zoneinfo.available_timezones()  # none where the machine has no such database
    if not known or name in known:
        return None
    return did_you_mean(name, known) or "there is no such time zone"


_FILTERS_SCHEMA = {
    "type": "array",
    "items": {"type": "object", "minProperties": 1},
    "minItems": 1,
    "maxItems": 10,
}
_POLLERS_SCHEMA = {
    "type": "object",
    "properties": {
        "min": {"type": "integer", "minimum": 2, "maximum": 200},
        "max": {"type": "integer", "minimum": 2, "maximum": 2000},
    },
    "required": ["min", "max"],
    "additionalProperties": False,
}
PATH = text(
    "path",
    "a URL path that starts with /, without a query, with values in place of variables",
    r"/[^?#<>\x00-\x20\x7f]*",
)
ENDPOINT = text(
    "endpoint",
    "the name of an endpoint, 1 to 100 characters",
    r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?",
)
_RETRY = (whole("retries", 0, 185, "retries"), whole("max_age", 60, 86400, "seconds"))
# What each kind of source is read into, its keys, and those that it can't be without.
EVENT_KINDS: dict[str, tuple[type[Any], tuple[Key, ...], tuple[str, ...]]] = {
    "sqs": (
        QueueEvent,
        (
            text("queue", "the ARN of an SQS queue", _ARN.format("sqs", r"[\w-]{1,80}(\.fifo)?")),
            whole("batch_size", 1, _MAX_BATCH, "messages"),
            whole("batch_window", 0, 300, "seconds"),
            whole("max_concurrency", 2, 1000, "invocations"),
            text("kms_key", "the ARN of a KMS key", _ARN.format("kms", r"key/[\w-]+")),
            truth("fifo"),
            whole("visibility_timeout", 1, 43200, "seconds"),
            whole("max_receives", 1, 1000, "receives"),
            Key("filters", "a list of 1 to 10 patterns", _filters, _FILTERS_SCHEMA),
            Key("pollers", "{min = 2, max = 10}, 2 to 2000", _pollers, _POLLERS_SCHEMA),
        ),
        (),
    ),
    "sns": (
        TopicEvent,
        # Lambda can't subscribe to a FIFO topic ("Amazon SNS message delivery for FIFO topics").
        (text("topic", "the ARN of an SNS topic, not a FIFO one", _ARN.format("sns", r"[\w-]+")),),
        (),
    ),
    "eventbridge": (
        PatternEvent,
        (
            Key(
                "pattern",
                "an event pattern, whose fields are lists of values",
                _pattern,
                {"type": "object", "minProperties": 1},
            ),
            text("bus", "the name or ARN of an event bus", r"arn:aws[^\s]{1,1600}|[\w./-]{1,256}"),
            *_RETRY,
        ),
        ("pattern",),
    ),
    "schedule": (
        ScheduleEvent,
        (
            _checked("expression", "a schedule", expression_problem),
            _checked("timezone", "a time zone such as Europe/Berlin", _timezone_problem),
            Key("input", "a table of whatever JSON can hold", _input, {"type": "object"}),
            *_RETRY,
        ),
        ("expression",),
    ),
    "any": (AnyEvent, (choice("reply", ("value",)),), ()),
}
