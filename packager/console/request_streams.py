"""What pages of requests are told while they are open: new rows, and the answer as it comes."""

from __future__ import annotations

import codecs
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from packager.console.events import event_stream
from packager.console.pages import pages_of
from packager.console.request_pages import filter_of, latest, record_of, shown, workbench_of


async def changes(request: Request) -> Response:
    """Send the rows of the list that are new or have changed, by their ids; all of them first."""
    pages, workbench, wanted = pages_of(request), workbench_of(request), filter_of(request)

    def row(record: object) -> str:
        return pages.html(request, "request_row.html", record=record)

    def part(ids: set[str] | None) -> dict[str, Any] | None:
        if ids is None:
            return {"all": [{"id": e.id, "html": row(e)} for e in latest(workbench, wanted)]}
        found = {each: workbench.requests.get(each) for each in ids}
        rows = [
            {"id": each.id, "html": row(each)}
            for each in sorted(filter(None, found.values()), key=lambda each: each.started)
            if wanted.takes(each)
        ]
        gone = [each for each, record in found.items() if record is None]
        return {"rows": rows, "gone": gone} if rows or gone else None

    return event_stream(workbench.requests.subscribe(), part)


async def progress(request: Request) -> Response:
    """Send what comes of one answer as it comes: its text, and at the end the whole page of it.

    What the request has left to a queue may come after that; then its page is sent once more.
    """
    pages, workbench, record = pages_of(request), workbench_of(request), record_of(request)
    told, whole = 0, False
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def part(ids: set[str] | None) -> dict[str, Any] | None:
        nonlocal told, whole
        if ids is not None and record.id not in ids:
            return None
        last = record.settled or workbench.requests.get(record.id) is None
        if last or (record.done and not whole):
            whole = True
            return {
                "last": last,
                "html": pages.html(request, "request_body.html", **shown(request)),
            }
        if record.done:
            return {"later": pages.html(request, "request_later.html", **shown(request))}
        new = record.chunks[told:]
        told += len(new)
        return {
            "head": pages.html(request, "request_head.html", **shown(request)),
            "chunks": [
                {
                    "ms": round(each.ms, 1),
                    "size": len(each.data),
                    "text": decoder.decode(each.data),
                }
                for each in new
            ],
        }

    return event_stream(workbench.requests.subscribe(), part)
