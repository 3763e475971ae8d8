"""Reads the body of a request from what the command line says, or from where it says it is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from packager.bundle.read import BuiltBundle
from packager.contract import ENDPOINTS_PATH
from packager.dataclass import dataclass
from packager.errors import UsageError
from packager.inputs.suggestions import did_you_mean
from packager.local.environment import endpoint_store
from packager.local.form_data import encode_form
from packager.local.mapped_event import JSON_SOURCES, chosen_event, events_of, mapped_event
from packager.local.request_event import Header, Payload, make_event, parse_header, parse_request


def read_request_body(
    data: str | None, fields: Sequence[str], headers: Sequence[str]
) -> tuple[bytes, list[Header]]:
    """Return the body that -d or -F say, which may be a file's or stdin's, and all headers."""
    parsed = [parse_header(each) for each in headers]
    if not fields:
        return b"" if data is None else _read_data(data), parsed
    if data is not None:
        raise click.UsageError("a request has one body: -d or -F, not both")
    content_type, body = encode_form(fields, read_named)
    if not any(name.lower() == "content-type" for name, _ in parsed):
        parsed.append(("Content-Type", content_type))
    return body, parsed


def _read_data(data: str) -> bytes:
    return read_named(data[1:]) if data.startswith("@") else os.fsencode(data)


def read_named(name: str) -> bytes:
    """Return the content of a file, or of stdin if it is called `-`; raises `UsageError`."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as fault:
        raise UsageError(f"{name} can't be read: {fault.strerror}") from fault


@dataclass(frozen=True, slots=True)
class Sent:
    """What a command line says is to be sent: one of an event, a request, or a mapped event.

    `endpoint` is the name of the managed endpoint that a request is for.
    """

    event: str | None
    request: str | None
    mapped: str | None
    endpoint: str | None = None


Make = Callable[[Payload, BuiltBundle], Any]


def read_sent(sent: Sent, headers: Sequence[str], data: str | None, fields: Sequence[str]) -> Make:
    """Read what is to be sent; return what makes an event of it. Raises `UsageError`."""
    if sum(each is not None for each in (sent.event, sent.request, sent.mapped)) != 1:
        raise click.UsageError("say what to send: one of --event, --request and --mapped")
    if sent.request is not None:
        method, target = parse_request(sent.request)
        body, parsed = read_request_body(data, fields, headers)
        method = method or ("GET" if data is None and not fields else "POST")
        return lambda payload, bundle: make_event(
            method, addressed(sent.endpoint, target, bundle), parsed, body, payload
        )
    if sent.endpoint is not None:
        raise click.UsageError("--endpoint is for --request; an event says its own path")
    if headers or fields or (data is not None and sent.mapped is None):
        raise click.UsageError(
            "-H, -d and -F are for --request; an event has its own headers and body"
        )
    if sent.mapped is not None:
        return _mapped(sent.mapped, read_request_body(data, (), ())[0] if data else None)
    document = read_event(sent.event or "")
    return lambda payload, bundle: document


def read_event(file: str) -> Any:
    """Return the event in a file, or on stdin where it is `-`; raise `UsageError`."""
    name = "stdin" if file == "-" else file
    try:
        return json.loads(read_named(file))
    except ValueError as fault:
        where = f":{fault.lineno}:{fault.colno}" if isinstance(fault, json.JSONDecodeError) else ""
        what = fault.msg if isinstance(fault, json.JSONDecodeError) else "it is not UTF-8 text"
        raise UsageError(f"{name}{where}: the event is not JSON: {what}") from None
    except RecursionError:
        raise UsageError(f"{name}: the event is nested too deeply to be read") from None


def endpoint_of(name: str | None, bundle: BuiltBundle) -> str | None:
    """Return the endpoint that is measured: `name`, or the first of a managed function here.

    None for a function with one. Raises `UsageError` where a managed one has none here.
    """
    store = endpoint_store(bundle)
    if name is not None or store is None:
        return name
    names = sorted(each.name for each in store.all() if each.enabled)
    if not names:
        raise UsageError(
            f"{bundle.group} has no {bundle.made} on this machine that is switched on",
            hint=f"`packager {bundle.made}s create` makes one",
        )
    return names[0]


def addressed(name: str | None, target: str, bundle: BuiltBundle) -> str:
    """Return the path of the managed endpoint `name` here, where a request is for one.

    Raises `UsageError` where there is none of that name.
    """
    if name is None:
        return target
    store = endpoint_store(bundle)
    if store is None:
        raise UsageError(
            f"{bundle.function} serves one endpoint, as it is configured",
            hint='leave out --endpoint, or set endpoints = "managed" and build it again',
        )
    found = store.named(name)
    if found is None:
        names = [each.name for each in store.all()]
        raise UsageError(
            f"{bundle.group} has no {bundle.made} {name} on this machine",
            hint=did_you_mean(name, names) or f"`packager {bundle.made}s create` makes one",
        )
    return f"{ENDPOINTS_PATH}{found.hook_id}{target if target.startswith('/') else '/' + target}"


def mapped_payload(wanted: str, body: bytes | None) -> Any:
    """Return what an event of the source `wanted` carries; raise `UsageError`.

    None is for what the configuration of a schedule says.
    """
    if body is None and wanted.partition(":")[0] == "schedule":
        return None
    try:
        text = "{}" if body is None else body.decode()
    except UnicodeDecodeError:
        raise UsageError("-d: a message is text, in UTF-8") from None
    if wanted.partition(":")[0] not in JSON_SOURCES:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("-d: the detail of an event is JSON") from None


def _mapped(wanted: str, body: bytes | None) -> Make:
    """Return what makes an event of those that the configuration maps."""
    detail = mapped_payload(wanted, body)

    def make(payload: Payload, bundle: BuiltBundle) -> Any:
        events = events_of(bundle)
        place = chosen_event(events, wanted)
        return mapped_event(bundle.function, events, place, detail, datetime.now(UTC))

    return make
