"""Has a module's imports wait until what they bind is used, in its bytecode alone.

The source stays as it is, and so do lines and columns, so tracebacks and `inspect` show what its
author wrote. `endpoint_runtime/waiting.py` is what the changed code calls: each import that waits
becomes a function at its place, and each use of its name an attribute of `__waiting__`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from packager._in_target.waiting.blocks import blocks_of, is_checking
from packager._in_target.waiting.left_out import leave_out
from packager._in_target.waiting.looks import evaluates, has_hook
from packager._in_target.waiting.names import is_submodule, waiting_names
from packager._in_target.waiting.nodes import become, insert_after, new_node, nodes_of, place_of
from packager._in_target.waiting.plugin_rules import submodules_used
from packager._in_target.waiting.quiet_lines import quiet_lines
from packager._in_target.waiting.rules import Found, Rules
from packager._in_target.waiting.text import Text

_NAMESPACE = "__waiting__"
_IMPORT = "__waiting_import__"
_RUNTIME = "endpoint_runtime.waiting"
_LOAD = ast.Load()


def with_waiting_imports(
    source: bytes, rules: Rules, tree: ast.Module | None = None
) -> ast.Module | None:
    """Return the tree of a module whose imports wait; None where none can.

    `tree` is that of the source as it is, where it has been parsed already: it is changed.
    """
    tree = tree or ast.parse(source)
    if rules.package:
        leave_out(tree, source)
    used = submodules_used(tree, rules.root) if rules.root else {}
    text = Text(source)
    found = waiting_names(tree, text, rules)
    if found is None:
        if not used:
            return None
        _rewrite(tree, Found(), used, {})
        return tree
    tree.body = _later_in(tree.body, found, rules)
    quiet = {} if rules.package else quiet_lines(tree, found)
    _rewrite(tree, found, used, quiet)
    at = next(index for index, node in enumerate(tree.body) if not _is_head(node))
    start = f"from {_RUNTIME} import Waiting as {_NAMESPACE}\n{_NAMESPACE} = {_NAMESPACE}()"
    tree.body[at:at] = _at(tree.body[at], start)
    if rules.package and has_hook(tree, text):
        tree.body += _at(tree.body[-1], f"{_NAMESPACE}.__hook__()")
    if found.hinted or (rules.package and evaluates(tree, text)):
        tree.body += _at(tree.body[-1], f"{_NAMESPACE}.__hinted__()")
    return tree


def _at(place: ast.stmt, code: str) -> list[ast.stmt]:
    module = ast.parse(code)
    _put(module, place)
    return module.body


def _put(tree: ast.AST, place: ast.AST) -> None:
    at = place_of(place)
    for each in nodes_of(tree):
        if each._attributes:
            vars(each).update(at)


def _later_in(statements: list[ast.stmt], found: Found, rules: Rules) -> list[ast.stmt]:
    """Return what takes the place of a block's statements."""
    body: list[ast.stmt] = []
    for node in statements:
        if isinstance(node, ast.Import | ast.ImportFrom):
            body += _import(node, found, rules)
        elif is_checking(node, found):
            body.append(ast.copy_location(ast.Pass(), node))
        elif isinstance(node, ast.Assign) and node in found.values.values():
            name = next(name for name, each in found.values.items() if each is node)
            body.append(_later(name, [], node.value, node))
        elif isinstance(node, ast.ClassDef) and node in found.values.values():
            # It is the module's by its names (`__qualname__`), and made once.
            whole = ast.copy_location(ast.Global([node.name]), node)
            made = ast.copy_location(ast.Name(node.name, _LOAD), node)
            body.append(_later(node.name, [whole, node], made, node, once=True))
        else:
            for block in blocks_of(node, rules):
                block[:] = _later_in(block, found, rules)
            body.append(node)
    return body


def _import(node: ast.Import | ast.ImportFrom, found: Found, rules: Rules) -> list[ast.stmt]:
    """Return what takes an import's place: a function for each name that waits, and the rest."""
    made: list[ast.stmt] = []
    rest: list[ast.alias] = []
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        statements = found.imports.get(name)
        if statements is None:
            rest.append(alias)
        elif statements[-1].names[0] is alias:  # type: ignore[attr-defined]
            value: ast.expr = new_node(ast.Name, place_of(node), id=name, ctx=_LOAD)
            if name in rules.submodules and is_submodule(node):
                # `from . import name` would ask this module for the name first, and again.
                value = _asked(f"{_NAMESPACE}.__submodule__({name!r})", node)
                statements = []
            made.append(_later(name, statements, value, node))
    if rest:
        node.names = rest
        made.append(node)
    return made or [ast.copy_location(ast.Pass(), node)]


def _later(
    name: str, before: list[ast.stmt], value: ast.expr, place: ast.stmt, *, once: bool = False
) -> ast.stmt:
    """Return the function that makes `name` when it is asked for, at `place`; `once`: what it makes
    is to be made by one thread alone."""
    at = place_of(place)
    register = new_node(ast.Name, at, id=_NAMESPACE, ctx=_LOAD)
    if once:
        register = new_node(ast.Attribute, at, value=register, attr="__once__", ctx=_LOAD)
    of_name = new_node(ast.Constant, at, value=name, kind=None)
    function: ast.FunctionDef = new_node(
        ast.FunctionDef,
        at,
        name=_IMPORT,
        args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]),
        body=[*before, new_node(ast.Return, at, value=value)],
        decorator_list=[new_node(ast.Call, at, func=register, args=[of_name], keywords=[])],
        returns=None,
        type_comment=None,
        type_params=[],  # from Python 3.12 on
    )
    return function


def _asked(code: str, place: ast.AST) -> ast.expr:
    """Return the expression that some code is, at `place`."""
    expression = ast.parse(code, mode="eval").body
    _put(expression, place)
    return expression


def _is_head(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _rewrite(
    tree: ast.Module,
    found: Found,
    submodules: Mapping[str, str],
    quiet: Mapping[int, ast.Attribute],
) -> None:
    """Have uses of what waits ask for it, and make texts of annotations that name it.

    After each import of a package that has `submodules` in use as its attributes, these are there.
    `quiet` are methods of loggers whose lines import no `logging` where the log does not take them.
    """
    for line in quiet.values():
        name, level = line.value.id, line.attr  # type: ignore[attr-defined]
        asked = _asked(f"{_NAMESPACE}.__log__({name!r}, {level!r})", line)
        become(line, asked.__class__, **vars(asked))
    for annotation, text in found.texts:
        become(annotation, ast.Constant, value=text, kind=None)
    for use in found.uses:
        namespace = new_node(ast.Name, place_of(use), id=_NAMESPACE, ctx=_LOAD)
        become(use, ast.Attribute, value=namespace, attr=use.id, ctx=_LOAD)
    if submodules:
        insert_after(tree, lambda node: _completed(node, submodules))


def _completed(node: ast.AST, submodules: Mapping[str, str]) -> list[ast.stmt]:
    """Return what, after an import, has a package's submodules there that the module uses as its
    attributes."""
    made: list[ast.stmt] = []
    if not isinstance(node, ast.Import):
        return made
    for alias in node.names:
        package = alias.name.partition(".")[0]
        if not alias.asname and package in submodules:
            code = f"__import__({_RUNTIME!r}, None, None, ('complete',))"
            made += _at(node, f"{code}.complete({package}, {submodules[package]!r})")
    return made
