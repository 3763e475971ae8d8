"""The keys of an entry of `deferred`, and those of the table `worker`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from packager.config.key_types import Key, choice, module_names, read_list, text, whole
from packager.config.refused import InvalidValue, found
from packager.config.tables import Report, read_table, table_schema
from packager.inputs.toml_positions import KeyPath
from packager.model.deferred import (
    InlineRule,
    RequestValue,
    Scalar,
    TriggerOptions,
    WorkerOptions,
)
from packager.model.plugin import METHODS

# Those that a gateway passes on; Dify's declare no PATCH.
_METHOD = choice("method", METHODS)
# RFC 9110, "Tokens"; one with an underscore is dropped before a plugin sees it (docs/events.md).
_HEADER = text("header", "the name of a header", r"[A-Za-z0-9!#$%&'*+.^`|~-]{1,128}")
_POINTER = text(
    "pointer",
    'a JSON pointer (RFC 6901) such as "/event/type"',
    r"(/([^~/]|~[01])*){1,32}",
)
_SCALAR = {"type": ["string", "number", "boolean"]}
_WHERE = {"header": _HEADER, "pointer": _POINTER}
_VALUE_SCHEMA = {
    "type": "object",
    "properties": {name: key.schema for name, key in _WHERE.items()},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}


def _text_of(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise InvalidValue(found(value))
    return value


def _request_value(value: object) -> RequestValue:
    if not isinstance(value, dict):
        raise InvalidValue(found(value))
    if len(value) != 1 or not value.keys() <= _WHERE.keys():
        raise InvalidValue("one with " + (", ".join(value) or "nothing"))
    [(name, inner)] = value.items()
    try:
        return RequestValue(**{name: str(_WHERE[name].read(inner))})
    except InvalidValue as refused:
        raise InvalidValue(f"{name} = {refused}; expected {_WHERE[name].expected}") from None


def _scalars(value: object) -> tuple[Scalar, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | int | float | bool) for each in values):
        raise InvalidValue("an empty list" if values == [] else found(value))
    return tuple(values)


_EQUALS = Key(
    "equals",
    "a text, a number, true or false, or a list of them",
    _scalars,
    {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]},
)
RULE_KEYS: Mapping[str, Key] = {each.name: each for each in (_METHOD, _HEADER, _POINTER, _EQUALS)}
_RULE_SCHEMA = {
    "type": "object",
    "properties": {name: key.schema for name, key in RULE_KEYS.items()},
    "additionalProperties": False,
    "minProperties": 1,
}


def rule_of(values: Mapping[str, Any]) -> InlineRule:
    """Return the rule that sound values of `RULE_KEYS` make."""
    value = None
    if "header" in values or "pointer" in values:
        value = RequestValue(values.get("header"), values.get("pointer"))
    return InlineRule(values.get("method"), value, values.get("equals"))


def value_key(name: str) -> Key:
    """A key that says where a value is in a request."""
    return Key(name, '{header = "X-Name"} or {pointer = "/a/b"}', _request_value, _VALUE_SCHEMA)


def _plain_text(name: str, most: int) -> Key:
    read: Callable[[object], str] = lambda value: _text_of(value, most)  # noqa: E731
    return Key(name, f"a text of at most {most} characters", read, {"type": "string"})


DEFERRED_PATH = text("path", "a path as an endpoint declares it", r"/[^\x00-\x1f\x7f]*")
# The entry's own, whose values are what `DeferredRoute` has.
ROUTE_KEYS: Mapping[str, Key] = {
    each.name: each
    for each in (
        DEFERRED_PATH,
        whole("status", 200, 299, "HTTP, a success"),
        _plain_text("body", 65536),
        # It is sent as it is.
        text("content_type", "a media type", r"[\x21-\x7e][\x20-\x7e]{0,200}"),
        Key(
            "inline_when",
            "a list of tables",
            read_list,
            {"type": "array", "items": _RULE_SCHEMA},
        ),
        text(
            "verify",
            '"module:function" of the plugin',
            r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*",
        ),
        value_key("dedupe"),
        whole("dedupe_for", 60, 30 * 86400, "seconds"),
        value_key("order_by"),
    )
}
DEFERRED_SCHEMA = {
    "type": "array",
    "items": {
        "anyOf": [
            DEFERRED_PATH.schema,
            {
                "type": "object",
                "properties": {name: key.schema for name, key in ROUTE_KEYS.items()},
                "required": ["path"],
                "additionalProperties": False,
            },
        ]
    },
}
_TOPIC = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?"
WORKER = (
    whole("timeout", 1, 1800, "seconds"),
    whole("memory", 128, 10240, "MiB"),
    # More would need a window to gather them in, and deferred work is not to wait.
    whole("batch_size", 1, 10, "messages"),
    whole("max_concurrency", 2, 1000, "invocations"),
    whole("tries", 1, 1000, "tries"),
    # "SQS queue quotas": a message is hidden for 12 hours at most.
    whole("first_wait", 0, 43200, "seconds"),
    whole("longest_wait", 0, 43200, "seconds"),
    text("alarm_topic", "the ARN of an SNS topic", _TOPIC),
    module_names("received_clock"),
)
WORKER_SCHEMA = table_schema(WORKER)


# What a trigger provider's own route has of these: its Trigger sees to the rest.
TRIGGER = tuple(ROUTE_KEYS[name] for name in ("dedupe", "dedupe_for", "order_by"))
TRIGGER_SCHEMA = table_schema(TRIGGER)


def read_trigger(value: object, path: KeyPath, report: Report) -> TriggerOptions:
    """Return what is sound in the table `trigger`, which is at `path`; the rest is reported."""
    return TriggerOptions(**read_table(TRIGGER, value, path, report))


def read_worker(value: object, path: KeyPath, report: Report) -> WorkerOptions:
    """Return what is sound in the table `worker`, which is at `path`; what is not is reported."""
    worker = WorkerOptions(**read_table(WORKER, value, path, report))
    if worker.longest_wait < worker.first_wait:
        message = "less than first_wait"
        report("invalid-value", message, (*path, "longest_wait"), None, None)
    return worker
