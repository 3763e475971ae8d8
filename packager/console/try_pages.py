"""The forms that send requests and events: for an interface, for a request again, for a queue."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from packager.console.bodies import body_of
from packager.console.function_pages import function_of
from packager.console.pages import away, pages_of
from packager.console.request_pages import event_text, record_of, workbench_of
from packager.console.source import served_group
from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint
from packager.model.events import (
    AnyEvent,
    EventMapping,
    PatternEvent,
    QueueEvent,
    ScheduleEvent,
    TopicEvent,
)
from packager.model.plugin import METHODS
from packager.model.plugin import Endpoint as Interface
from packager.serve.state import ServedFunction, Workbench

# `<name>`, `<int:name>`, `<string(length=2):name>` of werkzeug's rules.
VARIABLE = re.compile(r"<(?:[a-zA-Z_][a-zA-Z0-9_]*(?:\([^<>]*?\))?:)?([a-zA-Z_][a-zA-Z0-9_]*)>")
_WITH_BODY = ("POST", "PUT")
_JSON_HEADER = "Content-Type: application/json"


@dataclass(frozen=True, slots=True)
class ShownMapping:
    """A mapping of events to an interface, as a form offers it."""

    index: int
    kind: str
    title: str
    path: str
    endpoint: str | None
    payload: str  # to start with
    json: bool  # whether the payload has to be an object


async def form(request: Request) -> Response:
    """Show the form of an interface, of the endpoint that is chosen."""
    workbench, served = function_of(request)
    endpoints = await endpoints_of(workbench, served)
    wanted = request.query_params.get("endpoint", "")
    endpoint = next((each for each in endpoints if each.hook_id == wanted), None)
    if endpoint is None and endpoints:
        endpoint = next((each for each in endpoints if each.enabled), endpoints[0])
    interfaces = served.plan.group.endpoints
    index = _index(request.query_params.get("interface", "0"), len(interfaces))
    interface = interfaces[index]
    return pages_of(request).page(
        request,
        "try.html",
        served=served,
        endpoints=endpoints,
        endpoint=endpoint,
        interfaces=interfaces,
        index=index,
        interface=interface,
        variables=variables_of(interface),
        with_body=interface.method in _WITH_BODY,
        headers=_JSON_HEADER if interface.method in _WITH_BODY else "",
    )


async def edit(request: Request) -> Response:
    """Show the form of a request that came, to be sent again otherwise."""
    workbench, record = workbench_of(request), record_of(request)
    served = workbench.function(record.function)
    if served is None:
        raise HTTPException(404)
    if record.source != "http":
        return events_page(request, served, raw=event_text(record.event))
    body = body_of((), record.request_body)
    return pages_of(request).page(
        request,
        "edit.html",
        served=served,
        record=record,
        methods=dict.fromkeys((*METHODS, "PATCH", record.method)),
        headers="\n".join(f"{name}: {value}" for name, value in record.request_headers),
        body=record.request_body.decode() if body.kind in ("text", "json") else "",
        is_bytes=body.kind == "bytes",
    )


async def events(request: Request) -> Response:
    """Show the forms of events that a function takes."""
    _, served = function_of(request)
    return events_page(request, served)


def events_page(
    request: Request,
    served: ServedFunction,
    *,
    raw: str = "",
    wrong: str = "",
    index: str = "",
) -> Response:
    """Return the forms of events, with what is in the one of a whole event, and what is wrong."""
    return pages_of(request).page(
        request,
        "events.html",
        422 if wrong else 200,
        served=served,
        mappings=[_shown(i, each) for i, each in enumerate(served.events)],
        raw=raw,
        wrong=wrong,
        index=index,
    )


async def endpoints_of(workbench: Workbench, served: ServedFunction) -> list[Endpoint]:
    """Return the endpoints of a function by name; none where it has a single one."""
    if served.store is None:
        return []
    store = served_group(workbench, served).function.store
    found: list[Endpoint] = await away(store.all)
    return sorted(found, key=lambda each: each.name.lower())


def variables_of(interface: Interface) -> list[str]:
    """Return the names of what an interface's path leaves open."""
    return VARIABLE.findall(interface.path)


def _index(text: str, count: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text) < count else 0


def _shown(index: int, event: EventMapping) -> ShownMapping:
    title, payload = event.path, "{}"
    match event:
        case QueueEvent():
            kind, title = "Queue", event.queue or "A queue of the template"
        case TopicEvent():
            kind, title = "Topic", event.topic or "A topic of the template"
        case PatternEvent():
            kind, title = "EventBridge", event_text(event.pattern)
        case ScheduleEvent():
            kind, title, payload = "Schedule", event.expression, event_text(event.input)
        case AnyEvent():
            kind, title = "Any other event", "what no other of these has sent"
    is_object = isinstance(event, PatternEvent | ScheduleEvent | AnyEvent)
    return ShownMapping(index, kind, title, event.path, event.endpoint, payload, is_object)
