"""Reads `deferred`: the routes that are worked off a queue, with every fault at its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from packager.config.deferred_keys import DEFERRED_PATH, ROUTE_KEYS, RULE_KEYS, rule_of
from packager.config.key_types import Key
from packager.config.refused import InvalidValue, found
from packager.config.tables import Report
from packager.errors import Code
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_file import ConfigTable
from packager.inputs.toml_positions import KeyPath
from packager.model.deferred import SAFE_METHODS, DeferredRoute, InlineRule
from packager.model.plugin import EndpointGroup


def read_deferred(
    entries: Sequence[object],
    table: ConfigTable,
    path: KeyPath,
    groups: Sequence[EndpointGroup],
    report: Report,
    *,
    complete: bool = True,
) -> dict[str, tuple[DeferredRoute, ...]]:
    """Return the deferred routes of each of `groups`, by name, from the list at `path` of `table`.

    Each entry is for the group that declares its path; none or several are errors. With `complete`
    false, endpoints may be missing from `groups` and none is no error.
    """
    routes: dict[str, list[DeferredRoute]] = {group.name: [] for group in groups}
    for number, entry in enumerate(entries):
        reader = _Entry(table, (*path, number), report)
        route = reader.read(entry)
        if route is None:
            continue
        taking = [group for group in groups if _methods(group, route.path)]
        if len(taking) > 1:
            names = " and ".join(group.name for group in taking)
            hint = f"say it in [[groups.{taking[0].name}.deferred]] or the other's"
            problem = f"the groups {names} both declare {route.path}"
            report("ambiguous-endpoint", problem, (*reader.path, "path"), hint, None)
        elif taking:
            others = routes[taking[0].name]
            if reader.fits(route, _methods(taking[0], route.path)):
                if any(each.path == route.path for each in others):
                    reader.fault("duplicate", f"{route.path} is deferred twice", "path")
                others.append(route)
        elif complete:
            declared = dict.fromkeys(e.path for group in groups for e in group.endpoints)
            hint = did_you_mean(route.path, declared) or "the paths are " + ", ".join(declared)
            problem = f"no endpoint declares the path {route.path}"
            report("no-endpoint", problem, (*reader.path, "path"), hint, None)
    return {name: tuple(found_) for name, found_ in routes.items()}


def _methods(group: EndpointGroup, path: str) -> frozenset[str]:
    return frozenset(each.method for each in group.endpoints if each.path == path)


class _Entry:
    """One entry of `deferred`, at `path`."""

    def __init__(self, table: ConfigTable, path: KeyPath, report: Report) -> None:
        self.path = path
        self._table = table
        self._report = report
        self._sound = True

    def fault(self, code: Code, message: str, *below: str | int, hint: str | None = None) -> None:
        """Note an error at a key of the entry."""
        self._sound = False
        self._report(code, message, (*self.path, *below), hint, None)

    def read(self, entry: object) -> DeferredRoute | None:
        """Return the route that an entry describes; None for one that is at fault."""
        if isinstance(entry, str):
            entry = {"path": entry}
        if not isinstance(entry, dict):
            self.fault("wrong-type", f"expected a path or a table, not {found(entry)}")
            return None
        values = self._values(entry, ROUTE_KEYS)
        if "path" not in entry:
            self._sound = False
            self._report(
                "missing-key",
                f"missing; expected {DEFERRED_PATH.expected}",
                (*self.path, "path"),
                None,
                self.path,
            )
        rules = [
            self._rule(number, each) for number, each in enumerate(values.pop("inline_when", ()))
        ]
        if not self._sound:
            return None
        places = {name: self._table.place((*self.path, name)) for name in entry}
        places[""] = self._table.place(self.path)
        return DeferredRoute(
            **values, inline_when=tuple(each for each in rules if each), places=places
        )

    def _rule(self, number: int, entry: object) -> InlineRule | None:
        where = ("inline_when", number)
        if not isinstance(entry, dict):
            self.fault("wrong-type", f"expected a table, not {found(entry)}", *where)
            return None
        if not entry:
            self.fault("dead-rule", "says nothing, so it would hold for every request", *where)
            return None
        return rule_of(self._values(entry, RULE_KEYS, *where))

    def _values(
        self, entry: Mapping[str, Any], keys: Mapping[str, Key], *below: str | int
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in entry.items():
            if name not in keys:
                hint = did_you_mean(name, keys) or "the keys are " + ", ".join(keys)
                self.fault("unknown-key", "there is no such key", *below, name, hint=hint)
                continue
            try:
                values[name] = keys[name].read(value)
            except InvalidValue as refused:
                message = f"expected {keys[name].expected}, not {refused}"
                self.fault("invalid-value", message, *below, name)
        return values

    def fits(self, route: DeferredRoute, methods: Iterable[str]) -> bool:
        """Return whether a route fits the `methods` that its path is declared with."""
        declared = frozenset(methods)
        deferrable = declared - SAFE_METHODS
        if not deferrable:
            listed = ", ".join(sorted(declared))
            self.fault(
                "no-endpoint",
                f"{route.path} takes {listed}, which is always answered at once",
                "path",
                hint="what asks for an answer can't be deferred; defer a path with POST",
            )
            return False
        answered = declared | ({"HEAD"} if "GET" in declared else set())
        for number, rule in enumerate(route.inline_when):
            self._check_rule(rule, ("inline_when", number), answered, deferrable)
        return self._sound

    def _check_rule(
        self,
        rule: InlineRule,
        where: tuple[str | int, ...],
        answered: frozenset[str],
        deferrable: frozenset[str],
    ) -> None:
        value = rule.value
        if value is not None and value.header and value.pointer:
            message = "header and pointer are two rules, and this is one"
            self.fault("conflicting-keys", message, *where, "pointer")
        if value is None and rule.equals is not None:
            self.fault("missing-key", "missing; what equals it?", *where, "pointer")
        if rule.method is not None and rule.method not in answered:
            self.fault(
                "dead-rule",
                f"no endpoint of the path takes {rule.method}, so it holds for no request",
                *where,
                "method",
                hint="its methods are " + ", ".join(sorted(answered)),
            )
        elif rule.method in SAFE_METHODS and value is not None and value.pointer:
            message = f"a {rule.method} has no body, so the rule holds for no request"
            self.fault("dead-rule", message, *where, "pointer")
        elif value is None and {rule.method} >= deferrable:
            message = f"{rule.method} is all that would be deferred, so nothing would be"
            self.fault("dead-rule", message, *where, "method")
        texts = rule.equals is None or any(isinstance(each, str) for each in rule.equals)
        if value is not None and value.header and not texts:
            message = "a header is a text, so the rule holds for no request"
            self.fault("dead-rule", message, *where, "equals")
