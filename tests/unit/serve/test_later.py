"""What a request has left to a queue, as its record tells: in which state, with which log."""

from __future__ import annotations

import json

from packager.serve.deferred.queues import LocalQueues, QueuedMessage
from packager.serve.deferred.work import _origin
from packager.serve.request_log import Later, Outgoing, RequestLog, RequestRecord


def test_a_record_is_settled_once_all_of_it_is() -> None:
    log = RequestLog(lambda data: data.replace(b"secret", b"***"))
    record = log.begin(RequestRecord("r", "F", "POST", "/"), Outgoing("POST", "/"), {})
    log.note_later("r", Later("m", "opened starts secret"))
    log.finish(record)
    assert (record.done, record.settled) == (True, False)

    log.note_later("r", Later("m", "opened", "working", 1))
    log.add_later_log("r", "m", b"a secret\n")
    log.add_later_log("r", "other", b"nobody's\n")
    log.note_later("r", Later("m", "opened", "again", 1))
    assert record.settled is False
    log.note_later("r", Later("m", "opened", "dead", 2))

    assert record.settled is True
    assert record.later == [Later("m", "opened starts ***", "dead", 2, b"a ***\n")]
    log.note_later("gone", Later("m", "opened"))  # long forgotten


def message(document: object) -> QueuedMessage:
    return QueuedMessage("m", json.dumps(document), None, 0)


def test_whose_a_message_is() -> None:
    event = {"requestContext": {"requestId": "r"}}
    told = {"packager.trigger": {"event": "opened", "app": "a1"}}

    assert _origin(message({"route": "/hook", "event": event})) == ("r", "/hook")
    found = _origin(message({"route": "/", "event": event | told}))
    assert found == ("r", "opened starts a1")
    others: tuple[object, ...] = ({"route": "/hook", "parked": "x"}, [], {"event": []})
    for other in others:
        assert _origin(message(other)) == ("", "")


def test_what_is_sent_is_told_but_dead_letters_are_not() -> None:
    queues = LocalQueues()
    names = queues.add("F", 10, 3)
    told: list[str] = []
    queues.on_sent = lambda sent: told.append(sent.body)

    for name in names.values():
        if name != "F":
            queues.call("SendMessage", {"QueueUrl": name, "MessageBody": name})

    assert told == ["F-deferred", "F-ordered.fifo"]
