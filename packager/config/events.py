"""Reads `events`: the non-HTTP events that reach an endpoint, with every fault at its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from packager.config.event_keys import ENDPOINT, EVENT_KINDS, MAX_PLAIN_BATCH, PATH
from packager.config.key_types import choice
from packager.config.refused import InvalidValue, found
from packager.config.tables import Report
from packager.errors import Code, Place
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_file import ConfigTable
from packager.inputs.toml_positions import KeyPath
from packager.inputs.url_rules import is_rule
from packager.model.events import (
    EVENT_SOURCES,
    AnyEvent,
    EventMapping,
    QueueEvent,
    event_arn,
)
from packager.model.plugin import EndpointGroup

if TYPE_CHECKING:
    from werkzeug.routing import Map

_SOURCE = choice("source", EVENT_SOURCES)
# What only a queue that the template makes has.
_OF_A_QUEUE_MADE = ("fifo", "visibility_timeout", "max_receives")


def read_events(
    entries: Sequence[object],
    table: ConfigTable,
    path: KeyPath,
    groups: Sequence[EndpointGroup],
    report: Report,
    *,
    complete: bool = True,
) -> dict[str, tuple[EventMapping, ...]]:
    """Return the events of each of `groups`, by name, from the list `entries` at `path` of `table`.

    Each entry is for the group that takes its path by POST; none or several are errors. With
    `complete` false, endpoints may be missing from `groups` and none is no error.
    """
    events: dict[str, list[EventMapping]] = {group.name: [] for group in groups}
    for number, entry in enumerate(entries):
        entry_path = (*path, number)
        event = _read_entry(entry, table, entry_path, report)
        if event is None:
            continue
        taking = [group for group in groups if _path_problem(group, event.path) is None]
        if len(taking) == 1:
            _check_twice(event, events[taking[0].name], entry_path, report)
            events[taking[0].name].append(event)
        elif taking:
            names = " and ".join(group.name for group in taking)
            hint = f"say it in [[groups.{taking[0].name}.events]] or the other's"
            problem = f"the groups {names} both take POST {event.path}"
            report("ambiguous-endpoint", problem, (*entry_path, "path"), hint, None)
        elif complete:
            report(*_no_endpoint(groups, event.path, (*entry_path, "path")), None)
    return {name: tuple(found) for name, found in events.items()}


def _read_entry(
    entry: object, table: ConfigTable, path: KeyPath, report: Report
) -> EventMapping | None:
    if not isinstance(entry, dict):
        report("wrong-type", f"expected a table, not {found(entry)}", path, None, None)
        return None
    try:
        source = _SOURCE.read(entry["source"])
    except KeyError:
        report(
            "missing-key", f"missing; expected {_SOURCE.expected}", (*path, "source"), None, path
        )
        return None
    except InvalidValue as refused:
        hint = did_you_mean(str(entry["source"]), EVENT_SOURCES)
        report(
            "invalid-value",
            f"expected {_SOURCE.expected}, not {refused}",
            (*path, "source"),
            hint,
            None,
        )
        return None
    kind, kind_keys, required = EVENT_KINDS[str(source)]
    keys = {key.name: key for key in (PATH, ENDPOINT, *kind_keys)}
    values: dict[str, Any] = {}
    sound = True
    for name, value in entry.items():
        if name == "source":
            continue
        try:
            if name not in keys:
                _report_unknown(name, str(source), keys, (*path, name), report)
                sound = False
            else:
                values[name] = keys[name].read(value)
        except InvalidValue as refused:
            report(
                "invalid-value",
                f"expected {keys[name].expected}, not {refused}",
                (*path, name),
                None,
                None,
            )
            sound = False
    for name in ("path", *required):
        if name not in entry:
            report(
                "missing-key", f"missing; expected {keys[name].expected}", (*path, name), None, path
            )
            sound = False
    if not sound:
        return None
    places: dict[str, Place] = {name: table.place((*path, name)) for name in entry}
    places[""] = table.place(path)
    event: EventMapping = kind(**values, places=places)
    if isinstance(event, QueueEvent) and not _check_queue(event, entry, path, report):
        return None
    return event


def _report_unknown(
    name: str, source: str, keys: Iterable[str], path: KeyPath, report: Report
) -> None:
    others = [
        kind for kind, (_, theirs, _) in EVENT_KINDS.items() if name in [k.name for k in theirs]
    ]
    if others:
        report(
            "unknown-key",
            f"is a key of source = {' and '.join(map(repr, others))}",
            path,
            None,
            None,
        )
        return
    known = ["source", *keys]
    hint = did_you_mean(name, known) or f"the keys of {source!r} are " + ", ".join(known)
    report("unknown-key", "there is no such key", path, hint, None)


def _check_queue(
    event: QueueEvent, entry: Mapping[str, Any], path: KeyPath, report: Report
) -> bool:
    faults: list[tuple[str, str, str | None]] = []
    fifo = event.fifo or (event.queue or "").endswith(".fifo")
    if event.queue is not None:
        own = "a queue that is there already has its own; leave out this key or queue"
        faults += [
            (name, "is for a queue that the template makes, and queue names one", own)
            for name in _OF_A_QUEUE_MADE
            if name in entry
        ]
    if fifo and event.batch_size > MAX_PLAIN_BATCH:
        problem = f"a FIFO queue's batch has at most {MAX_PLAIN_BATCH} messages"
        faults.append(("batch_size", problem, None))
    elif event.batch_size > MAX_PLAIN_BATCH and event.batch_window < 1:
        problem = f"more than {MAX_PLAIN_BATCH} messages take a batch_window of 1 s or more"
        faults.append(("batch_size", problem, None))
    if fifo and event.batch_window:
        faults.append(("batch_window", "a FIFO queue has no batch window", None))
    if event.pollers is not None and event.max_concurrency is not None:
        problem = "provisioned pollers have no max_concurrency beside them"
        faults.append(("max_concurrency", problem, None))
    for name, problem, hint in faults:
        report("conflicting-keys", problem, (*path, name), hint, None)
    return not faults


def _check_twice(
    event: EventMapping, others: Sequence[EventMapping], path: KeyPath, report: Report
) -> None:
    if isinstance(event, AnyEvent) and any(isinstance(each, AnyEvent) for each in others):
        message = "whatever nothing else maps has one path"
        report("duplicate", message, (*path, "source"), None, None)
    arn = event_arn(event)
    if arn is not None and arn in map(event_arn, others):
        key = "queue" if isinstance(event, QueueEvent) else "topic"
        report("duplicate", f"{arn} is mapped twice", (*path, key), "one entry has one path", None)


def _no_endpoint(
    groups: Sequence[EndpointGroup], path: str, key_path: KeyPath
) -> tuple[Code, str, KeyPath, str | None]:
    problems = [_path_problem(group, path) for group in groups]
    problem = f"no endpoint takes POST {path}"
    # One group's own reason says more; of several groups only a redirect does.
    problem = next((p for p in problems if p and (len(groups) == 1 or "redirect" in p)), problem)
    posts = [e.path for group in groups for e in group.endpoints if e.method == "POST"]
    hint = did_you_mean(path, posts)
    if hint is None:
        listed = ", ".join(dict.fromkeys(posts))
        hint = f"endpoints with method POST: {listed}" if posts else "add one with method POST"
    return "no-endpoint", problem, key_path, hint


def _path_problem(group: EndpointGroup, path: str) -> str | None:
    """Return why a POST of `path` reaches no endpoint of `group`; None if it reaches one."""
    from werkzeug.exceptions import HTTPException, MethodNotAllowed  # most plugins have no events
    from werkzeug.routing import RequestRedirect

    routes = _routes(tuple((endpoint.path, endpoint.method) for endpoint in group.endpoints))
    try:
        routes.bind("localhost").match(path, method="POST")
    except RequestRedirect as redirect:
        there = re.sub(r"^\w+://[^/]*", "", redirect.new_url)
        return f"POST {path} is redirected to {there}, and a redirect is a failure"
    except MethodNotAllowed as fault:
        methods = ", ".join(sorted(fault.valid_methods or ()))
        return f"{path} takes {methods}, not POST"
    except HTTPException:
        return f"no endpoint takes POST {path}"
    return None


@lru_cache(maxsize=16)
def _routes(endpoints: tuple[tuple[str, str], ...]) -> Map:
    """Return the routes of a group's endpoints, those left out whose path is not a rule: that is a
    fault where it is declared."""
    from werkzeug.routing import Map, Rule

    return Map(
        Rule(path, methods=[method], endpoint=path)
        for path, method in endpoints
        if is_rule(path, method)
    )
