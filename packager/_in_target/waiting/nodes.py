"""Goes through the nodes of syntax trees, several times as quickly as `ast.walk` does.

Contexts and operators, half of the nodes, say nothing here: they are passed over.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

Nodes = dict[type[ast.AST], list[Any]]  # by their class

# Fields of nodes that hold contexts, operators or no nodes at all, whatever the class.
_PLAIN = frozenset(
    {
        *("arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level"),
        *("module", "op", "ops", "simple", "type_comment", "type_ignores"),
    }
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_INNER = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_fields_of: dict[type[ast.AST], tuple[str, ...]] = {}  # a few dozen, for good


def fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a class of nodes that may hold others."""
    found = _fields_of.get(kind)
    if found is None:
        found = _fields_of[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    return found


def children_of(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below a node, in their order."""
    found: list[ast.AST] = []
    for name in fields_of(node.__class__):
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return a tree and all nodes in it, in the order of `ast.walk`."""
    found = [tree]
    for node in found:  # which grows meanwhile
        found += children_of(node)
    return found


def nodes_by_class(tree: ast.AST) -> Nodes:
    """Return the same by their classes."""
    found: Nodes = {}
    for node in nodes_of(tree):
        found.setdefault(node.__class__, []).append(node)
    return found


def of_classes(nodes: Nodes, *kinds: type[ast.AST]) -> list[Any]:
    """Return those nodes that are of one of the classes."""
    return [node for kind in kinds for node in nodes.get(kind, ())]


def replace_nodes(tree: ast.AST, new: Callable[[ast.AST], list[ast.AST] | None]) -> None:
    """Put what `new` returns for a node of `tree`, if anything, in its place: several statements,
    or one of anything. What is new is not asked for, but what is in it."""
    pending = [tree]
    for node in pending:
        for name in fields_of(node.__class__):
            value = getattr(node, name, None)
            if value.__class__ is list:
                for each in [*value]:
                    made = new(each) if isinstance(each, ast.AST) else None
                    if made is not None:
                        at = value.index(each)
                        value[at : at + 1] = made
                pending += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST):
                made = new(value)
                if made is not None:
                    [value] = made
                    setattr(node, name, value)
                pending.append(value)


def bound_names(*nodes: ast.AST) -> list[str]:
    """Return the names that nodes bind in their own scope, once per binding."""
    names: list[str] = []
    pending = [*nodes]
    for node in pending:
        kind = node.__class__
        if kind is ast.Name:
            if node.ctx.__class__ is not ast.Load:  # type: ignore[attr-defined]
                names.append(node.id)  # type: ignore[attr-defined]
        elif kind in _SCOPES:
            names.append(node.name)  # type: ignore[attr-defined]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        elif kind not in _INNER:
            if isinstance(node, ast.ExceptHandler) and node.name:
                names.append(node.name)
            pending += children_of(node)
    return names


def names_in(expression: ast.expr) -> set[str]:
    """Return the names that an expression has."""
    return {each.id for each in nodes_of(expression) if isinstance(each, ast.Name)}


def last_name(expression: ast.expr) -> str:
    """Return the last part of a dotted name, or of what is called, "" for another expression."""
    if isinstance(expression, ast.Call):
        expression = expression.func
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters of a function."""
    others = [each for each in (arguments.vararg, arguments.kwarg) if each]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *others]
