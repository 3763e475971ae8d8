"""Leaves out of a package's module what never runs: other versions' branches, overloads.

Run by the interpreter that the bytecode is for, on Linux.
"""

from __future__ import annotations

import ast
import operator
import sys

from packager._in_target.waiting.nodes import nodes_of

_COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TYPING = ("typing", "typing_extensions")


def leave_out(tree: ast.Module, source: bytes) -> None:
    """Take out what is not for this interpreter, and what type checkers alone read."""
    tree.body = _taken(tree.body)
    if source.isascii() and b"overload" not in source:
        return  # to go through all of its nodes takes a while
    names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (alias.name in _TYPING if isinstance(node, ast.Import) else node.module in _TYPING)
        if isinstance(node, ast.Import) or alias.name == "overload"
    }
    if not names:
        return
    for node in nodes_of(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            node.body = _without_overloads(node.body, names)


def _taken(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return statements with the branches of `if sys.version_info >= (3, x)` that are taken."""
    made: list[ast.stmt] = []
    for node in body:
        said = _said_by_version(node.test) if isinstance(node, ast.If) else None
        if said is None or not isinstance(node, ast.If):
            made.append(node)
        elif taken := node.body if said else node.orelse:
            made += _taken(taken)
        else:
            made.append(ast.copy_location(ast.Pass(), node))
    return made


def _said_by_version(test: ast.expr) -> bool | None:
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    compare = _COMPARISONS.get(type(test.ops[0]))
    if compare is None or ast.unparse(test.left) != "sys.version_info":
        return None
    try:
        than = ast.literal_eval(test.comparators[0])
    except ValueError:
        return None
    # Two numbers: the patch release is not the builder's.
    if not isinstance(than, tuple) or not 0 < len(than) <= 2:
        return None
    return bool(compare((*sys.version_info[:2], 1), than))


def _without_overloads(body: list[ast.stmt], names: set[str]) -> list[ast.stmt]:
    last = {
        node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return [
        node
        for node in body
        if not (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and last[node.name] is not node
            and any(_is_overload(each, names) for each in node.decorator_list)
        )
    ]


def _is_overload(decorator: ast.expr, names: set[str]) -> bool:
    if isinstance(decorator, ast.Attribute) and isinstance(decorator.value, ast.Name):
        return decorator.attr == "overload" and decorator.value.id in names
    return isinstance(decorator, ast.Name) and decorator.id in names
