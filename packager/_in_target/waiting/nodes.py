"""Goes through the nodes of syntax trees, several times as quickly as `ast.walk` does.

Contexts and operators, half of the nodes, say nothing here: they are passed over.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

TYPE_CHECKING = False  # `typing` takes longer than most modules
if TYPE_CHECKING:
    from typing import Any
else:
    Any = object

Nodes = dict[type[ast.AST], list[Any]]  # by their class

# Fields of nodes that hold contexts, operators or no nodes at all, whatever the class.
_PLAIN = frozenset(
    {
        *("arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level"),
        *("module", "op", "ops", "simple", "type_comment", "type_ignores"),
    }
)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
_BINDING_NOTHING = frozenset(  # in the scope that they are in
    {
        *(ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
        *(ast.Constant, ast.alias, ast.Global, ast.Nonlocal, ast.Pass, ast.Break, ast.Continue),
    }
)
_WITHOUT_TARGETS = _BINDING_NOTHING | {
    *(ast.Expr, ast.Return, ast.Raise, ast.Assert, ast.Call, ast.Attribute, ast.Subscript),
    *(ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Dict, ast.IfExp, ast.JoinedStr),
}
_WITH_TARGETS = frozenset({ast.Assign, ast.AnnAssign, ast.AugAssign})
# A few dozen, for good; half of all nodes are of these three, which hold no others.
_fields_of: dict[type[ast.AST], tuple[str, ...]] = dict.fromkeys(
    (ast.Name, ast.Constant, ast.alias), ()
)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_blocks_of: dict[type[ast.AST], tuple[str, ...]] = {}


def fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a class of nodes that may hold others."""
    found = _fields_of.get(kind)
    if found is None:
        found = _fields_of[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    return found


def children_of(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below a node, in their order."""
    found: list[ast.AST] = []
    add_children(node, found)
    return found


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return a tree and all nodes in it, in the order of `ast.walk`."""
    found = [tree]
    for node in found:  # which grows meanwhile
        if _fields_of.get(node.__class__) != ():
            add_children(node, found)
    return found


def add_children(node: ast.AST, found: list[ast.AST]) -> None:
    """Add to `found` the nodes right below a node."""
    fields = _fields_of.get(node.__class__)
    held = node.__dict__
    for name in fields_of(node.__class__) if fields is None else fields:
        value = held.get(name)
        if not value:  # nothing, an empty list, an empty text
            continue
        if value.__class__ is list:
            if value[0].__class__ is str:
                continue  # names, of `global`, say
            # `None` is in the place of a default, or of a key, that is not there.
            found += filter(None, value) if None in value else value
        elif isinstance(value, ast.AST):
            found.append(value)


def has_lines(node: ast.stmt | ast.expr, lines: list[int]) -> bool:
    """Whether one of `lines`, sorted, is among those of a node (its decorators are above)."""
    at = bisect_left(lines, node.lineno)
    return at < len(lines) and lines[at] <= (node.end_lineno or 0)


def nodes_in_lines(tree: ast.Module, lines: list[int]) -> list[ast.AST]:
    """Return, like `nodes_of`, those of a tree that are in some lines, and others near them."""
    found: list[ast.AST] = [tree]
    for node in found:
        if node.__class__ in SCOPES:
            found += node.decorator_list
        if not isinstance(node, ast.stmt) or has_lines(node, lines):
            add_children(node, found)
    return found


def statements_by_class(tree: ast.Module) -> Nodes:
    """Return those that are statements, or hold some, by their classes: a tenth of all."""
    found: list[ast.AST] = [tree]
    for node in found:
        kind = node.__class__
        blocks = _blocks_of.get(kind)
        if blocks is None:
            blocks = _blocks_of[kind] = tuple(each for each in _BLOCKS if each in kind._fields)
        for block in blocks:
            found += node.__dict__[block]
    return by_class(found)


def by_class(nodes: Iterable[ast.AST]) -> Nodes:
    """Return nodes by their classes."""
    found: Nodes = {}
    for node in nodes:
        kind = node.__class__
        if kind in found:
            found[kind].append(node)
        else:
            found[kind] = [node]
    return found


def of_classes(nodes: Nodes, *kinds: type[ast.AST]) -> list[Any]:
    """Return those nodes that are of one of the classes."""
    return [node for kind in kinds for node in nodes.get(kind, ())]


def place_of(node: ast.AST) -> dict[str, Any]:
    """Return where a node is in its source, for another one."""
    held = node.__dict__
    return {name: held[name] for name in node._attributes}


def new_node(kind: type[ast.AST], place: Mapping[str, Any], /, **fields: Any) -> Any:
    """Return a node with all of its fields; a class of nodes itself takes thrice as long."""
    node = kind.__new__(kind)
    node.__dict__.update(place, **fields)
    return node


def become(node: ast.AST, kind: type[ast.AST], /, **fields: Any) -> None:
    """Make a node, wherever it stands in its tree, one of another class, in the same place."""
    place = place_of(node)
    held = node.__dict__
    held.clear()
    held.update(place, **fields)
    node.__class__ = kind


def insert_after(tree: ast.AST, new: Callable[[ast.AST], list[ast.stmt]]) -> None:
    """Put what `new` returns for a statement of `tree`, if anything, behind it."""
    pending = [tree]
    for node in pending:
        below = children_of(node)
        for name in fields_of(node.__class__):
            value = getattr(node, name, None)
            if value.__class__ is list:
                value[:] = [made for each in value for made in (each, *new(each))]
        pending += below


def bound_names(*nodes: ast.AST, targets_alone: bool = False) -> list[str]:
    """Return the names that nodes bind in their own scope, once per binding.

    With `targets_alone`, all but those of `:=`: the values of statements are not looked at."""
    names: list[str] = []
    pending: list[Any] = [*nodes]
    for node in pending:
        kind = node.__class__
        if kind is ast.Name:
            if node.ctx.__class__ is not ast.Load:
                names.append(node.id)
        elif kind in SCOPES:
            names.append(node.name)
        elif kind in IMPORTS:
            names += [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        elif kind not in (_WITHOUT_TARGETS if targets_alone else _BINDING_NOTHING):
            if kind is ast.ExceptHandler and node.name:
                names.append(node.name)
            if targets_alone and kind in _WITH_TARGETS:
                pending += node.targets if kind is ast.Assign else (node.target,)
            else:
                add_children(node, pending)
    return names


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
