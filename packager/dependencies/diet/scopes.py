"""Finds where a module uses its own global names, and whether that is at its import or later."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import field

from packager.dataclass import dataclass

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Uses:
    """The loads of global names below a node: evaluated with it (`now`), or by a call (`later`)."""

    now: tuple[ast.Name, ...]
    later: tuple[ast.Name, ...]


def uses_of(*nodes: ast.AST) -> Uses:
    """Find the global names that `nodes`, of a module's or a class's body, load.

    Annotations don't count: the modules that are treated postpone them (PEP 563).
    """
    finder = _Finder()
    for node in nodes:
        finder.visit(node)
    return Uses(tuple(finder.now), tuple(finder.later))


def names_needed(*nodes: ast.AST) -> set[str]:
    """Return the global names that `nodes` load as they are evaluated: not by a call."""
    finder = _Finder(bodies=False)
    for node in nodes:
        finder.visit(node)
    return {name.id for name in finder.now}


def bound_names(nodes: Iterable[ast.AST]) -> list[str]:
    """Return the names that statements bind in their own scope, once per binding."""
    binder = _Binder()
    for node in nodes:
        binder.visit(node)
    return binder.bound


def global_stores(tree: ast.Module) -> set[str]:
    """Return the names that any function of the module declares `global`."""
    return {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}


@dataclass(slots=True)
class _Binder(ast.NodeVisitor):
    bound: list[str] = field(default_factory=list)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.bound.append(node.id)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.bound.append(node.name)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _definition

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Has a scope of its own."""

    def _comprehension(self, node: ast.AST) -> None:
        """Has a scope of its own."""

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.bound += [alias.asname or alias.name.partition(".")[0] for alias in node.names]

    visit_Import = visit_ImportFrom = _import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bound.append(node.name)
        self.generic_visit(node)


@dataclass(slots=True)
class _Finder(ast.NodeVisitor):
    now: list[ast.Name] = field(default_factory=list)
    later: list[ast.Name] = field(default_factory=list)
    _locals: list[set[str]] = field(default_factory=list)
    _depth: int = 0  # of functions
    bodies: bool = True  # whether to look into functions

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and not any(node.id in names for names in self._locals):
            (self.later if self._depth else self.now).append(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value:
            self.visit(node.value)

    def _function(self, node: FunctionNode) -> None:
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        if not isinstance(node, ast.Lambda):
            self._visit_all(node.decorator_list)
        arguments = node.args
        self._visit_all([*arguments.defaults, *(d for d in arguments.kw_defaults if d)])
        if not self.bodies:
            return
        names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        names += [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
        declared = {
            n for s in body for g in ast.walk(s) if isinstance(g, ast.Global) for n in g.names
        }
        self._locals.append({a.arg for a in names} | set(bound_names(body)) - declared)
        self._depth += 1
        self._visit_all(body)
        self._depth -= 1
        self._locals.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        # Its first iterable belongs to the scope around; names bound within mean no global.
        self._locals.append(set(bound_names([g.target for g in node.generators])))
        self.generic_visit(node)
        self._locals.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)
