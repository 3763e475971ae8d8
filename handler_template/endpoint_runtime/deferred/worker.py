"""Works off deferred requests: the endpoint answers each as it would have, and its status decides.

2xx is done; 4xx goes to the dead-letter queue at once, as trying again would change nothing; all
else is tried again, after a wait that grows with each try (the message's visibility), until it has
been tried often enough. Source: AWS, "Using Lambda with Amazon SQS" (partial batch responses) and
"Amazon SQS visibility timeout".
"""

from __future__ import annotations

import os
from time import perf_counter, time

from endpoint_runtime import process
from endpoint_runtime.app.unwaited import answer_unwaited
from endpoint_runtime.aws import AwsError
from endpoint_runtime.deferred.claims import DONE, Claims
from endpoint_runtime.deferred.messages import NotDeferred, call, fetch, read_message, remove
from endpoint_runtime.deferred.records import (
    dead_queue_of,
    group_of,
    is_message,
    queue_of,
    tries_of,
)
from endpoint_runtime.gateway.environ import environ_of, http_source_of
from endpoint_runtime.gateway.errors import BodyTooLarge, MalformedEvent, NotAnHttpEvent
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.app.application import Application
    from endpoint_runtime.deferred.clock import ReceivedClock
    from endpoint_runtime.deferred.messages import Message

    Record = dict[str, Any]

_MARGIN = 1.0  # s kept for what follows a request
_LEASE_MARGIN = 5  # s that a lease outlasts the invocation
_MOST_HIDDEN = 43200  # s: "Amazon SQS visibility timeout"
_UNKNOWN_TIME = 900.0  # s, where no context says how long an invocation may take: the longest


class _Failed(Exception):
    """A message is to come again, after `wait` seconds."""

    def __init__(self, wait: float) -> None:
        self.wait = wait


class _Hopeless(Exception):
    """A message is for the dead-letter queue; the text says why."""


