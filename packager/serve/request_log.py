"""Remembers the last requests, within bounds, with no secret in what is remembered."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from packager.dataclass import dataclass
from packager.local.request_event import Header
from packager.serve.changes import Change, Changes

MOST_RECORDS = 1000
MOST_BYTES = 50 * 1024 * 1024  # of all bodies, events and log lines together
MOST_BYTES_OF_ONE = 8 * 1024 * 1024

Mask = Callable[[bytes], bytes]


class Chunk(NamedTuple):
    """A piece of a response's body, and when it came, in ms since the request did."""

    ms: float
    data: bytes


LaterState = Literal["waiting", "working", "again", "done", "dead"]


@dataclass(slots=True)
class Later:
    """What a request has left to a queue: itself, or an event that is to start an app.

    `again` is what failed and is tried again, `dead` a dead letter.
    """

    id: str
    what: str
    state: LaterState = "waiting"
    tries: int = 0
    log: bytes = b""

    @property
    def log_lines(self) -> tuple[str, ...]:
        """The lines that its worker wrote."""
        return tuple(self.log.decode("utf-8", "replace").splitlines())


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to send. `target` is path and query, as a client sends them, without the prefix
    that the function is served at.

    `again` is the id of a record: headers and a body that are as that record shows them are sent
    as they came, secrets included.
    """

    method: str
    target: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    again: str | None = None


@dataclass(slots=True, eq=False)
class RequestRecord:
    """One request or event, as far as it has come. Secrets in it are masked."""

    id: str
    function: str  # its logical id
    method: str
    path: str  # with its query
    source: str = "http"  # or what else the event is from: sqs, sns, eventbridge, schedule
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    endpoint: str | None = None  # the name of the managed endpoint
    status: int | None = None  # None while there is no answer, and for what is not HTTP
    cold: bool = False
    init_ms: float | None = None
    duration_ms: float | None = None  # until the answer's end
    late_ms: float | None = None  # of work after the answer
    request_headers: tuple[Header, ...] = ()
    request_body: bytes = b""
    event: Any = None
    response_headers: tuple[Header, ...] = ()
    chunks: list[Chunk] = field(default_factory=list)
    size: int = 0  # bytes of the response's body, also where not all of it is kept
    log: bytes = b""
    error: str | None = None
    done: bool = False  # nothing more will come, log lines included
    cut: bool = False  # not all of it is kept
    later: list[Later] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether it is done, and so is all that it has left to a queue."""
        return self.done and all(each.state in ("done", "dead") for each in self.later)

    @property
    def response_body(self) -> bytes:
        """What is kept of the response's body."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def log_lines(self) -> tuple[str, ...]:
        """The lines that the function wrote during this request."""
        return tuple(self.log.decode("utf-8", "replace").splitlines())


class RequestLog:
    """The last requests, oldest first; a ring of `MOST_RECORDS` and `MOST_BYTES`.

    All of it happens on one event loop.
    """

    def __init__(self, mask: Mask = lambda data: data) -> None:
        self.mask = mask
        self._records: dict[str, RequestRecord] = {}
        self._sent: dict[str, Outgoing] = {}  # as they came: for sending again, never shown
        self._bytes: dict[str, int] = {}
        self._total = 0
        self._started: dict[str, float] = {}
        self._changes = Changes()

    def records(self) -> tuple[RequestRecord, ...]:
        """Return what is remembered, oldest first."""
        return tuple(self._records.values())

    def get(self, record_id: str) -> RequestRecord | None:
        """Return a record; None if there is none such, or no longer."""
        return self._records.get(record_id)

    def subscribe(self) -> AsyncGenerator[Change]:
        """Return an iterator of changes, by the records' ids."""
        return self._changes.listen()

    def as_sent(self, outgoing: Outgoing) -> Outgoing:
        """Return `outgoing` with what its record masks as it came."""
        record = self._records.get(outgoing.again or "")
        sent = self._sent.get(outgoing.again or "")
        if record is None or sent is None:
            return outgoing
        shown = {
            (name.lower(), masked): value
            for (name, value), (_, masked) in zip(sent.headers, record.request_headers, strict=True)
        }
        headers = tuple(
            (name, shown.get((name.lower(), value), value)) for name, value in outgoing.headers
        )
        target = sent.target if outgoing.target == self.text(sent.target) else outgoing.target
        body = sent.body if outgoing.body == self.mask(sent.body) else outgoing.body
        return Outgoing(outgoing.method, target, headers, body)

    def text(self, text: str) -> str:
        """Return a text with its secrets masked."""
        return self.mask(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def begin(self, record: RequestRecord, sent: Outgoing, event: object) -> RequestRecord:
        """Remember a request that has just come, and the event that the function gets."""
        record.path = self.text(record.path)
        record.request_headers = tuple((name, self.text(value)) for name, value in sent.headers)
        body = self.mask(sent.body)
        record.request_body = body[:MOST_BYTES_OF_ONE]
        text = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
        masked = self.mask(text)
        if len(masked) <= MOST_BYTES_OF_ONE:
            record.event = event if masked == text else _loaded(masked)
        record.cut = len(body) > MOST_BYTES_OF_ONE or len(masked) > MOST_BYTES_OF_ONE
        self._records[record.id] = record
        self._sent[record.id] = sent
        self._started[record.id] = time.monotonic()
        self._bytes[record.id] = 0
        self._weigh(record, 2 * len(record.request_body) + 2 * len(masked))
        self._changes.say(Change("added", record.id))
        return record

    def answered(
        self, record: RequestRecord, status: int | None, headers: tuple[Header, ...]
    ) -> None:
        """Note the head of the answer."""
        record.status = status
        record.response_headers = tuple((name, self.text(value)) for name, value in headers)
        self._say(record)

    def add_chunk(self, record: RequestRecord, data: bytes, at: float | None = None) -> None:
        """Note a piece of the answer that came `at` (monotonic seconds)."""
        record.size += len(data)
        started = self._started.get(record.id)
        if started is None or not data:  # long forgotten
            return
        if self._bytes.get(record.id, 0) + len(data) > MOST_BYTES_OF_ONE:
            record.cut = True
        else:
            now = time.monotonic() if at is None else at
            record.chunks.append(Chunk((now - started) * 1000, self.mask(data)))
            self._weigh(record, len(data))
        self._say(record)

    def add_log(self, record: RequestRecord, data: bytes) -> None:
        """Note what the function has written."""
        if self._bytes.get(record.id, 0) + len(data) > MOST_BYTES_OF_ONE:
            record.cut = True
        else:
            record.log += self.mask(data)
            self._weigh(record, len(data))
        self._say(record)

    def note_later(self, record_id: str, noted: Later) -> None:
        """Note how what a request has left to a queue stands; its log stays as it is."""
        record = self._records.get(record_id)
        if record is None:
            return
        for each in record.later:
            if each.id == noted.id:
                each.state, each.tries = noted.state, noted.tries
                break
        else:
            record.later.append(replace(noted, what=self.text(noted.what)))
        self._say(record)

    def add_later_log(self, record_id: str, later_id: str, data: bytes) -> None:
        """Note what a worker has written at something that a request has left."""
        record = self._records.get(record_id)
        later = (
            next((each for each in record.later if each.id == later_id), None) if record else None
        )
        if record is None or later is None:
            return
        if self._bytes.get(record.id, 0) + len(data) > MOST_BYTES_OF_ONE:
            record.cut = True
        else:
            later.log += self.mask(data)
            self._weigh(record, len(data))
        self._say(record)

    def changed(self, record: RequestRecord) -> None:
        """Say that more is known of a record."""
        self._say(record)

    def finish(self, record: RequestRecord) -> None:
        """Note that nothing more will come, and mask what secrets lie across pieces."""
        record.chunks = _masked_across(record.chunks, self.mask)
        record.log = self.mask(record.log)
        record.error = None if record.error is None else self.text(record.error)
        record.done = True
        self._started.pop(record.id, None)
        self._say(record)

    def _say(self, record: RequestRecord) -> None:
        if record.id in self._records:
            self._changes.say(Change("changed", record.id))

    def _weigh(self, record: RequestRecord, more: int) -> None:
        if record.id not in self._records:
            return
        self._bytes[record.id] += more
        self._total += more
        while len(self._records) > 1 and (
            len(self._records) > MOST_RECORDS or self._total > MOST_BYTES
        ):
            oldest = next(each for each in self._records if each != record.id)
            del self._records[oldest], self._sent[oldest]
            self._total -= self._bytes.pop(oldest)
            self._started.pop(oldest, None)
            self._changes.say(Change("removed", oldest))


def _loaded(masked: bytes) -> Any:
    """Return the JSON; where a mask took a part of its syntax away, its text."""
    text = masked.decode("utf-8", "surrogatepass")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _masked_across(chunks: list[Chunk], mask: Mask) -> list[Chunk]:
    """Return chunks none of which ends in the first half of a secret.

    Where one did, they are one chunk from there on: what is left of it tells nothing any more.
    """
    whole = b"".join(chunk.data for chunk in chunks)
    masked = mask(whole)
    if masked == whole:
        return chunks
    # What the chunks have in common with the masked whole stays apart.
    kept: list[Chunk] = []
    place = 0
    for chunk in chunks:
        if masked[place : place + len(chunk.data)] != chunk.data:
            break
        kept.append(chunk)
        place += len(chunk.data)
    if place < len(masked):
        kept.append(Chunk(chunks[len(kept)].ms, masked[place:]))
    return kept
