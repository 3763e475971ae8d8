"""The queues of this machine keep what SQS and DynamoDB promise."""

from __future__ import annotations

from typing import Any

import pytest

from packager.contract import (
    DEAD_QUEUE_VARIABLE,
    ORDERED_DEAD_QUEUE_VARIABLE,
    ORDERED_QUEUE_VARIABLE,
    QUEUE_VARIABLE,
)
from packager.serve.deferred.queues import LocalQueues, RefusedCall


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queues(clock: Clock) -> LocalQueues:
    return LocalQueues(clock)


def send(queues: LocalQueues, name: str, body: str, group: str | None = None) -> None:
    asked = {"QueueUrl": name, "MessageBody": body}
    queues.call("SendMessage", asked | ({"MessageGroupId": group} if group else {}))


def receive(queues: LocalQueues, name: str) -> str | None:
    message = queues.receive(name)
    return message.body if message else None


def test_a_message_is_hidden_until_its_time_is_over(queues: LocalQueues, clock: Clock) -> None:
    name = queues.add("F", 30, 5)[QUEUE_VARIABLE]
    send(queues, name, "a")
    message = queues.receive(name)
    assert message is not None
    assert (message.body, message.receives, receive(queues, name)) == ("a", 1, None)
    shorter = {"QueueUrl": name, "ReceiptHandle": message.handle, "VisibilityTimeout": 5}
    queues.call("ChangeMessageVisibility", shorter)
    clock.now += 6
    again = queues.receive(name)
    assert again is not None
    assert again.receives == 2
    queues.delete(name, again.handle)
    clock.now += 100
    assert receive(queues, name) is None


def test_who_is_late_deletes_nothing(queues: LocalQueues, clock: Clock) -> None:
    name = queues.add("F", 30, 5)[QUEUE_VARIABLE]
    send(queues, name, "a")
    first = queues.receive(name)
    assert first is not None
    handle = first.handle
    clock.now += 31
    assert receive(queues, name) == "a"
    queues.delete(name, handle)
    assert queues.bodies(name) == ["a"]


def test_what_is_received_too_often_is_a_dead_letter(queues: LocalQueues, clock: Clock) -> None:
    names = queues.add("F", 1, 2)
    send(queues, names[QUEUE_VARIABLE], "a")
    for expected in ("a", "a", None):
        assert receive(queues, names[QUEUE_VARIABLE]) == expected
        clock.now += 2
    assert queues.bodies(names[DEAD_QUEUE_VARIABLE]) == ["a"]


def test_a_group_is_in_order_and_holds_up_no_other(queues: LocalQueues, clock: Clock) -> None:
    names = queues.add("F", 1, 2)
    name = names[ORDERED_QUEUE_VARIABLE]
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        send(queues, name, body, group)
    assert [receive(queues, name) for _ in range(3)] == ["a1", "b1", None]
    clock.now += 2
    assert [receive(queues, name) for _ in range(3)] == ["a1", "b1", None]
    clock.now += 2
    assert receive(queues, name) == "a2"
    assert queues.bodies(names[ORDERED_DEAD_QUEUE_VARIABLE]) == ["a1"]


def test_a_new_build_keeps_what_is_there(queues: LocalQueues) -> None:
    name = queues.add("F", 30, 5)[QUEUE_VARIABLE]
    send(queues, name, "a")
    assert queues.add("F", 60, 3)[QUEUE_VARIABLE] == name
    assert receive(queues, name) == "a"


def claim(owner: str, now: int, until: int, state: str = "c") -> dict[str, Any]:
    item: dict[str, Any] = {"id": {"S": "k"}, "s": {"S": state}, "x": {"N": "99999"}}
    if state == "d":
        return {"TableName": "F", "Item": item}
    item |= {"o": {"S": owner}, "u": {"N": str(until)}}
    values = {":c": {"S": "c"}, ":now": {"N": str(now)}, ":owner": {"S": owner}}
    return {"TableName": "F", "Item": item, "ExpressionAttributeValues": values}


def test_a_claim_is_one_owners_until_its_lease_is_over(queues: LocalQueues) -> None:
    queues.call("PutItem", claim("one", 0, 10))
    queues.call("PutItem", claim("one", 0, 10))  # whose first answer was lost
    with pytest.raises(RefusedCall, match="ConditionalCheckFailedException"):
        queues.call("PutItem", claim("two", 5, 15))
    queues.call("PutItem", claim("two", 11, 20))
    mine = {"TableName": "F", "Key": {"id": {"S": "k"}}}
    one = {"ExpressionAttributeValues": {":owner": {"S": "one"}}}
    with pytest.raises(RefusedCall):
        queues.call("DeleteItem", mine | one)
    queues.call("PutItem", claim("two", 11, 20, "d"))
    with pytest.raises(RefusedCall):
        queues.call("PutItem", claim("three", 30, 40))
    assert queues.call("GetItem", mine)["Item"]["s"] == {"S": "d"}


@pytest.mark.parametrize("operation", ["Nothing", "SendMessage"])
def test_what_is_refused(queues: LocalQueues, operation: str) -> None:
    with pytest.raises(RefusedCall):
        queues.call(operation, {"QueueUrl": "x", "MessageBody": "a"})
