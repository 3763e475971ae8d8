"""Sends what the forms say: a request to an interface, a request again, an event; and what
`packager send` says."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from packager.console.forms import MOST_BYTES, Form, read_form
from packager.console.function_pages import function_of
from packager.console.guard import PREFIX
from packager.console.pages import see
from packager.console.request_pages import record_of, workbench_of
from packager.console.try_pages import VARIABLE, endpoints_of, events_page
from packager.contract import ENDPOINTS_PATH
from packager.errors import PackagerError, UsageError
from packager.local.form_data import Part, encode_parts
from packager.local.mapped_event import JSON_SOURCES, chosen_event
from packager.local.request_event import Header
from packager.serve.changes import Change
from packager.serve.front import MAX_BODY
from packager.serve.request_log import Outgoing, RequestRecord
from packager.serve.state import ServedFunction, Workbench

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
    headers, body = _headers(form), form.text("body").encode()
    if form.files or form.text("fields").strip():
        headers, body = _as_form(headers, form)
    if len(body) > MAX_BODY:
        raise PackagerError("no gateway takes a body of more than 10 MB")
    outgoing = Outgoing(chosen.method, target, headers, body)
    return _sent(request, await workbench.send(served, outgoing))


def _as_form(headers: tuple[Header, ...], form: Form) -> tuple[tuple[Header, ...], bytes]:
    """Return headers and body of a form with the fields and files that were filled in."""
    parts = []
    for line in form.text("fields").split("\n"):
        name, equals, value = line.partition("=")
        if line.strip() and not (equals and name.strip()):
            raise PackagerError("expected a field in each line, such as size=large")
        parts += [Part(name.strip(), value.encode())] if equals else []
    name = form.text("file-field").strip() or "file"
    parts += [replace(each, name=name) for each in form.files]
    content_type, body = encode_parts(parts)
    others = tuple(each for each in headers if each[0].lower() != "content-type")
    return (*others, ("Content-Type", content_type)), body


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
    if mapping.source in JSON_SOURCES:
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict):
            return events_page(request, served, wrong="expected an object of JSON", index=index)
    return _sent(request, await workbench.send_event(served, mapping, payload))


async def invocation(request: Request) -> Response:
    """Send what a document of JSON says: `function`, and `mapped` with its `payload`, or `event`.

    The content type keeps other sites away: none may send it without being allowed first.
    """
    try:
        if request.headers.get("content-type") != "application/json":
            raise UsageError("expected application/json")
        said = await _document(request)
        workbench = workbench_of(request)
        served = _function(workbench, said.get("function"))
        changes = workbench.requests.subscribe()
        record = await _send(workbench, served, said)
    except PackagerError as error:
        return JSONResponse({"fault": str(error), "hint": error.hint}, 422)
    await _done(changes, record)
    return JSONResponse(
        {
            "function": served.id,
            "reply": record.response_body.decode("utf-8", "replace"),
            "error": record.error,
            "log": record.log.decode("utf-8", "replace"),
            "init_ms": record.init_ms,
            "duration_ms": record.duration_ms,
        }
    )


async def _document(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise UsageError(f"an event of more than {MOST_BYTES} bytes is not sent")
    try:
        said = json.loads(bytes(body))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise UsageError("expected an object of JSON")
    return said


def _function(workbench: Workbench, wanted: object) -> ServedFunction:
    names = [each.id for each in workbench.functions]
    if wanted is None and len(names) == 1:
        return workbench.functions[0]
    found = workbench.function(wanted) if isinstance(wanted, str) else None
    if found is None:
        problem = "several functions are served" if wanted is None else f"there is no {wanted}"
        raise UsageError(problem, hint=f"--function: one of {', '.join(names)}")
    return found


async def _send(
    workbench: Workbench, served: ServedFunction, said: dict[str, Any]
) -> RequestRecord:
    if served.build is None:
        raise PackagerError(f"{served.id} is not built: see the server's terminal")
    mapped = said.get("mapped")
    if not isinstance(mapped, str):
        return await workbench.send_raw(served, said.get("event"))
    mapping = served.events[chosen_event(served.events, mapped)]
    return await workbench.send_event(served, mapping, said.get("payload"))


async def _done(changes: AsyncGenerator[Change], record: RequestRecord) -> None:
    """Return once nothing more will come of a request."""
    async with aclosing(changes):
        while not record.done:
            await anext(changes)


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
