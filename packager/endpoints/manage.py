"""Makes, edits, switches, moves and deletes endpoints: what commands and the console do.

Everything is checked before anything is written. What is wrong, or worth knowing, goes into
`diagnostics`; errors are raised together as `InvalidInput`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Literal

from packager.dataclass import dataclass
from packager.endpoints.checks import (
    check_choices,
    check_references,
    check_required,
    check_size,
)
from packager.endpoints.endpoint import Endpoint, name_problem
from packager.endpoints.function import ManagedFunction, Values
from packager.endpoints.given import Given, is_reference, references_in
from packager.endpoints.store import Change, RootTaken
from packager.errors import Diagnostics, Place
from packager.model.options import AwsSource

_EDIT = "names differ within a group; `packager endpoints edit` changes it"

Action = Literal["create", "change", "keep"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint as it is wanted; what is None stays as it is, or as new ones are.

    `hook_id` and `space` are those it had where it was exported. `place` is where it was written.
    """

    name: str | None = None
    given: Mapping[str, Given] = field(default_factory=dict)
    enabled: bool | None = None
    root: bool | None = None
    hook_id: str | None = None
    space: str | None = None
    place: Place | None = None
    name_place: Place | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """An endpoint as it is now, and what was done to it."""

    endpoint: Endpoint
    action: Action


def create(function: ManagedFunction, wanted: Wanted, diagnostics: Diagnostics) -> Done:
    """Make an endpoint."""
    if wanted.name and function.store.named(wanted.name) is not None:
        note_taken(wanted.name, wanted.name_place, diagnostics, _EDIT)
    return _write(function, None, wanted, diagnostics)


def edit(
    function: ManagedFunction, before: Endpoint, wanted: Wanted, diagnostics: Diagnostics
) -> Done:
    """Change what is wanted of an endpoint, and leave all else as it is."""
    renamed = wanted.name is not None and wanted.name != before.name
    if renamed and wanted.name and function.store.named(wanted.name) is not None:
        note_taken(wanted.name, wanted.name_place, diagnostics, _EDIT)
    return _write(function, before, wanted, diagnostics)


def rotate(function: ManagedFunction, before: Endpoint) -> Endpoint:
    """Give an endpoint another hook id; it no longer answers at its old address."""
    after = replace(
        _next(before), hook_id=function.new_hook_id(), space=before.space or before.hook_id
    )
    if before.sealed is not None:  # for the old hook id
        after = function.with_values(after, function.values(before))
    function.store.write([Change(before, after)])
    return after


def delete(function: ManagedFunction, before: Endpoint) -> None:
    """Delete an endpoint."""
    function.store.write([Change(before, None)])


def change_of(
    function: ManagedFunction,
    before: Endpoint | None,
    wanted: Wanted,
    diagnostics: Diagnostics,
) -> Change:
    """Return what becomes of an endpoint as it is wanted; nothing where both are the same.

    Whether name and root are free, and what it refers to is there, is not looked at.
    """
    problem = name_problem(wanted.name) if wanted.name is not None else None
    if problem:
        diagnostics.error("invalid-value", problem, wanted.name_place, key="name")
    after = _next(before) if before else _new(function, wanted)
    after = replace(
        after,
        name=after.name if wanted.name is None else wanted.name,
        enabled=after.enabled if wanted.enabled is None else wanted.enabled,
        root=after.root if wanted.root is None else wanted.root,
    )
    if after.root and function.declaration.routes != "all":
        diagnostics.error(
            "conflicting-keys",
            f'with routes = "{function.declaration.routes}" nothing reaches the root',
            wanted.place,
            key="root",
            hint='set routes = "all", and deploy it again',
        )
    same = before is not None and not wanted.given
    if not same:
        old = function.values(before) if before else Values()
        values = merged(old, wanted.given)
        check_required(function, values, wanted.given, wanted.place, diagnostics)
        check_choices(function, wanted.given, wanted.place, diagnostics)
        same = before is not None and values == old
        if not same:
            after = function.with_values(after, values)
    if before is not None and same and _switches(after) == _switches(before):
        return Change(before, before)
    check_size(function, after, wanted.given, wanted.place, diagnostics)
    return Change(before, after)


def merged(values: Values, given: Mapping[str, Given]) -> Values:
    """Return `values` with what is given in their place."""
    told = {name: each.value for name, each in given.items() if not each.wrong}
    plain = {name: each for name, each in values.plain.items() if name not in told}
    references = {name: each for name, each in values.references.items() if name not in told}
    for name, value in told.items():
        if is_reference(value):
            references[name] = value
        elif value is not None:
            plain[name] = value
    return Values(plain, references)


def references_of(wanted: Wanted) -> dict[tuple[str, AwsSource], Place | None]:
    """Return what is to be read of AWS to check an endpoint, and where each was written."""
    found = references_in(wanted.given)
    return {(name, source): wanted.given[name].place for name, source in found.items()}


def note_taken(
    name: str,
    place: Place | None,
    diagnostics: Diagnostics,
    hint: str,
    what: str = "an endpoint",
) -> None:
    """Note that there is one of this name already."""
    diagnostics.error("duplicate", f"there is {what} named {name} already", place, hint=hint)


def _write(
    function: ManagedFunction,
    before: Endpoint | None,
    wanted: Wanted,
    diagnostics: Diagnostics,
) -> Done:
    change = change_of(function, before, wanted, diagnostics)
    check_references(function, references_of(wanted), diagnostics)
    after = change.after
    diagnostics.raise_errors()
    assert after is not None  # noqa: S101 - nothing is deleted here
    if after is before:
        return Done(after, "keep")
    if after.root and not (before and before.root):
        holder = function.store.root()
        other = function.store.get(holder) if holder else None
        if other is not None:
            raise RootTaken(other.name)
    function.store.write([change])
    return Done(after, "change" if before else "create")


def _new(function: ManagedFunction, wanted: Wanted) -> Endpoint:
    now = _now()
    return Endpoint(
        hook_id=wanted.hook_id or function.new_hook_id(),
        name="",
        space=wanted.space,
        created=now,
        updated=now,
    )


def _switches(endpoint: Endpoint) -> tuple[str, bool, bool]:
    return endpoint.name, endpoint.enabled, endpoint.root


def _next(before: Endpoint) -> Endpoint:
    return replace(before, version=before.version + 1, updated=_now())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
