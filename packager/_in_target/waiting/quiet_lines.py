"""Finds the lines of loggers that wait which a log without configuration does not take."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from packager._in_target.waiting.nodes import statements_by_class
from packager._in_target.waiting.rules import Found

_LEVELS = ("debug", "info")
_OPTIONS = frozenset({"exc_info", "extra", "stack_info", "stacklevel"})


def quiet_lines(tree: ast.Module, found: Found) -> Mapping[int, ast.Attribute]:
    """Return what is called (`log.debug`), by its id, in statements that are such calls alone."""
    loggers = {name for name, node in found.values.items() if _makes_logger(node)}
    uses = {id(each) for each in found.uses if each.id in loggers}
    if not uses:
        return {}
    called = {}
    for node in statements_by_class(tree).get(ast.Expr, ()):
        if isinstance(node.value, ast.Call):
            method = node.value.func
            if (
                isinstance(method, ast.Attribute)
                and method.attr in _LEVELS
                and id(method.value) in uses
                and _is_plain(node.value)
            ):
                called[id(method)] = method
    return called


def _makes_logger(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Assign) else None
    method = value.func if isinstance(value, ast.Call) else None
    return isinstance(method, ast.Attribute) and method.attr == "getLogger"


def _is_plain(call: ast.Call) -> bool:
    """Whether a call's arguments are right, whatever they are."""
    first = bool(call.args) and not isinstance(call.args[0], ast.Starred)
    return first and all(each.arg in _OPTIONS for each in call.keywords)
