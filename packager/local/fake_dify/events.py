"""The events of streamed answers, as Dify's apps send them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from packager.dataclass import dataclass

CREATED_AT = 1735689600  # seconds since the epoch: no clock is read
NAMESPACE = uuid.UUID("00000000-0000-0000-0000-00000000d1f1")

Event = dict[str, Any] | None  # None is a ping


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """An answer that is sent in `pieces`; `text` is all of it."""

    ids: dict[str, str]
    text: str
    pieces: Iterable[str]
    metadata: dict[str, Any]


def pieces_of(text: str, number: int | None) -> Iterator[str]:
    """Yield a text word by word; or, with a `number`, so many pieces of something else."""
    if number is not None:
        yield from (f"{each} " for each in range(number))
        return
    first, *rest = text.split(" ")
    yield first
    yield from (f" {word}" for word in rest)


def message_events(kind: str, answer: StreamedAnswer) -> Iterator[Event]:
    """Yield the events of an answer's text; None is a ping."""
    ids = answer.ids
    yield None
    for piece in answer.pieces:
        yield {
            "event": kind,
            **ids,
            "created_at": CREATED_AT,
            "id": ids["message_id"],
            "answer": piece,
        }
    end = {"event": "message_end", **ids, "created_at": CREATED_AT, "id": ids["message_id"]}
    yield end | {"metadata": answer.metadata, "files": []}


def chat_events(mode: str, answer: StreamedAnswer, run_id: str, query: str) -> Iterator[Event]:
    """Yield the events of a chat's answer, as the app's `mode` has them."""
    ids = answer.ids
    if mode == "agent-chat":
        thought = {
            "id": str(uuid.uuid5(NAMESPACE, run_id)),
            "position": 1,
            "thought": answer.text,
            "observation": "",
            "tool": "",
            "tool_input": "",
            "message_files": [],
        }
        yield {"event": "agent_thought", **ids, "created_at": CREATED_AT, **thought}
        yield from message_events("agent_message", answer)
    elif mode == "advanced-chat":
        run = {**ids, "workflow_run_id": run_id}
        data = {"id": run_id, "inputs": {"sys.query": query}, "created_at": CREATED_AT}
        yield {"event": "workflow_started", **run, "data": data}
        yield from message_events("message", answer)
        finished = {**data, "status": "succeeded", "outputs": {"answer": answer.text}}
        yield {"event": "workflow_finished", **run, "data": finished}
    else:
        yield from message_events("message", answer)


def workflow_events(
    ids: dict[str, str], data: dict[str, Any], pieces: Iterable[str]
) -> Iterator[Event]:
    """Yield the events of a workflow's run; `data` is how it ends."""
    started = {"id": data["id"], "workflow_id": data["workflow_id"], "created_at": CREATED_AT}
    node = {"id": "1", "node_id": "1", "node_type": "start", "title": "Start", "index": 1}
    yield {"event": "workflow_started", **ids, "data": started | {"inputs": data["outputs"]}}
    yield None
    yield {"event": "node_started", **ids, "data": node | {"created_at": CREATED_AT}}
    for piece in pieces:
        yield {"event": "text_chunk", **ids, "data": {"text": piece}}
    finished = {"status": data["status"], "outputs": data["outputs"], "error": data["error"]}
    yield {"event": "node_finished", **ids, "data": node | finished}
    yield {"event": "workflow_finished", **ids, "data": data}
