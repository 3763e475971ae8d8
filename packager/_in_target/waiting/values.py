"""Finds the values of a module that wait with the imports which they are made of.

Loggers, compiled patterns, type variables, aliases of types, and in packages classes that say what
types are: making one has no effect but what it is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from packager._in_target.waiting.blocks import all_dotted
from packager._in_target.waiting.nodes import bound_names
from packager._in_target.waiting.rules import Found, Rules

_PLAIN_TYPES = ("str", "int", "float", "bool", "bytes", "object")
_TYPES = (*_PLAIN_TYPES, "bytearray", "complex", "dict", "frozenset", "list", "memoryview", "set")
_TYPING = ("typing", "typing_extensions")
_KINDS = ("Protocol", "TypedDict")


def add_values(tree: ast.Module, found: Found, rules: Rules, once: Callable[[str], bool]) -> None:
    """Add to `found` what is made of imports that wait, of nothing else, and without any effect.

    `once` says whether a name is bound once and followed here.
    """
    for node in tree.body:
        if rules.types and isinstance(node, ast.ClassDef):
            if once(node.name) and _says_types(node, found, once):
                found.values[node.name] = node
            continue
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Name) and once(target.id):
            used = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
            if used & found.names and _has_no_effect(node.value, found, rules, once):
                found.values[target.id] = node


def _has_no_effect(
    value: ast.expr, found: Found, rules: Rules, once: Callable[[str], bool]
) -> bool:
    if isinstance(value, ast.Call):
        if rules.package and _is_type_variable(value, found, once):
            return True
        return isinstance(value.func, ast.Attribute) and _is_made_by_library(
            value, value.func, found, rules, once
        )
    if rules.package:
        return isinstance(value, ast.Subscript) and all(
            _is_type(each, found, once) for each in ast.walk(value)
        )
    if not isinstance(value, ast.Subscript):
        return False
    for each in ast.walk(value):  # an alias of types
        if isinstance(each, ast.Name):
            origin = found.imports.get(each.id, [None])[0]
            typing = isinstance(origin, ast.ImportFrom) and origin.module == "typing"
            if not typing and each.id not in _PLAIN_TYPES:
                return False
        elif not isinstance(each, ast.Subscript | ast.Tuple | ast.List | ast.Constant | ast.Load):
            return False
    return True


def _is_made_by_library(
    value: ast.Call, called: ast.Attribute, found: Found, rules: Rules, once: Callable[[str], bool]
) -> bool:
    module = called.value
    if not isinstance(module, ast.Name) or not all_dotted(found.imports.get(module.id, [])):
        return False
    if (module.id, called.attr) not in {("logging", "getLogger"), ("re", "compile")}:
        return False
    constant: tuple[type[ast.AST], ...] = (ast.Constant, ast.Name, ast.Attribute, ast.BinOp)
    constant += (ast.BitOr, ast.Load)
    if rules.package:
        constant += (ast.Add, ast.JoinedStr, ast.FormattedValue)
    return all(
        isinstance(each, constant)
        and (
            not isinstance(each, ast.Name)
            or each.id in ("__name__", module.id)
            or (rules.package and once(each.id))
        )
        for part in (*value.args, *(each.value for each in value.keywords))
        for each in ast.walk(part)
    )


def _is_type(node: ast.AST, found: Found, once: Callable[[str], bool]) -> bool:
    """Whether a part of an expression may be part of an alias of types.

    A name of the module's own may, as it is the same later.
    """
    if isinstance(node, ast.Name):
        types = (*_TYPES, "tuple", "type")
        return node.id in found.names or node.id in types or once(node.id)
    parts = (ast.Subscript, ast.Tuple, ast.List, ast.Constant, ast.Load)
    return isinstance(node, (*parts, ast.Attribute, ast.BinOp, ast.BitOr))


def _is_type_variable(value: ast.Call, found: Found, once: Callable[[str], bool]) -> bool:
    return _is_of_typing(value.func, ("TypeVar", "ParamSpec"), found) and all(
        _is_type(each, found, once)
        for part in (*value.args, *(each.value for each in value.keywords))
        for each in ast.walk(part)
    )


def _is_of_typing(expression: ast.expr, names: tuple[str, ...], found: Found) -> bool:
    """Whether an expression is one of these `names` of `typing`, of an import that may wait."""
    if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
        origin, name = found.imports.get(expression.value.id, [None])[0], expression.attr
        typing = isinstance(origin, ast.Import) and origin.names[0].name in _TYPING
    elif isinstance(expression, ast.Name):
        origin, name = found.imports.get(expression.id, [None])[0], expression.id
        typing = isinstance(origin, ast.ImportFrom) and origin.module in _TYPING
    else:
        return False
    return typing and name in names


def _says_types(node: ast.ClassDef, found: Found, once: Callable[[str], bool]) -> bool:
    """Whether a class is one of `typing`'s kinds, with fields and plain methods alone, none of a
    name that the module may have, too."""
    if node.decorator_list or not node.bases or getattr(node, "type_params", []):
        return False
    if any(not isinstance(each.value, ast.Constant) for each in node.keywords):
        return False
    return (
        all(_is_kind(each, found) for each in node.bases)
        and all(map(_is_field_or_method, node.body))
        and not any(name in found.names or once(name) for name in bound_names(*node.body))
    )


def _is_kind(base: ast.expr, found: Found) -> bool:
    waits = isinstance(base, ast.Name) and isinstance(found.values.get(base.id), ast.ClassDef)
    return waits or _is_of_typing(base, _KINDS, found)


def _is_field_or_method(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        defaults = (*node.args.defaults, *filter(None, node.args.kw_defaults))
        return not node.decorator_list and all(isinstance(each, ast.Constant) for each in defaults)
    if isinstance(node, ast.AnnAssign):
        return node.value is None or isinstance(node.value, ast.Constant)
    plain = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return plain or isinstance(node, ast.Pass)
