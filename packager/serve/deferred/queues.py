"""Queues and claims in memory, with what SQS and DynamoDB promise of them; for any thread.

A message that is received is hidden until it is deleted or its time is over; of a group of an
ordered queue one is in work at a time, in the order that they came in. What has been received too
often is a dead letter.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from packager.contract import (
    CLAIMS_VARIABLE,
    DEAD_QUEUE_VARIABLE,
    ORDERED_DEAD_QUEUE_VARIABLE,
    ORDERED_QUEUE_VARIABLE,
    QUEUE_VARIABLE,
)
from packager.dataclass import dataclass

FIFO = ".fifo"  # how the names of ordered queues end, as in AWS


@dataclass(slots=True)
class QueuedMessage:
    """A message: `visible` is when it can be received, `handle` what who received it knows."""

    id: str
    body: str
    group: str | None
    visible: float
    receives: int = 0
    handle: str = ""


@dataclass(slots=True)
class _Queue:
    visibility: float  # seconds
    tries: int
    dead: str
    messages: list[QueuedMessage] = field(default_factory=list)


class RefusedCall(Exception):
    """A call is not one that SQS or DynamoDB would have carried out; `code` is theirs."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LocalQueues:
    """The queues of all functions, by name, and their claims; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # Told of each message that is sent, on the thread of who sends it.
        self.on_sent: Callable[[QueuedMessage], object] = lambda message: None
        self._lock = threading.Lock()
        self._queues: dict[str, _Queue] = {}
        self._claims: dict[str, dict[str, Any]] = {}

    def add(self, function: str, visibility: float, tries: int) -> dict[str, str]:
        """Have queues for a function; return the variables of its worker, which name them."""
        names = {
            QUEUE_VARIABLE: f"{function}-deferred",
            ORDERED_QUEUE_VARIABLE: f"{function}-ordered{FIFO}",
            DEAD_QUEUE_VARIABLE: f"{function}-deferred-dead",
            ORDERED_DEAD_QUEUE_VARIABLE: f"{function}-ordered-dead{FIFO}",
        }
        with self._lock:
            for queue, dead in (
                (QUEUE_VARIABLE, DEAD_QUEUE_VARIABLE),
                (ORDERED_QUEUE_VARIABLE, ORDERED_DEAD_QUEUE_VARIABLE),
            ):
                made = _Queue(visibility, tries, names[dead])
                kept = self._queues.get(names[queue])
                if kept is not None:
                    made.messages = kept.messages
                self._queues[names[queue]] = made
                self._queues.setdefault(names[dead], _Queue(0, 1 << 30, ""))
        return names | {CLAIMS_VARIABLE: function}

    def receive(self, name: str) -> QueuedMessage | None:
        """Return a message that can be received, which is hidden from now on; None for none."""
        now = self._clock()
        with self._lock:
            queue = self._queues[name]
            held: set[str | None] = set()
            for message in list(queue.messages):
                is_held = message.group is not None and message.group in held
                if is_held or message.visible > now:
                    held.add(message.group)
                    continue
                if message.receives >= queue.tries and queue.dead:
                    queue.messages.remove(message)
                    self._queues[queue.dead].messages.append(message)
                    continue
                message.receives += 1
                message.handle = uuid.uuid4().hex
                message.visible = now + queue.visibility
                return message
        return None

    def bodies(self, name: str) -> list[str]:
        """Return the texts of a queue's messages, hidden ones too."""
        with self._lock:
            return [message.body for message in self._queues[name].messages]

    def delete(self, name: str, handle: str) -> None:
        """Delete a message that is in work; nothing where it is another's by now."""
        with self._lock:
            queue = self._queues[name]
            queue.messages = [each for each in queue.messages if each.handle != handle]

    def call(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a call of the runtime's. Raises `RefusedCall`."""
        match operation:
            case "SendMessage":
                return self._send(asked)
            case "ChangeMessageVisibility":
                return self._hide(asked)
            case "DeleteMessage":
                self.delete(str(asked["QueueUrl"]), str(asked["ReceiptHandle"]))
                return {}
            case "PutItem" | "GetItem" | "DeleteItem":
                return self._claim(operation, asked)
        raise RefusedCall("InvalidAction")

    def _send(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = str(asked["QueueUrl"])
        group = asked.get("MessageGroupId") if name.endswith(FIFO) else None
        message = QueuedMessage(str(uuid.uuid4()), str(asked["MessageBody"]), group, self._clock())
        with self._lock:
            if name not in self._queues:
                raise RefusedCall("QueueDoesNotExist")
            self._queues[name].messages.append(message)
        if name not in self._dead_names():
            self.on_sent(message)
        return {"MessageId": message.id}

    def _dead_names(self) -> set[str]:
        return {queue.dead for queue in self._queues.values()}

    def _hide(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            for message in self._queues[str(asked["QueueUrl"])].messages:
                if message.handle and message.handle == asked["ReceiptHandle"]:
                    message.visible = self._clock() + float(asked["VisibilityTimeout"])
        return {}

    def _claim(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what `endpoint_runtime.deferred.claims` asks of its table, conditions included."""
        key = f"{asked['TableName']} {(asked.get('Item') or asked.get('Key') or {})['id']['S']}"
        values = asked.get("ExpressionAttributeValues") or {}
        with self._lock:
            item = self._claims.get(key)
            if operation == "GetItem":
                return {"Item": item} if item else {}
            if operation == "DeleteItem":
                if item is None or item.get("o") != values[":owner"]:
                    raise RefusedCall("ConditionalCheckFailedException")
                del self._claims[key]
                return {}
            if item is not None and ":now" in values:
                now = float(values[":now"]["N"])
                late = item["s"]["S"] == "c" and float(item["u"]["N"]) < now
                forgotten = float(item["x"]["N"]) < now
                if not (late or forgotten or item.get("o") == values[":owner"]):
                    raise RefusedCall("ConditionalCheckFailedException")
            self._claims[key] = dict(asked["Item"])
            return {}
