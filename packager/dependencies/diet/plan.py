"""Finds what of a package's modules can wait until it is used: imports, and what follows."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from packager.dataclass import dataclass
from packager.dependencies.diet.scopes import bound_names, global_stores, names_needed


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """One module of the package: its dotted name, whether it is a package, and its source."""

    name: str
    is_package: bool
    source: bytes


@dataclass(frozen=True, slots=True)
class Rules:
    """What a package's treatment goes by; `eager` modules are imported at once as before."""

    eager: frozenset[str]
    untreated: tuple[str, ...]
    package: str


def plan_package(
    modules: Mapping[str, ModuleSource], trees: Mapping[str, ast.Module], rules: Rules
) -> dict[str, Plan]:
    """Return the plan of each module, by name, in which anything can wait."""
    candidates = [name for name in sorted(modules) if _is_treatable(name, trees[name], rules)]
    known: dict[str, frozenset[str]] = {}
    pinned = {name: _pinned(trees[name]) for name in candidates}
    while True:  # what one module defers, those that import it from there must defer as well
        plans = {
            name: _plan(modules[name], trees[name], pinned[name], modules, rules, known)
            for name in candidates
        }
        found = {name: plan.names for name, plan in plans.items() if plan.names}
        if found == known:
            break
        known = found
    loaded = _imported_by(rules.package, modules, trees)
    for name, plan in plans.items():
        if modules[name].is_package:
            prefix = name + "."
            below = {m.removeprefix(prefix) for m in loaded if m.startswith(prefix)}
            plan.submodules = tuple(sorted(m for m in below if "." not in m))
    return {name: plan for name, plan in plans.items() if plan.names or plan.submodules}


@dataclass(slots=True)
class Plan:
    """What is to become of one module: what will wait, and what that takes."""

    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    assigned: dict[str, ast.Assign | ast.AnnAssign] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    attributes: list[ast.Assign | ast.AnnAssign] = field(default_factory=list)
    unsubscripted: list[ast.Subscript] = field(default_factory=list)
    typing: str | None = None  # the name that `typing` has, if it is deferred
    submodules: tuple[str, ...] = ()  # of a package: what importing it at once made attributes

    @property
    def names(self) -> frozenset[str]:
        """All names that the module will have once they are used."""
        return frozenset({*self.imports, *self.assigned, *self.classes})


def _is_treatable(name: str, tree: ast.Module, rules: Rules) -> bool:
    if any(name == other or name.startswith(other + ".") for other in rules.untreated):
        return False
    postponed = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
    annotated = any(
        isinstance(node, ast.AnnAssign)
        or (isinstance(node, ast.arg) and node.annotation)
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns)
        for node in ast.walk(tree)
    )
    return postponed or not annotated


def _imported_by(
    start: str, modules: Mapping[str, ModuleSource], trees: Mapping[str, ast.Module]
) -> set[str]:
    """Return the package's modules that importing `start` loads, before the treatment."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in modules:
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0])
        for node in _run_at_import(trees[name].body):
            for source in _sources(node, modules[name], modules).values():
                waiting.append(source[0])
                # A package's own submodule is also bound by importing anything below it.
                parts = source[0].split(".")
                waiting += [".".join(parts[:n]) for n in range(1, len(parts))]
    return seen


def _run_at_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try):
            yield from _run_at_import(node.body)


def _sources(
    node: ast.stmt, module: ModuleSource, modules: Mapping[str, ModuleSource]
) -> dict[str, tuple[str, ...]]:
    """Return what an import statement binds: names, and where from, as `deferred.Lazy` takes it."""
    found: dict[str, tuple[str, ...]] = {}
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                found[alias.asname] = (alias.name, "") if "." in alias.name else (alias.name,)
            else:
                found[alias.name.partition(".")[0]] = (alias.name,)
    elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
        origin = node.module or ""
        if node.level:
            up = module.name.split(".")
            up = up[: len(up) - node.level + module.is_package]
            origin = ".".join([*up, *([node.module] if node.module else [])])
        for alias in node.names:
            below = f"{origin}.{alias.name}"
            source = (below, "") if below in modules else (origin, alias.name)
            found[alias.asname or alias.name] = source
    return found


def _pinned(tree: ast.Module) -> set[str]:
    """Return the names that are bound more than once, or by a function: they can't wait."""
    counts = Counter(bound_names(tree.body))
    return global_stores(tree) | {name for name, count in counts.items() if count > 1}


