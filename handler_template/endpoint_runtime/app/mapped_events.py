"""Brings events that are not HTTP requests to the endpoints that `events` maps them to.

Imported for such an event only. Each becomes a POST with its JSON as the body; docs/events.md says
what an endpoint sees, and what becomes of a failure. The shapes are those that AWS's pages "Using
Lambda with Amazon SQS", "Using Lambda with Amazon SNS", "Using Lambda with EventBridge Scheduler"
and "Amazon EventBridge events" print.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from time import perf_counter

from endpoint_runtime.app.unwaited import answer_unwaited
from endpoint_runtime.gateway.errors import NotAnHttpEvent
from endpoint_runtime.gateway.headers import as_header
from endpoint_runtime.gateway.paths import wsgi
from endpoint_runtime.json_codec import encode_json
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from endpoint_runtime.app.serving import Serving

    # (source, path, ARN of the queue or topic or None), as `_bundle.EVENTS` has them; of ANY the
    # last is what its reply is.
    Mapping = tuple[str, str, str | None]

SQS, SNS, EVENTBRIDGE, SCHEDULE = "sqs", "sns", "eventbridge", "schedule"
ANY = "any"  # whatever nothing else maps
# The variable with the ARNs of queues and topics that the template made, in the order of EVENTS.
ARNS_VARIABLE = "PACKAGER_EVENTS"
_ENVELOPE = {"path", "event"}  # what rules and schedules of the template say of where to
_MARGIN = 0.5  # seconds kept for the reply


class EventFailed(RuntimeError):
    """An endpoint did not take an event: Lambda is to try it again, or to give it up."""


def answer_worker_event(application: Serving, event: Any, context: object) -> Any:
    """Hand an event to the endpoints that it is mapped to.

    Returns SQS the messages that failed,
    `{"batchItemFailures": [...]}`, anything else `{}`. Raises `NotAnHttpEvent` for an event that
    nothing maps, and `EventFailed` where an endpoint failed at anything but a message of SQS.
    """
    mappings: Sequence[Mapping] = application.bundle.EVENTS
    if not mappings or not (isinstance(event, dict) or _any_of(mappings)):
        raise _refused(event)
    if not isinstance(event, dict):
        return _answer_any(application, event, context, mappings)
    # (where to, what) for each request, before any of them is made.
    records: Any = event.get("Records")
    source = _source_of_records(records)
    if source:
        requests = [(_path_for(_arn_of(source, each), source, mappings), each) for each in records]
    else:
        source, path, document = _single(event, mappings)
        requests = [(path, document)]
    if not all(path for path, _ in requests):
        if _any_of(mappings):
            return _answer_any(application, event, context, mappings)
        known = ", ".join(dict.fromkeys(_described(mapping) for mapping in mappings))
        raise _refused(event, f"; nor one that is mapped: {known}")
    if source == SQS:
        return _answer_queue(application, requests, event, context)
    for path, document in requests:
        status = _post(application, source, path, document, event, context)
        if not 200 <= status < 300:
            raise EventFailed(f"POST {path} answered {status}")
    return {}


def _any_of(mappings: Iterable[Mapping]) -> tuple[str, str] | None:
    """Return the path of all that nothing else maps and what its reply is; None for none."""
    return next(((path, reply or "") for kind, path, reply in mappings if kind == ANY), None)


def _answer_any(
    application: Serving, event: Any, context: object, mappings: Iterable[Mapping]
) -> Any:
    from endpoint_runtime.app.any_event import answer_any

    path, reply = _any_of(mappings) or ("", "")

    def make(document: Any) -> dict[str, Any]:
        return _environ_of(application, ANY, path, document, event, context)

    return answer_any(application, event, context, reply, make)


def _refused(event: object, more: str = "") -> NotAnHttpEvent:
    from endpoint_runtime.gateway.unknown_events import refusal_of

    return NotAnHttpEvent(refusal_of(event) + more)


def _source_of_records(records: object) -> str:
    """Return what service wrote all of an event's records, "" for any but SQS and SNS."""
    if not isinstance(records, list) or not records:
        return ""
    if all(
        isinstance(each, dict)
        and each.get("eventSource") == "aws:sqs"
        and isinstance(each.get("messageId"), str)
        for each in records
    ):
        return SQS
    if all(isinstance(each, dict) and each.get("EventSource") == "aws:sns" for each in records):
        return SNS
    return ""


def _arn_of(source: str, record: dict[str, Any]) -> object:
    if source == SQS:
        return record.get("eventSourceARN")
    message = record.get("Sns")
    return message.get("TopicArn") if isinstance(message, dict) else None


