"""Sends what the forms say: a request to an interface, a request again, an event."""

from __future__ import annotations

import json
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from packager.console.forms import Form, read_form
from packager.console.function_pages import function_of
from packager.console.guard import PREFIX
from packager.console.pages import see
from packager.console.request_pages import record_of, workbench_of
from packager.console.try_pages import VARIABLE, endpoints_of, events_page
from packager.contract import ENDPOINTS_PATH
from packager.errors import PackagerError
from packager.serve.request_log import Outgoing, RequestRecord

_TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~")  # beside letters and digits ("Tokens", RFC 9110)


async def interface(request: Request) -> Response:
    """Send a request to an interface of an endpoint."""
    form = await read_form(request)
    workbench, served = function_of(request)
    interfaces = served.plan.group.endpoints
    try:
        chosen = interfaces[int(form.text("interface"))]
    except (ValueError, IndexError):
        raise HTTPException(404) from None
    prefix = ""
    if served.store is not None:
        endpoints = await endpoints_of(workbench, served)
        if form.text("endpoint") not in [each.hook_id for each in endpoints]:
            raise HTTPException(404)
        prefix = ENDPOINTS_PATH + form.text("endpoint")
    path = VARIABLE.sub(lambda found: quote(form.text(f"var:{found[1]}"), safe="/"), chosen.path)
    query = _in_target(form.text("query").strip().removeprefix("?"))
    target = prefix + path + (f"?{query}" if query else "")
    outgoing = Outgoing(chosen.method, target, _headers(form), form.text("body").encode())
    return _sent(request, await workbench.send(served, outgoing))


async def edited(request: Request) -> Response:
    """Send a request as somebody has changed it."""
    form = await read_form(request)
    workbench, served = function_of(request)
    again = form.text("again")
    record = workbench.requests.get(again)
    body = form.text("body").encode()
    if form.has("keep") and record is not None:
        body = record.request_body
    method, target = form.text("method").strip().upper(), _in_target(form.text("target").strip())
    if not _is_token(method) or not target.startswith("/"):
        raise PackagerError("expected a method, and a path that starts with /")
    outgoing = Outgoing(method, target, _headers(form), body, again=again or None)
    return _sent(request, await workbench.send(served, outgoing))


async def again(request: Request) -> Response:
    """Send a request as it came."""
    await read_form(request)
    workbench, record = workbench_of(request), record_of(request)
    served = workbench.function(record.function)
    if served is None:
        raise HTTPException(404)
    if record.source != "http":
        return _sent(request, await workbench.send_raw(served, record.event))
    outgoing = Outgoing(
        record.method, record.path, record.request_headers, record.request_body, again=record.id
    )
    return _sent(request, await workbench.send(served, outgoing))


async def event(request: Request) -> Response:
    """Send what a queue, topic, pattern or schedule would, or an event as it is."""
    form = await read_form(request)
    workbench, served = function_of(request)
    index, text = form.text("index"), form.text("payload")
    if index == "raw":
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError):
            return events_page(request, served, raw=text, wrong="expected JSON", index=index)
        return _sent(request, await workbench.send_raw(served, whole))
    try:
        mapping = served.events[int(index)]
    except (ValueError, IndexError):
        raise HTTPException(404) from None
    payload: object = text
    if mapping.source in ("eventbridge", "schedule"):
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict):
            return events_page(request, served, wrong="expected an object of JSON", index=index)
    return _sent(request, await workbench.send_event(served, mapping, payload))


def _sent(request: Request, record: RequestRecord) -> Response:
    """Return where the answer appears: to a script its address, to a browser the page."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"id": record.id, "url": f"{PREFIX}/requests/{record.id}"})
    return see(f"/requests/{record.id}")


def _headers(form: Form) -> tuple[tuple[str, str], ...]:
    """Return the headers that a field has, a line each."""
    found = []
    for line in form.text("headers").split("\n"):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not _is_token(name.strip()) or "\0" in value or "\r" in value:
            raise PackagerError("expected a header in each line, such as Accept: text/plain")
        found.append((name.strip(), value.strip()))
    return tuple(found)


def _in_target(text: str) -> str:
    """Return a path or a query as a client sends it: what is no ASCII, and blanks, quoted."""
    return quote(text, safe="/?%&=+,;:@!$'()*~#[]{}|^`<>\"\\").replace("#", "%23")


def _is_token(text: str) -> bool:
    return bool(text) and all(
        each.isascii() and (each.isalnum() or each in _TOKEN_CHARACTERS) for each in text
    )
