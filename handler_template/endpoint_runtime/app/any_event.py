"""Brings events that nothing else maps to the endpoint of `source = "any"`.

Imported for such an event only. Records of streams and queues are one request each, and what failed
is reported as AWS's pages "Configuring partial batch response with DynamoDB and Lambda" and "...
with Kinesis Data Streams and Lambda" say; any other event is one request as it is.
"""

from __future__ import annotations

from endpoint_runtime.app.unwaited import answer_unwaited
from endpoint_runtime.gateway.unknown_events import kind_of
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from endpoint_runtime.app.serving import Serving

    # Makes the environ of a POST of a document.
    MakeEnviron = Callable[[Any], dict[str, Any]]

HEADER = "HTTP_LAMBDA_EVENT_KIND"
# By eventSource: where a record of a batch has what it is named by in the answer.
_IDENTIFIERS = {
    "aws:kinesis": ("kinesis", "sequenceNumber"),
    "aws:dynamodb": ("dynamodb", "SequenceNumber"),
    "aws:sqs": ("messageId",),
}


class AnyEventFailed(RuntimeError):
    """The endpoint did not take an event, or its answer is not what `reply` says."""


def answer_any(
    application: Serving, event: Any, context: object, reply: str, make: MakeEnviron
) -> Any:
    """Have the endpoint answer an event, and return what the invocation does.

    With `reply` "value" that is the endpoint's JSON; of a batch it is the records that failed.
    Raises `AnyEventFailed`.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list) and records:
        identifiers = [_identifier_of(record) for record in records]
        if all(identifiers):
            return _answer_batch(application, event, context, identifiers, make)
    status, body = _answer(application, event, event, context, make)
    if not 200 <= status < 300:
        raise AnyEventFailed(f"the endpoint answered {status} to {kind_of(event)}")
    if reply != "value":
        return {}
    try:
        return decode_json(body) if body.strip() else None
    except ValueError:
        raise AnyEventFailed("the endpoint's answer, the value, is not JSON") from None


def _answer_batch(
    application: Serving,
    event: dict[str, Any],
    context: object,
    identifiers: list[str],
    make: MakeEnviron,
) -> dict[str, Any]:
    """Answer record by record; of a stream, what follows one that failed comes again with it."""
    failed: list[dict[str, str]] = []
    for record, identifier in zip(event["Records"], identifiers, strict=True):
        single = {**event, "Records": [record]}
        status, _ = _answer(application, single, event, context, make)
        if not 200 <= status < 300:
            failed.append({"itemIdentifier": identifier})
            in_order = str(record.get("eventSourceARN")).endswith(".fifo")
            if record["eventSource"] != "aws:sqs" or in_order:
                if in_order:
                    rest = identifiers[identifiers.index(identifier) + 1 :]
                    failed += ({"itemIdentifier": each} for each in rest)
                break
    return {"batchItemFailures": failed}


def _answer(
    application: Serving, document: Any, event: Any, context: object, make: MakeEnviron
) -> tuple[int, bytes]:
    environ = make(document)
    environ[HEADER] = kind_of(document)
    environ["lambda.event"] = event
    body = bytearray()
    return answer_unwaited(application, environ, context, body), bytes(body)


def _identifier_of(record: object) -> str:
    """Return what a record of a batch is named by; "" for one of no batch."""
    if not isinstance(record, dict):
        return ""
    value: Any = record
    for key in _IDENTIFIERS.get(str(record.get("eventSource")), ("",)):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
