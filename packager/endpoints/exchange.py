"""Takes endpoints out of a store as a document, and puts a document's endpoints into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Any

from packager.dataclass import dataclass
from packager.endpoints.checks import check_references
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction
from packager.endpoints.manage import Done, Wanted, change_of, note_taken, references_of
from packager.endpoints.store import Change
from packager.errors import Diagnostics, Place
from packager.model.options import AwsSource, SsmSource

FORMAT = 1
_UPDATE = "--update makes it as the document says"


@dataclass(frozen=True, slots=True)
class Exported:
    """Endpoints as a document, and what of each is not in it, by the endpoint's name.

    `left_out` are secrets, `undeclared` what the group no longer declares.
    """

    document: dict[str, Any] = field(repr=False)
    left_out: dict[str, list[str]]
    undeclared: dict[str, list[str]]


def export_endpoints(
    function: ManagedFunction, endpoints: Sequence[Endpoint], *, secrets: bool
) -> Exported:
    """Return endpoints as a document that `import_endpoints` takes, with `secrets` if wished."""
    left_out: dict[str, list[str]] = {}
    undeclared: dict[str, list[str]] = {}
    entries: list[dict[str, Any]] = []
    order = {each.name: place for place, each in enumerate(function.declaration.settings)}
    for endpoint in endpoints:
        settings: dict[str, Any] = {}
        values = function.values(endpoint)
        found = {**values.plain, **values.references}
        for name in sorted(found, key=lambda each: order.get(each, len(order))):
            value = found[name]
            if name not in order:
                undeclared.setdefault(endpoint.name, []).append(name)
            elif isinstance(value, AwsSource):
                settings[name] = _reference(value)
            elif function.is_secret(name) and not secrets:
                left_out.setdefault(endpoint.name, []).append(name)
            else:
                settings[name] = value
        entry = {
            "name": endpoint.name,
            "hook_id": endpoint.hook_id,
            "enabled": endpoint.enabled,
            "root": endpoint.root,
        }
        if endpoint.space is not None:
            entry["space"] = endpoint.space
        entries.append(entry | {"settings": settings})
    declaration = function.declaration
    document = {
        "format": FORMAT,
        "plugin": declaration.plugin,
        "group": declaration.group,
        "endpoints": entries,
    }
    return Exported(document, left_out, undeclared)


def import_endpoints(
    function: ManagedFunction,
    entries: Sequence[Wanted],
    diagnostics: Diagnostics,
    *,
    update: bool = False,
) -> list[Done]:
    """Make the endpoints of a document, or with `update` change those of these names to be so.

    All are checked before one is written. A hook id of this function's own is kept, so that what
    was deleted answers where it did. Raises `InvalidInput`, and what the store's `write` raises.
    """
    existing = {each.name: each for each in function.store.all()}
    by_hook_id = {each.hook_id: each for each in existing.values()}
    changes: list[Change] = []
    references: dict[tuple[str, AwsSource], Place | None] = {}
    for wanted in entries:
        before = existing.get(wanted.name or "")
        if before is not None and not update:
            note_taken(before.name, wanted.name_place, diagnostics, _UPDATE)
            continue
        changes.append(
            change_of(function, before, _addressed(function, wanted, by_hook_id), diagnostics)
        )
        references |= references_of(wanted)
    check_references(function, references, diagnostics)
    _check_root(list(existing.values()), entries, changes, diagnostics)
    diagnostics.raise_errors()
    new = [each for each in changes if each.after is not each.before]
    # What answered at the root leaves it before another takes its place.
    function.store.write(sorted(new, key=lambda each: not (each.before and each.before.root)))
    return [_done(change, change.after) for change in changes if change.after is not None]


def _addressed(function: ManagedFunction, wanted: Wanted, taken: dict[str, Endpoint]) -> Wanted:
    """Return what is wanted without a hook id that the function does not take, or that is taken."""
    hook_id = wanted.hook_id
    if hook_id is None or (hook_id not in taken and function.takes(Endpoint(hook_id, ""))):
        return wanted
    return replace(wanted, hook_id=None)


def _done(change: Change, after: Endpoint) -> Done:
    if change.before is None:
        return Done(after, "create")
    return Done(after, "keep" if after is change.before else "change")


def _check_root(
    existing: Sequence[Endpoint],
    entries: Sequence[Wanted],
    changes: Sequence[Change],
    diagnostics: Diagnostics,
) -> None:
    """Note all but one of the endpoints that would answer at the root."""
    after = {each.name: each for each in existing if each.root}
    for change in changes:
        if change.after is not None and change.after.root:
            after[change.after.name] = change.after
        else:
            after.pop(change.name, None)
    first, *others = [*after] or [""]
    for wanted in entries:
        if wanted.name in others:
            diagnostics.error(
                "duplicate",
                f"{first} answers at the root already; one endpoint can",
                wanted.place,
                key="root",
            )


def _reference(source: AwsSource) -> dict[str, str]:
    if isinstance(source, SsmSource):
        return {"ssm": source.name}
    return {"secret": source.name} | ({"key": source.key} if source.key is not None else {})
