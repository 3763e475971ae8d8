"""Tells a page what has changed, by server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import StreamingResponse

from packager.serve.changes import Change

_GATHER = 0.05  # seconds in which changes become one event
_BEAT = 15.0  # seconds; a connection that nobody reads any more is found so

# What to send of the ids that changed (None: of everything); None for nothing.
Part = Callable[[set[str] | None], "dict[str, Any] | None"]


def event_stream(changes: AsyncIterator[Change], part: Part) -> StreamingResponse:
    """Return an answer that sends `part` of everything, and then of what changes."""
    return StreamingResponse(_events(changes, part), media_type="text/event-stream")


async def _events(changes: AsyncIterator[Change], part: Part) -> AsyncIterator[str]:
    waiting = asyncio.ensure_future(_next(changes))
    try:
        await asyncio.sleep(0)  # it listens from here on
        first = part(None)
        if first is not None:
            yield _event(first)
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=_BEAT)
            if not done:
                yield ": still here\n\n"
                continue
            ids: set[str] | None = set()
            until = asyncio.get_running_loop().time() + _GATHER
            while done:
                change = waiting.result()
                if change is None:
                    return
                if change.kind == "missed":
                    ids = None
                elif ids is not None:
                    ids.add(change.id)
                waiting = asyncio.ensure_future(_next(changes))
                left = max(0.0, until - asyncio.get_running_loop().time())
                done, _ = await asyncio.wait({waiting}, timeout=left)
            sent = part(ids)
            if sent is not None:
                yield _event(sent)
                if sent.get("last"):
                    return
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        close = getattr(changes, "aclose", None)
        if close is not None:
            await close()


async def _next(changes: AsyncIterator[Change]) -> Change | None:
    return await anext(changes, None)


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"
