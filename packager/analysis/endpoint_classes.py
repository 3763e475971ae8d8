"""Counts the subclasses of Endpoint, or of another base, that a module has, without running it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any, Literal

from packager.analysis.facts import SourceFacts, is_first_party, module_file
from packager.analysis.sdk_distributions import DISTRIBUTIONS
from packager.dataclass import dataclass

SDK = "dify_plugin"
# Libraries that know nothing of these bases: a class derived from theirs is none.
_PLAIN = {name.partition(".")[0] for name in DISTRIBUTIONS} | sys.stdlib_module_names | {SDK}
# Decorators that give back the class they are given.
_TRANSPARENT = {"dataclass", "final", "runtime_checkable", "total_ordering", "deprecated"}


@dataclass(frozen=True, slots=True)
class Base:
    """A class of the SDK's, and the method that what is derived from it has to have."""

    name: str
    method: str


ENDPOINT = Base("Endpoint", "_invoke")


@dataclass(frozen=True, slots=True)
class ClassPlace:
    """A class statement: its name, and where it stands."""

    name: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class EndpointClasses:
    """The subclasses for certain, and whether there could be more (or fewer, never of these).

    `abstract` are those of them that lack the base's method, not by a base class either;
    `coroutines` those whose method is a coroutine function, which nothing awaits.
    """

    certain: tuple[ClassPlace, ...]
    maybe_more: bool
    abstract: tuple[ClassPlace, ...] = ()
    coroutines: tuple[ClassPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class _Thing:
    """What a name stands for, as far as can be told.

    `base` is the base itself, `subclass` a class derived from it, `module` a module (`name`),
    `library` something from outside that is not a subclass, `other` anything else that is none, and
    `unknown` what might be one.
    """

    kind: Literal["base", "subclass", "module", "function", "library", "other", "unknown"]
    place: ClassPlace | None = None
    name: str = ""
    binding: Mapping[str, Any] = field(default_factory=dict)
    conditional: bool = False
    abstract: bool = False  # a base or subclass without the method, for certain
    coroutine: bool = False  # a subclass whose method is `async`, for certain


_UNKNOWN = _Thing("unknown")
_OTHER = _Thing("other")


def endpoint_classes(
    facts: Mapping[str, SourceFacts], path: str, base: Base = ENDPOINT
) -> EndpointClasses:
    """Count the classes that the SDK would find in the module `path`.

    It takes every subclass of `base` in the module's namespace, imported ones too, but not the base
    itself. One class under two names counts once.
    """
    names, dynamic = _Namespaces(facts, base).names(path)
    certain: dict[ClassPlace, None] = {}
    abstract: dict[ClassPlace, None] = {}
    coroutines: dict[ClassPlace, None] = {}
    maybe = dynamic
    for thing in names.values():
        if thing.kind == "subclass" and thing.place and not thing.conditional:
            certain[thing.place] = None
            if thing.abstract:
                abstract[thing.place] = None
            if thing.coroutine:
                coroutines[thing.place] = None
        elif thing.kind in ("subclass", "unknown"):
            maybe = True
    return EndpointClasses(tuple(certain), maybe, tuple(abstract), tuple(coroutines))


class _Namespaces:
    """The top-level names of first-party modules, each module read once."""

    def __init__(self, facts: Mapping[str, SourceFacts], base: Base) -> None:
        self.facts = facts
        self.wanted = base
        self.known: dict[str, tuple[dict[str, _Thing], bool]] = {}
        self.open: set[str] = set()

    def names(self, path: str) -> tuple[dict[str, _Thing], bool]:
        """Return what each name of the module stands for, and whether there may be others."""
        if path in self.known:
            return self.known[path]
        if path in self.open or self.facts[path].error:  # a cycle of imports, or no Python
            return {}, True
        self.open.add(path)
        names: dict[str, _Thing] = {}
        dynamic = False
        for binding in self.facts[path].bindings:
            if binding["kind"] == "dynamic":
                dynamic = True
            elif binding["kind"] == "star":
                more, more_dynamic = self.star(binding["module"])
                for name, thing in more.items():
                    _bind(names, name, thing, binding["conditional"])
                dynamic = dynamic or more_dynamic
            elif binding["kind"] == "deleted":
                if binding["conditional"] and binding["name"] in names:
                    names[binding["name"]] = _UNKNOWN
                else:
                    names.pop(binding["name"], None)
            else:
                thing = self.thing(binding, names, dynamic, path)
                _bind(names, binding["name"], thing, binding["conditional"])
        self.open.discard(path)
        self.known[path] = names, dynamic
        return self.known[path]

    def star(self, module: str) -> tuple[dict[str, _Thing], bool]:
        if module == SDK or module.startswith(SDK + "."):
            return {self.wanted.name: _Thing("base", abstract=True)}, False
        file = module_file(self.facts, module)
        if file is None:
            return {}, is_first_party(self.facts, module) or (
                module.partition(".")[0] not in _PLAIN
            )
        names, dynamic = self.names(file)
        listed = [
            each.get("all") for each in self.facts[file].bindings if each["name"] == "__all__"
        ]
        if listed and listed[-1] is not None:
            return {name: names.get(name, _UNKNOWN) for name in listed[-1]}, False
        return {
            name: thing for name, thing in names.items() if not name.startswith("_")
        }, dynamic or bool(listed)

    def thing(
        self, binding: Mapping[str, Any], names: Mapping[str, _Thing], dynamic: bool, path: str
    ) -> _Thing:
        match binding["kind"]:
            case "module":
                return _Thing("module", name=binding["module"])
            case "from":
                return self.attribute(binding["module"], binding["attribute"])
            case "function":
                return _Thing("function", binding=binding, name=path)
            case "class":
                return self.class_(binding, names, dynamic, path)
            case _:
                return self.value(binding["value"], names, dynamic)

    def class_(
        self, binding: Mapping[str, Any], names: Mapping[str, _Thing], dynamic: bool, path: str
    ) -> _Thing:
        bases = [self.value(base, names, dynamic, base=True) for base in binding["bases"]]
        if any(base.kind in ("base", "subclass") and not base.conditional for base in bases):
            last_names = {name.rpartition(".")[2] for name in binding["decorators"]}
            if last_names <= _TRANSPARENT:
                place = ClassPlace(binding["name"], path, binding["line"])
                members = binding["members"]
                method = self.wanted.method
                inherits = members is not None and method not in members
                abstract = inherits and all(base.abstract for base in bases)
                coroutine = members is not None and self.wanted.method[1:] not in members
                if inherits:  # by the first base that has it
                    coroutine = coroutine and next(
                        (base.coroutine for base in bases if not base.abstract), False
                    )
                else:
                    coroutine = coroutine and method in binding["coroutines"]
                return _Thing("subclass", place, abstract=abstract, coroutine=coroutine)
            return _UNKNOWN
        if any(base.kind in ("base", "subclass", "unknown") for base in bases):
            return _UNKNOWN
        return _OTHER

    def attribute(self, module: str, name: str) -> _Thing:
        """Return what `name` is in `module`: an attribute, or a module below it."""
        if module == SDK or module.startswith(SDK + "."):
            if name == self.wanted.name:
                return _Thing("base", abstract=True)
            return _Thing("module" if name.islower() else "library", name=f"{module}.{name}")
        file = module_file(self.facts, module)
        if file is not None:
            names, dynamic = self.names(file)
            if name in names:
                return names[name]
            return self.module(f"{module}.{name}") or (_UNKNOWN if dynamic else _OTHER)
        if is_first_party(self.facts, module):
            return self.module(f"{module}.{name}") or _UNKNOWN
        # What a library has under such a name may be derived from it; the rest is not.
        full = f"{module}.{name}"
        return _UNKNOWN if self.might_be_one(full) else _Thing("library", name=full)

    def module(self, module: str) -> _Thing | None:
        """Return the first-party module, or the folder, that `module` names."""
        folder = module.replace(".", "/") + "/"
        if module_file(self.facts, module) or any(file.startswith(folder) for file in self.facts):
            return _Thing("module", name=module)
        return None

    def might_be_one(self, name: str) -> bool:
        lower = name.lower()
        own = self.wanted.name.lower()
        return name.partition(".")[0] not in _PLAIN and (own in lower or "dify" in lower)

    def dotted(self, name: str, names: Mapping[str, _Thing], dynamic: bool) -> _Thing:
        first, *rest = name.split(".")
        if first in names:
            thing = names[first]
        elif dynamic:
            return _UNKNOWN
        else:
            return _OTHER  # a builtin, or a NameError
        for part in rest:
            if thing.kind == "module":
                thing = self.attribute(thing.name, part)
            else:
                return thing if thing.kind in ("library", "other") else _UNKNOWN
        return thing

    def value(
        self, value: list[Any], names: Mapping[str, _Thing], dynamic: bool, *, base: bool = False
    ) -> _Thing:
        """Return what an expression is; as a class's `base`, a library's class may be anything."""
        match value:
            case ["name", str(name)]:
                thing = self.dotted(name, names, dynamic)
                if base and thing.kind in ("library", "module", "function"):
                    return _OTHER if thing.name.partition(".")[0] in _PLAIN else _UNKNOWN
                return thing
            case ["item", str(name)]:
                thing = self.dotted(name, names, dynamic)
                return _OTHER if thing.kind == "library" else _UNKNOWN
            case ["call", str(name), list(arguments)]:
                called = _UNKNOWN if base else self.dotted(name, names, dynamic)
                return self.call(
                    name, called, [self.dotted(each, names, dynamic) for each in arguments]
                )
            case ["either", list(values)]:
                things = [self.value(each, names, dynamic) for each in values]
                return _UNKNOWN if _any_class(things) else _OTHER
            case ["data"]:
                return _OTHER
        return _UNKNOWN

    def call(self, name: str, called: _Thing, arguments: list[_Thing]) -> _Thing:
        """Return what a call makes: no class, unless it is given one or is known to make them."""
        if called.kind == "unknown" or name == "getattr" or _any_class(arguments):
            return _UNKNOWN
        if called.kind == "function":
            names, dynamic = self.names(called.name)
            returned = [self.dotted(each, names, dynamic) for each in called.binding["returns"]]
            if called.binding["classes"] or _any_class(returned):
                return _UNKNOWN
        return _OTHER


def _any_class(things: Iterable[_Thing]) -> bool:
    return any(thing.kind in ("base", "subclass", "unknown") for thing in things)


def _bind(names: dict[str, _Thing], name: str, thing: _Thing, conditional: bool) -> None:
    """Bind `name`; where that may not happen, what it stood for before remains possible."""
    before = names.get(name)
    if not conditional:
        names[name] = thing
    elif before is None:
        names[name] = replace(thing, conditional=True)
    elif before != thing and _any_class([before, thing]):
        names[name] = _UNKNOWN
    elif before.kind != thing.kind:
        names[name] = thing