def _plan(
    module: ModuleSource,
    tree: ast.Module,
    pinned: set[str],
    modules: Mapping[str, ModuleSource],
    rules: Rules,
    known: Mapping[str, frozenset[str]],
) -> Plan:
    while True:
        plan = Plan()
        for node in tree.body:
            sources = _sources(node, module, modules)
            if sources and all(
                name not in pinned
                and name != "*"
                and (s[0] not in rules.eager or (s[-1] or " ") in known.get(s[0], ()))
                for name, s in sources.items()
            ):
                plan.imports.update(sources)
        plan.typing = next((n for n, s in plan.imports.items() if s == ("typing",)), None)
        blocked = _derive(tree, plan, pinned, module.source.splitlines())
        if not blocked:
            return plan
        pinned = pinned | blocked


def _derive(tree: ast.Module, plan: Plan, pinned: set[str], lines: list[bytes]) -> set[str]:
    """Add to `plan` what follows from its imports; return the names that are needed at once."""
    before = -1
    while before != len(plan.names):
        before = len(plan.names)
        plan.attributes, plan.unsubscripted = [], []
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom) or is_type_checking(node, plan):
                continue
            if isinstance(node, ast.ClassDef):
                needed = _class_needs(node, plan)
                if needed and node.name not in pinned and _can_be_made(node, lines):
                    plan.classes[node.name] = node
                    needed = set()
            else:
                needed = _needs(node, plan)
                target = single_target(node)
                if needed and target and target not in pinned:
                    assert isinstance(node, ast.Assign | ast.AnnAssign)  # noqa: S101
                    plan.assigned[target] = node
                    needed = set()
            if needed:
                return needed
    return set()


def _needs(node: ast.AST, plan: Plan) -> set[str]:
    if is_overload(node, plan):
        return set()
    return names_needed(node) & plan.names


def _class_needs(node: ast.ClassDef, plan: Plan) -> set[str]:
    """Return the deferred names that making a class needs, but for what can be rewritten in it."""
    needed: set[str] = set()
    for base in node.bases:
        if isinstance(base, ast.Subscript) and _needs(base.slice, plan):
            if not is_typing(base.value, "Generic", plan):
                needed |= _needs(base.value, plan)
        else:
            needed |= _needs(base, plan)
    for part in (*node.keywords, *node.decorator_list):
        needed |= _needs(part, plan)
    for index, statement in enumerate(node.body):
        names = _needs(statement, plan)
        if not names:
            continue
        value = getattr(statement, "value", None)
        own = set(bound_names(node.body[:index]))  # which a function in its place would not see
        if not (single_target(statement) and value) or own & names_needed(value):
            needed |= names
            continue
        assert isinstance(statement, ast.Assign | ast.AnnAssign)  # noqa: S101
        call = value.func if isinstance(value, ast.Call) else None
        if isinstance(call, ast.Subscript) and not (
            names_needed(*value.args, *value.keywords, call.value) & plan.names
        ):
            plan.unsubscripted.append(call)
        elif isinstance(value, ast.Name | ast.Call):
            plan.attributes.append(statement)
        else:
            needed |= names
    return needed


def _can_be_made(node: ast.ClassDef, lines: list[bytes]) -> bool:
    """Only a short class is moved into a function, none with text over several lines."""
    above = lines[max(node.lineno - 3, 0) : node.lineno - 1]
    return (
        not node.decorator_list
        and len(above) == 2
        and not any(line.strip() for line in above)
        and not any(
            isinstance(part, ast.Constant | ast.JoinedStr) and part.end_lineno != part.lineno
            for part in ast.walk(node)
        )
    )


def single_target(node: ast.AST) -> str | None:
    """Return the one name that an assignment is to, if that is what `node` is."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign) and node.value:
        target = node.target
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None


def is_typing(node: ast.AST, attribute: str, plan: Plan) -> bool:
    """Whether `node` is that attribute of `typing`."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == attribute
        and isinstance(node.value, ast.Name)
        and node.value.id == plan.typing
        and plan.typing is not None
    )


def is_type_checking(node: ast.stmt, plan: Plan) -> bool:
    """Whether `node` is `if typing.TYPE_CHECKING:`."""
    return (
        isinstance(node, ast.If) and not node.orelse and is_typing(node.test, "TYPE_CHECKING", plan)
    )


def is_overload(node: ast.AST, plan: Plan) -> bool:
    """Whether `node` is an overload of a function, which only type checkers read."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        is_typing(decorator, "overload", plan) for decorator in node.decorator_list
    )


def binds_all(node: ast.Import | ast.ImportFrom, names: Iterable[str]) -> bool:
    """Whether everything that an import statement binds is in `names`."""
    return {alias.asname or alias.name.partition(".")[0] for alias in node.names} <= set(names)
