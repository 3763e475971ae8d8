"""Finds whether a module looks at its own namespace, where what waits is not there yet."""

from __future__ import annotations

import ast

from packager._in_target.waiting.nodes import (
    Nodes,
    bound_names,
    by_class,
    nodes_in_lines,
    nodes_of,
    of_classes,
)
from packager._in_target.waiting.rules import Rules
from packager._in_target.waiting.text import Text

TYPE_CHECKING = False  # see nodes.py
if TYPE_CHECKING:
    from typing import TypeGuard

# Who names one of these may read what is not there yet.
_LOOKING = frozenset({"globals", "locals", "vars", "exec", "eval", "__dict__", "__builtins__"})
_OWN_HOOKS = ("__getattr__", "__dir__")


def looks_at_itself(tree: ast.Module, text: Text, statements: Nodes, rules: Rules) -> bool:
    """Whether a module, of such `statements`, reads its namespace, or has one that others fill.

    In a package fewer things count: `vars(x)` and `x.__dict__` are of objects there, `locals()` in
    a function is the function's, and what is evaluated finds what waits (`Builtins` in
    `endpoint_runtime/waiting.py`). Its own tests would tell.
    """
    lines = text.lines_with({*_LOOKING, "modules", *(() if rules.package else _OWN_HOOKS)})
    if not lines:  # as in most modules
        return not rules.package and any(map(_looks, statements.get(ast.ImportFrom, ())))
    nodes = by_class(nodes_in_lines(tree, lines))
    if not rules.package:
        if not {*_OWN_HOOKS}.isdisjoint(bound_names(*tree.body)):
            return True
        kinds = (ast.Name, ast.Attribute, ast.FunctionDef, ast.AsyncFunctionDef)
        suspects = [*of_classes(nodes, *kinds), *statements.get(ast.ImportFrom, ())]
        return any(map(_looks, suspects))
    suspects = [
        node
        for node in [
            *(node for node in nodes.get(ast.Name, ()) if node.id in _LOOKING),
            *(node for node in nodes.get(ast.Attribute, ()) if node.attr == "modules"),
            *nodes.get(ast.ImportFrom, ()),
        ]
        if _looks_in_package(node, within=False)
    ]
    if not suspects:
        return False
    inner = {
        id(each)
        for node in of_classes(nodes, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        for each in nodes_of(node)
    }
    asking = of_classes(nodes, ast.Compare, ast.Subscript, ast.Call)
    plain = {id(use) for node in asking for use in _plain_uses_of_modules(node)}
    if rules.types:
        plain |= {id(each) for node in of_classes(nodes, ast.Call) for each in _handed_on(node)}
    return any(
        _looks_in_package(node, within=id(node) in inner)
        for node in suspects
        if id(node) not in plain
    )


def has_hook(tree: ast.Module, text: Text) -> bool:
    """Whether a module has a `__getattr__` of its own, in whatever branch and however bound."""
    return bool(text.lines_with(_OWN_HOOKS[:1])) and _OWN_HOOKS[0] in bound_names(*tree.body)


def evaluates(tree: ast.Module, text: Text) -> bool:
    """Whether a module has text evaluated as code, with its own names."""
    if not text.lines_with(("eval", "exec")):
        return False
    return any(node.id in ("eval", "exec") for node in nodes_of(tree) if isinstance(node, ast.Name))


def _looks(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _LOOKING
    if isinstance(node, ast.Attribute):
        return node.attr in _LOOKING or node.attr == "modules"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name in _OWN_HOOKS and not node.col_offset
    return isinstance(node, ast.ImportFrom) and any(a.name in ("*", "modules") for a in node.names)


def _looks_in_package(node: ast.AST, *, within: bool) -> bool:
    if isinstance(node, ast.Name):
        return node.id in ("globals", "__builtins__") or (
            not within and node.id in ("locals", "vars", "exec", "eval")
        )
    if isinstance(node, ast.Attribute):
        module = node.value
        return node.attr == "modules" and isinstance(module, ast.Name) and module.id == "sys"
    return isinstance(node, ast.ImportFrom) and any(a.name == "modules" for a in node.names)


def _plain_uses_of_modules(node: ast.AST) -> list[ast.AST]:
    """Return the `sys.modules` that a node asks for another module than its own."""
    found: list[ast.AST] = []
    asked: ast.AST | None = None
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In):
        found, asked = [node.comparators[0]], node.left
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        found, asked = [node.value], node.slice
    elif isinstance(node, ast.Call) and node.args and _is_get(node.func):
        found, asked = [node.func.value], node.args[0]
    if asked is None or any(
        isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(asked)
    ):
        return []
    return found


def _handed_on(call: ast.Call) -> list[ast.expr]:
    """Return the `sys.modules` of a `sys.modules[__name__]` that a function gets: what it asks the
    module for, it finds."""
    if isinstance(call.func, ast.Name) and call.func.id in ("vars", "getattr", "delattr"):
        return []
    return [each.value for each in call.args if isinstance(each, ast.Subscript)]


def _is_get(called: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(called, ast.Attribute) and called.attr == "get"
