"""Takes docstrings out of a source's tree. Standard library only."""

import ast
from collections.abc import Iterator


def tree_without_docstrings(source: bytes) -> ast.Module:
    """Return a source's tree with the docstrings of modules, classes and functions taken out.

    A file whose code reads docstrings keeps its own: what it does with them is not known
    (werkzeug's LocalProxy hands on its class's, and the descriptor itself where there is none).
    """
    tree = ast.parse(source)
    named = b"__doc__" in source or b"getdoc" in source  # few do, and to walk takes a while
    if named and any(reads_docstrings(node) for node in ast.walk(tree)):
        return tree
    for node in statements(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if isinstance(node, ast.ClassDef) and any(map(makes_docstring, node.decorator_list)):
                continue
            body = node.body
            # What follows a docstring would be one if it were text, too.
            while body and is_text(body[0]):
                gone = body.pop(0)
                if not body and not isinstance(node, ast.Module):
                    body.append(ast.copy_location(ast.Pass(), gone))
    return tree


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield a tree, and all that holds statements in it: no expression does."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += getattr(node, field, ())


def reads_docstrings(node: ast.AST) -> bool:
    """Return whether code asks for a `__doc__`, its scope's own or any object's."""
    if isinstance(node, ast.Name):
        return node.id == "__doc__" and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Attribute):
        return node.attr == "__doc__" and isinstance(node.ctx, ast.Load)
    if not isinstance(node, ast.Call):
        return False
    name = name_of(node.func)
    return name == "getdoc" or (
        name == "getattr"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and node.args[1].value == "__doc__"
    )


def makes_docstring(decorator: ast.expr) -> bool:
    """Return whether a decorator gives a class without a docstring one, which takes its time."""
    return name_of(decorator.func if isinstance(decorator, ast.Call) else decorator) == "dataclass"


def name_of(expression: ast.expr) -> str:
    """Return the last part of a dotted name, "" for what is none."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is nothing but a string."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