class Worker:
    """What takes the events of a worker function, whose bundle's literal is `deferred`."""

    def __init__(self, application: Application, deferred: dict[str, Any]) -> None:
        self._application = application
        self._tries: int = deferred["tries"]
        self._first_wait: int = deferred["first_wait"]
        self._longest_wait: int = deferred["longest_wait"]
        self._routes: dict[str, dict[str, Any]] = deferred["routes"]
        self._claims = Claims()
        self._clock: ReceivedClock | None = None
        if deferred["received_clock"]:
            from endpoint_runtime.deferred.clock import ReceivedClock

            self._clock = ReceivedClock(deferred["received_clock"])

    def take(self, event: Any, context: object) -> dict[str, Any]:
        """Work off a batch, and name the messages that are to come again.

        Raises `NotAnHttpEvent` for what is not a batch of SQS.
        """
        records = event.get("Records") if isinstance(event, dict) else None
        if not isinstance(records, list) or not all(map(is_message, records)):
            from endpoint_runtime.gateway.unknown_events import refusal_of

            raise NotAnHttpEvent(f"a worker takes messages of its queues; {refusal_of(event)}")
        failed: list[dict[str, str]] = []
        groups: set[str] = set()  # of a FIFO queue, in which a message failed
        slowest = 0.0
        for number, record in enumerate(records):
            group = group_of(record)
            started = perf_counter()
            is_late = number and _seconds_left(context) < slowest + _MARGIN
            if is_late or (group is not None and group in groups):
                # Untried, and at once another's to try; of a group, once its turn comes.
                self._hide(record, 0, context)
                is_done = False
            else:
                is_done = self._work(record, context)
                slowest = max(slowest, perf_counter() - started)
            if not is_done:
                failed.append({"itemIdentifier": record["messageId"]})
                if group is not None:
                    groups.add(group)
        return {"batchItemFailures": failed}

    def _work(self, record: Record, context: object) -> bool:
        """Work off one message; return whether it is done with, be it as a dead letter."""
        tries = tries_of(record)
        try:
            self._answer(record, tries, context)
        except _Failed as failure:
            self._hide(record, failure.wait, context)
            return False
        except _Hopeless as why:
            return self._bury(record, str(why), tries, context)
        except AwsError as fault:
            self._say("ERROR", f"{record['messageId']}: {fault}", context)
            self._hide(record, self._wait(tries), context)
            return False
        except process.interrupts:
            raise
        except Exception as fault:  # a module of `received_clock` can't be imported, say
            what = f"{record['messageId']} could not be worked off"
            self._application.log_exception(what, fault, {"lambda.context": context})
            self._hide(record, self._wait(tries), context)
            return False
        return True

    def _answer(self, record: Record, tries: int, context: object) -> None:
        """Have the endpoint answer; raises `_Failed` and `_Hopeless`, and AwsError."""
        deadline = _deadline(context)
        try:
            message = read_message(record.get("body"))
        except NotDeferred as fault:
            raise _Hopeless(str(fault)) from None
        if message.event is None and not fetch(message, deadline):
            raise _Hopeless("what was parked of it is gone")
        environ = self._environ(message, record, tries, context)
        owner = f"{getattr(context, 'aws_request_id', '')} {os.urandom(8).hex()}"
        if message.key is not None and not self._claim(message.key, owner, record, context):
            self._forget(message, record, deadline)
            return
        status = 500
        try:
            if self._clock is not None:
                self._clock.set(message.received)
            status = answer_unwaited(self._application, environ, context)
        finally:
            if self._clock is not None:
                self._clock.set(None)
            if message.key is not None and not 200 <= status < 300:
                self._claims.release(message.key, owner, _deadline(context))
        if 200 <= status < 300:
            self._finish(message, context)
            self._forget(message, record, _deadline(context))
        elif 400 <= status < 500:
            raise _Hopeless(f"answered {status}")
        elif tries >= self._tries:
            raise _Hopeless(f"answered {status}, and was tried {tries} times")
        else:
            wait = self._wait(tries)
            what = f"answered {status} at try {tries} of {self._tries}, and comes again in {wait} s"
            self._say("WARN", f"{record['messageId']} {what}", context)
            raise _Failed(wait)

    def _environ(
        self, message: Message, record: Record, tries: int, context: object
    ) -> dict[str, Any]:
        """Return the environ of a message's request; raises `_Hopeless` for one without."""
        event = message.event
        source = http_source_of(event)
        if event is None or not source:
            raise _Hopeless("it holds no HTTP request")
        app = self._application
        try:
            environ = environ_of(event, context, source, app.hook_id, app.max_body, app.base_path)
        except (MalformedEvent, BodyTooLarge) as fault:
            raise _Hopeless(str(fault)) from None
        environ["lambda.deferred"] = {
            "received": message.received,
            "tries": tries,
            "message_id": record["messageId"],
        }
        return environ

    def _claim(self, key: str, owner: str, record: Record, context: object) -> bool:
        """Claim a delivery; return False for one that is done. Raises `_Failed` for another's."""
        now = time()
        until = now + _seconds_left(context) + _LEASE_MARGIN
        held = self._claims.claim(key, owner, now, until, _deadline(context))
        if held is None:
            return True
        if held == DONE:
            self._say("INFO", f"{record['messageId']} is a delivery that was done before", context)
            return False
        raise _Failed(held - now + 1)  # whoever has it is late then, or done

    def _finish(self, message: Message, context: object) -> None:
        """Have the delivery of a message be done, for as long as its route says."""
        route = self._routes.get(message.route)
        if message.key is None or route is None:
            return
        try:
            self._claims.finish(message.key, route["dedupe_for"], time(), _deadline(context))
        except AwsError as fault:  # the message is done all the same
            self._say("ERROR", f"that a delivery is done can't be noted: {fault}", context)

    def _forget(self, message: Message, record: Record, deadline: float | None) -> None:
        """Delete what was parked of a message that is done, and the message before it.

        In this order an end in between leaves an object that the bucket's rule deletes.
        """
        if message.parked is None:
            return
        try:
            handle = {"ReceiptHandle": record.get("receiptHandle")}
            queue = {"QueueUrl": queue_of(record)}
            call("sqs", "DeleteMessage", {**queue, **handle}, deadline)
            remove(message, deadline)
        except AwsError as fault:
            report.log("WARN", f"what was parked could not be deleted: {fault}")

    def _bury(self, record: Record, why: str, tries: int, context: object) -> bool:
        """Send a message to the dead-letter queue; return whether it got there."""
        self._say("ERROR", f"{record['messageId']} is a dead letter: {why}", context)
        group = group_of(record)
        attributes = {
            "Reason": {"DataType": "String", "StringValue": why},
            "Tries": {"DataType": "Number", "StringValue": str(tries)},
        }
        sending: dict[str, Any] = {
            "QueueUrl": dead_queue_of(record),
            "MessageBody": record.get("body") or " ",
            "MessageAttributes": attributes,
        }
        if group is not None:
            sending["MessageGroupId"] = group
            sending["MessageDeduplicationId"] = f"{record['messageId']}.{tries}"
        try:
            call("sqs", "SendMessage", sending, _deadline(context))
        except AwsError as fault:
            self._say("ERROR", f"the dead-letter queue does not take it: {fault}", context)
            self._hide(record, self._wait(tries), context)
            return False
        return True

    def _wait(self, tries: int) -> int:
        """Return how long (s) a message is hidden after a number of tries."""
        return int(min(self._first_wait * 2 ** min(tries - 1, 16), self._longest_wait))

    def _hide(self, record: Record, seconds: float, context: object) -> None:
        """Have a message come again in so many seconds; else it does when the queue says so."""
        hidden = {
            "QueueUrl": queue_of(record),
            "ReceiptHandle": record.get("receiptHandle"),
            "VisibilityTimeout": max(0, min(int(seconds), _MOST_HIDDEN)),
        }
        try:
            call("sqs", "ChangeMessageVisibility", hidden, _deadline(context))
        except AwsError as fault:
            self._say("WARN", f"{record['messageId']} can't be hidden: {fault}", context)

    def _say(self, level: str, what: str, context: object) -> None:
        # What is said may hold AWS's words, and those what it was asked for; no text of a client's.
        report.log(level, what, getattr(context, "aws_request_id", None) or "")


def _seconds_left(context: object) -> float:
    time_left = getattr(context, "get_remaining_time_in_millis", None)
    return _UNKNOWN_TIME if time_left is None else time_left() / 1000


def _deadline(context: object) -> float | None:
    time_left = getattr(context, "get_remaining_time_in_millis", None)
    return None if time_left is None else time() + time_left() / 1000
