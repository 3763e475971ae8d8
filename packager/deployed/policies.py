"""Compares what IAM policies allow: what of one goes beyond another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from packager.dataclass import dataclass

Condition = Mapping[tuple[str, str], tuple[str, ...]]  # values by operator and key, both lower case


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: of a role's trust, `resources` are who may take it.

    `excepts` if it is about everything but what it names (NotAction, NotResource, NotPrincipal).
    """

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = field(default_factory=dict)
    excepts: tuple[str, ...] = ()


def statements_of(document: Any) -> list[Statement]:
    """Return the statements of a policy: as a mapping, or as the text that IAM may answer with."""
    if isinstance(document, str):
        is_quoted = not document.lstrip().startswith("{")
        document = json.loads(unquote(document) if is_quoted else document)
    found = document.get("Statement", ())
    return [_statement(each) for each in ([found] if isinstance(found, Mapping) else found)]


def beyond(found: Sequence[Statement], expected: Sequence[Statement]) -> Iterator[str]:
    """Yield what `found` allows and `expected` does not, in words.

    Texts of `expected` may be wider than they are meant, where they are not known in full: what
    those cover is not found.
    """
    allowed = [each for each in expected if each.effect == "Allow"]
    for each in found:
        if each.effect == "Allow":
            yield from _wider(each, allowed)
    denied = [each for each in found if each.effect == "Deny"]
    for each in expected:
        if each.effect == "Deny" and any(_wider(each, denied)):
            yield f"{', '.join(each.actions)} on {', '.join(each.resources)} is no longer denied"


def covers(wide: str, narrow: str) -> bool:
    """Return whether all that the pattern `narrow` matches is matched by `wide`, too."""
    return _expression(wide).fullmatch(narrow) is not None


def _wider(found: Statement, allowed: Sequence[Statement]) -> Iterator[str]:
    if found.excepts:
        if found not in allowed:
            names = ", ".join((*found.actions, *found.resources))
            yield f"everything but what it names in {' and '.join(found.excepts)} ({names})"
        return
    beyond: dict[tuple[str, str], list[str]] = {}  # actions by resource and by what is missing
    for action in found.actions:
        for resource in found.resources:
            fitting = [each for each in allowed if _names(each, action, resource)]
            lacking = [_lacking(found.condition, each.condition) for each in fitting]
            if not fitting or all(lacking):
                keys = min(lacking, key=len, default=())
                note = f" without the condition {' and '.join(keys)}" if keys else ""
                beyond.setdefault((resource, note), []).append(action)
    for (resource, note), actions in beyond.items():
        yield f"{', '.join(actions)} on {resource}{note}"


def _names(statement: Statement, action: str, resource: str) -> bool:
    return (
        not statement.excepts
        and any(covers(each.lower(), action.lower()) for each in statement.actions)
        and any(covers(each, resource) for each in statement.resources)
    )


def _lacking(found: Condition, expected: Condition) -> tuple[str, ...]:
    """Return the keys of `expected` that `found` does not restrict as much."""
    lacking = []
    for (operator, key), values in expected.items():
        exact = operator.replace("like", "equals")
        own = found.get((operator, key), found.get((exact, key), ()))
        if "not" in operator:
            fits = {*values} <= {*own}
        else:
            fits = bool(own) and all(any(covers(each, one) for each in values) for one in own)
        if not fits:
            lacking.append(key)
    return tuple(lacking)


def _statement(entry: Mapping[str, Any]) -> Statement:
    lists = {}
    excepts = []
    for name in ("Action", "Resource", "Principal"):
        if f"Not{name}" in entry:
            excepts.append(f"Not{name}")
        lists[name] = _texts(entry.get(name, entry.get(f"Not{name}", ())))
    condition: dict[tuple[str, str], tuple[str, ...]] = {
        (str(operator).lower(), str(key).lower()): _texts(values)
        for operator, tests in (entry.get("Condition") or {}).items()
        for key, values in tests.items()
    }
    resources = lists["Resource"] or lists["Principal"]
    effect = str(entry.get("Effect"))
    return Statement(effect, lists["Action"], resources, condition, tuple(excepts))


def _texts(value: Any) -> tuple[str, ...]:
    """Return what an entry names, one or several; of a principal with its kind."""
    if isinstance(value, Mapping):
        named = ((kind, each) for kind, names in value.items() for each in _texts(names))
        return tuple(each if each == "*" else f"{kind} {each}" for kind, each in named)
    if isinstance(value, list | tuple):
        return tuple(map(_text, value))
    return (_text(value),)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(1000)
def _expression(pattern: str) -> re.Pattern[str]:
    """Return what matches texts, and patterns as if their own wildcards were characters.

    A `*` is then matched by a `*` alone, a `?` by either: what matches is covered.
    """
    parts = re.split(r"([*?])", re.sub(r"\*+", "*", pattern))
    known = {"*": ".*", "?": "[^*]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts), re.DOTALL)
