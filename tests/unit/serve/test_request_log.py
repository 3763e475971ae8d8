"""What is remembered of requests: within bounds, without secrets, and told to who listens."""

from __future__ import annotations

import asyncio
import json

import pytest

from packager.serve import request_log
from packager.serve.changes import MOST_WAITING, Change, Changes
from packager.serve.request_log import Chunk, Outgoing, RequestLog, RequestRecord

SECRET = b"sk-0123456789"


def masking() -> RequestLog:
    return RequestLog(lambda data: data.replace(SECRET, b"***"))


def begin(log: RequestLog, name: str, body: bytes = b"", token: str = "none") -> RequestRecord:
    sent = Outgoing("POST", f"/echo?token={token}", (("X-Token", token),), body)
    record = RequestRecord(name, "NekoFunction", sent.method, sent.target)
    return log.begin(record, sent, {"body": body.decode(), "rawQueryString": f"token={token}"})


def test_no_secret_is_remembered() -> None:
    log = masking()
    record = begin(log, "a", b"my " + SECRET, SECRET.decode())
    log.answered(record, 200, (("X-Echo", SECRET.decode()),))
    log.add_chunk(record, b"it is " + SECRET[:5])
    log.add_chunk(record, SECRET[5:] + b" and so on")
    log.add_log(record, b"token " + SECRET[:4])
    log.add_log(record, SECRET[4:] + b"\n")
    log.finish(record)
    assert record.path == "/echo?token=***"
    assert record.request_headers == (("X-Token", "***"),)
    assert record.request_body == b"my ***"
    assert record.event == {"body": "my ***", "rawQueryString": "token=***"}
    assert record.response_headers == (("X-Echo", "***"),)
    assert record.response_body == b"it is *** and so on"
    assert record.log_lines == ("token ***",)
    assert record.size == len(b"it is " + SECRET + b" and so on")
    shown = repr(record) + json.dumps(record.event)
    assert SECRET.decode() not in shown


def test_sent_again_it_has_its_secrets() -> None:
    log = masking()
    record = begin(log, "a", b"my " + SECRET, SECRET.decode())
    edited = Outgoing("PUT", record.path, record.request_headers, record.request_body, "a")
    assert log.as_sent(edited) == Outgoing(
        "PUT", f"/echo?token={SECRET.decode()}", (("X-Token", SECRET.decode()),), b"my " + SECRET
    )
    other = Outgoing("POST", "/other", (("X-Token", "mine"), ("X-Other", "***")), b"new", "a")
    assert log.as_sent(other) == Outgoing(
        "POST", "/other", (("X-Token", "mine"), ("X-Other", "***")), b"new"
    )
    assert log.as_sent(Outgoing("GET", "/***", again="gone")).target == "/***"


def test_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "MOST_RECORDS", 3)
    log = RequestLog()
    for name in "abcd":
        begin(log, name)
    assert [record.id for record in log.records()] == ["b", "c", "d"]
    assert log.get("a") is None
    monkeypatch.setattr(request_log, "MOST_BYTES", 1000)
    begin(log, "e", bytes(400))
    assert [record.id for record in log.records()] == ["e"]


def test_of_a_large_answer_the_start_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "MOST_BYTES_OF_ONE", 500)
    log = RequestLog()
    record = begin(log, "a")
    for _ in range(10):
        log.add_chunk(record, bytes(100))
    log.finish(record)
    assert record.size == 1000
    assert record.cut
    assert 100 <= len(record.response_body) <= 500


def test_pieces_keep_their_times() -> None:
    log = masking()
    record = begin(log, "a")
    start = log._started["a"]
    log.add_chunk(record, b"one", start + 0.25)
    log.add_chunk(record, b"two", start + 0.5)
    log.finish(record)
    assert record.chunks == [Chunk(250, b"one"), Chunk(500, b"two")]


def test_what_changes_is_told() -> None:
    async def run() -> list[Change]:
        log = RequestLog()
        changes = log.subscribe()
        heard = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        record = begin(log, "a")
        log.answered(record, 204, ())
        log.finish(record)
        return [await heard, await anext(changes), await anext(changes)]

    assert asyncio.run(run()) == [
        Change("added", "a"),
        Change("changed", "a"),
        Change("changed", "a"),
    ]


def test_who_is_slow_is_told_to_look_at_everything() -> None:
    async def run() -> Change:
        changes = Changes()
        listener = changes.listen()
        first = asyncio.ensure_future(anext(listener))
        await asyncio.sleep(0)
        changes.say(Change("added", "a"))
        await first
        for number in range(MOST_WAITING + 1):
            changes.say(Change("changed", str(number)))
        heard = await anext(listener)
        await listener.aclose()
        assert not changes._listeners
        return heard

    assert asyncio.run(run()) == Change("missed")
