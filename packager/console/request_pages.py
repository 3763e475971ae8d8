"""The pages of requests that came in: the list, one in full, and what can be saved of it."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from packager.console.bodies import Body, body_of
from packager.console.pages import pages_of
from packager.console.urls import curl_of_record
from packager.dataclass import dataclass
from packager.serve.request_log import Chunk, RequestRecord
from packager.serve.state import ServedFunction, Workbench

MOST_ROWS = 200  # of the list; older ones are there by their addresses
MOST_CHUNKS = 500  # of one response, shown with their times
# What endpoint_runtime/triggers/subscription.py says of a webhook.
_DISPATCHED = re.compile(r"\] ([\w-]+(?:, [\w-]+)*): \d+ to start$")
# What a function answered is data, wherever it is opened.
_FILE_HEADERS = {"content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests a list shows: of a function, of an endpoint by its name, or all."""

    function: str = ""
    endpoint: str = ""

    def takes(self, record: RequestRecord) -> bool:
        """Return whether a request belongs to the list."""
        return self.function in ("", record.function) and self.endpoint in (
            "",
            record.endpoint or "",
        )


def filter_of(request: Request) -> Filter:
    """Return what an address asks to see."""
    return Filter(
        request.query_params.get("function", ""), request.query_params.get("endpoint", "")
    )


def latest(workbench: Workbench, wanted: Filter) -> list[RequestRecord]:
    """Return the requests that a list shows, the newest first."""
    found = [each for each in reversed(workbench.requests.records()) if wanted.takes(each)]
    return found[:MOST_ROWS]


def workbench_of(request: Request) -> Workbench:
    """Return the workbench; a stack has no such address."""
    workbench = pages_of(request).console.workbench
    assert workbench is not None  # noqa: S101 - only a workbench has the address
    return workbench


def record_of(request: Request) -> RequestRecord:
    """Return the request that an address names."""
    record = workbench_of(request).requests.get(request.path_params["id"])
    if record is None:
        raise HTTPException(404)
    return record


async def listing(request: Request) -> Response:
    """Show what came in."""
    workbench, wanted = workbench_of(request), filter_of(request)
    return pages_of(request).page(
        request,
        "requests.html",
        records=latest(workbench, wanted),
        functions=workbench.functions,
        wanted=wanted,
    )


async def show(request: Request) -> Response:
    """Show one request in full."""
    return pages_of(request).page(request, "request.html", **shown(request))


def shown(request: Request) -> dict[str, Any]:
    """Return what the page of a request is made of."""
    workbench, record = workbench_of(request), record_of(request)
    served = workbench.function(record.function)
    base = workbench.public_base(served) if served is not None else ""
    return {
        "record": record,
        "whole": "within" not in request.query_params,
        "served": served,
        "sent": body_of(record.request_headers, record.request_body),
        "answer": body_of(record.response_headers, record.response_body),
        "chunks": record.chunks[:MOST_CHUNKS],
        "more_chunks": max(0, len(record.chunks) - MOST_CHUNKS),
        "chunk_text": chunk_text,
        "dispatched": dispatched(record, served),
        "curl": curl_of_record(record, base) if record.source == "http" and base else None,
    }


def dispatched(record: RequestRecord, served: ServedFunction | None) -> list[str] | None:
    """Return the events that a provider's function has dispatched a webhook to, as its log says;
    None where it is no such request, or was dispatched to none."""
    if served is None or served.plan.group.provider is None:
        return None
    for line in record.log_lines:
        found = _DISPATCHED.search(line)
        if found:
            return found[1].split(", ")
    return None


async def event_file(request: Request) -> Response:
    """Send the event as a file for `packager invoke --event`."""
    record = record_of(request)
    if record.event is None:
        raise HTTPException(404)
    # In ASCII: an event may hold halves of characters, which no UTF-8 has.
    return Response(
        json.dumps(record.event, indent=2) + "\n",
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="event-{_safe(record.id)}.json"'},
    )


async def body_file(request: Request) -> Response:
    """Send a response's body as a file."""
    record = record_of(request)
    body: Body = body_of(record.response_headers, record.response_body)
    name = f'attachment; filename="response-{_safe(record.id)}{body.suffix}"'
    return Response(
        record.response_body,
        media_type="application/octet-stream",
        headers={**_FILE_HEADERS, "content-disposition": name},
    )


def chunk_text(chunk: Chunk) -> str:
    """Return a piece of a body as text."""
    return chunk.data.decode("utf-8", "replace")


def _safe(name: str) -> str:
    return "".join(each for each in name if each.isascii() and (each.isalnum() or each == "-"))[:40]


def event_text(event: object) -> str:
    """Return an event as a person edits it."""
    return json.dumps(event, indent=2, ensure_ascii=False)
