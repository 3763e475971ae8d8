"""Goes through the nodes of syntax trees, several times as quickly as `ast.walk` does.

Contexts and operators, half of the nodes, say nothing here: they are passed over.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from contextlib import suppress

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
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_INNER = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# A few dozen, for good; half of all nodes are of these three, which hold no others.
_fields_of: dict[type[ast.AST], tuple[str, ...]] = dict.fromkeys(
    (ast.Name, ast.Constant, ast.alias), ()
)


def fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a class of nodes that may hold others."""
    found = _fields_of.get(kind)
    if found is None:
        found = _fields_of[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    return found


def children_of(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below a node, in their order."""
    found: list[ast.AST] = []
    _add_all_children((node,), found)
    return found


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return a tree and all nodes in it, in the order of `ast.walk`."""
    found = [tree]
    _add_all_children(found, found)  # which grows meanwhile
    return found


def _add_all_children(nodes: Iterable[ast.AST], found: list[ast.AST]) -> None:
    """Add what is right below each of `nodes`: written out, as it is done for each of a tree."""
    for node in nodes:
        fields = _fields_of.get(node.__class__)
        for name in fields_of(node.__class__) if fields is None else fields:
            value = node.__dict__.get(name)
            if not value:  # nothing, an empty list, an empty text
                continue
            if value.__class__ is list:
                if value[0].__class__ is str:
                    continue  # names, of `global`, say
                # `None` is in the place of a default, or of a key, that is not there.
                found += filter(None, value) if None in value else value
            elif isinstance(value, ast.AST):
                found.append(value)


def nodes_by_class(tree: ast.AST) -> Nodes:
    """Return the same by their classes."""
    found: Nodes = {}
    for node in nodes_of(tree):
        found.setdefault(node.__class__, []).append(node)
    return found


def of_classes(nodes: Nodes, *kinds: type[ast.AST]) -> list[Any]:
    """Return those nodes that are of one of the classes."""
    return [node for kind in kinds for node in nodes.get(kind, ())]


def become(node: ast.AST, other: ast.AST) -> None:
    """Make a node, wherever it stands in its tree, what another one is."""
    node.__class__ = other.__class__
    vars(node).clear()
    vars(node).update(vars(other))


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


def is_dotted(annotation: ast.expr) -> bool:
    """Whether an annotation asks another module for a name, which may wait there."""
    return any(isinstance(each, ast.Attribute) for each in nodes_of(annotation))


def texts_of(annotation: ast.expr) -> list[ast.expr]:
    """Return what those parts of an annotation say that are text."""
    texts = []
    for each in nodes_of(annotation):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            with suppress(SyntaxError, ValueError):
                texts.append(ast.parse(each.value, mode="eval").body)
    return texts


def names_in_texts(annotation: ast.expr) -> set[str]:
    """Return the names in those parts of an annotation that are text."""
    return {name for text in texts_of(annotation) for name in names_in(text)}


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