def _path_for(arn: object, source: str, mappings: Iterable[Mapping]) -> str:
    """Return the path of a queue's or topic's events, "" for a stranger's.

    Those of a queue that the template made go where it says; its ARN need not be known where all
    such queues have one path.
    """
    made = iter(os.environ.get(ARNS_VARIABLE, "").split())
    unnamed = []
    for kind, path, known in mappings:
        if known is None and kind in (SQS, SNS):
            known = next(made, None)
            if kind == source:
                unnamed.append(path)
        if kind == source and known is not None and known == arn:
            return path
    return unnamed[0] if len(set(unnamed)) == 1 else ""


def _single(event: dict[str, Any], mappings: Iterable[Mapping]) -> tuple[str, str, Any]:
    """Return source, path and document of an event of EventBridge; path "" for one not mapped."""
    wanted = None
    if event.keys() == _ENVELOPE and isinstance(event["event"], dict):
        wanted, event = event["path"], event["event"]
    if not isinstance(event.get("detail-type"), str) or not isinstance(event.get("source"), str):
        return "", "", None
    sources = [EVENTBRIDGE]
    if event["detail-type"] == "Scheduled Event" and event["source"] in (
        "aws.scheduler",
        "aws.events",  # a rule's schedule, EventBridge's older kind
    ):
        sources.insert(0, SCHEDULE)
    for source in sources:
        paths = {path for kind, path, _ in mappings if kind == source}
        if wanted is not None:
            paths &= {wanted} if isinstance(wanted, str) else set()
        if len(paths) == 1:
            return source, paths.pop(), event
    return "", "", None


def _described(mapping: Mapping) -> str:
    source, path, arn = mapping
    return f"{source} {arn or ''}".rstrip() + f" to {path}"


def _answer_queue(
    application: Serving,
    requests: Sequence[tuple[str, dict[str, Any]]],
    event: dict[str, Any],
    context: object,
) -> dict[str, Any]:
    """Work off a batch and name the messages that are to come again.

    What would not be done before the function's time is over comes again, too, instead of the
    whole batch; so does what follows a failed message in its group of a FIFO queue.
    """
    time_left = getattr(context, "get_remaining_time_in_millis", None)
    failed: list[dict[str, str]] = []
    failed_groups: set[object] = set()
    slowest = 0.0
    for number, (path, record) in enumerate(requests):
        message = {"itemIdentifier": record["messageId"]}
        if number and time_left is not None and time_left() / 1000 < slowest + _MARGIN:
            left = len(requests) - number
            report.log(
                "WARN",
                f"no time for {left} of {len(requests)} messages, which come again",
                getattr(context, "aws_request_id", None) or "",
            )
            failed += ({"itemIdentifier": each["messageId"]} for _, each in requests[number:])
            break
        group = _message_group(record)
        if group is not None and group in failed_groups:
            failed.append(message)
            continue
        started = perf_counter()
        if not 200 <= _post(application, SQS, path, record, event, context) < 300:
            failed.append(message)
            if group is not None:
                failed_groups.add(group)
        slowest = max(slowest, perf_counter() - started)
    return {"batchItemFailures": failed}


def _message_group(record: dict[str, Any]) -> str | None:
    """Return the group that a message must stay in order with, None for a standard queue's.

    A standard queue's message may have a group, too, for fairness between senders.
    """
    attributes = record.get("attributes")
    if not str(record.get("eventSourceARN")).endswith(".fifo") or not isinstance(attributes, dict):
        return None
    return str(attributes.get("MessageGroupId"))


def _post(
    application: Serving,
    source: str,
    path: str,
    document: dict[str, Any],
    event: dict[str, Any],
    context: object,
) -> int:
    """Have the endpoint at `path` answer a POST of `document`, and return the status."""
    environ = _environ_of(application, source, path, document, event, context)
    return answer_unwaited(application, environ, context)


def _environ_of(
    application: Serving,
    source: str,
    path: str,
    document: dict[str, Any],
    event: dict[str, Any],
    context: object,
) -> dict[str, Any]:
    """Return the environ of a POST of `document` to `path`."""
    body = encode_json(document)
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": wsgi(path),
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "",
        "HTTP_HOST": "localhost",
        # No client called, so there is no public URL to tell.
        "HTTP_DIFY_HOOK_ID": application.hook_id,
        "HTTP_DIFY_HOOK_URL": as_header(f"http://localhost{wsgi(path)}"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": getattr(sys, "stderr", None),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "lambda.source": source,
        "lambda.event": event,
        "lambda.context": context,
        "lambda.identity": None,
        "lambda.authorizer": None,
    }
