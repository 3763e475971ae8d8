"""What expressions and paths of a Python file say to all that read one. Standard library only."""

from __future__ import annotations

import ast
import functools


@functools.lru_cache(maxsize=1)
def tree_of(content: bytes, path: str) -> ast.Module:
    """Return the syntax tree of a file, which its readers share; raise what `ast.parse` does."""
    return ast.parse(content, path)


def package_of(path: str) -> list[str]:
    """Return the package that relative imports in `path` start from, as a list of names."""
    return path.removesuffix(".py").split("/")[:-1]


def absolute(module: str | None, level: int, package: list[str]) -> str | None:
    """Return the absolute name of an imported module; None where it would leave the plugin."""
    if level == 0:
        return module or None
    if level > len(package):
        return None
    parts = package[: len(package) - level + 1] + ([module] if module else [])
    return ".".join(parts)


def truth(test: ast.expr, *, main: bool | None) -> bool | None:
    """Return whether a condition holds when the plugin runs: true, false, or None for unknown."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        value = truth(test.operand, main=main)
        return None if value is None else not value
    if (dotted(test) or "").split(".")[-1] == "TYPE_CHECKING":
        return False
    if isinstance(test, ast.Compare) and dotted(test.left) == "__name__":
        return main if isinstance(test.ops[0], ast.Eq) else None
    return None


def dotted(node: ast.AST) -> str | None:
    """Return `a.b.c` of a chain of attributes, or None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


# What an annotation may say without saying what a value is.
_VAGUE = frozenset({"Annotated", "Any", "None", "Optional", "Union", "object"})


def types_in(annotation: ast.expr | None) -> list[str]:
    """Return the dotted names of the types that an annotation says, text in it read as well."""
    if annotation is None:
        return []
    name = dotted(annotation)
    if name is not None:
        return [] if name.rpartition(".")[2] in _VAGUE else [name]
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return types_in(ast.parse(annotation.value, mode="eval").body)
        except (SyntaxError, ValueError):
            return [annotation.value]
    parts = (each for each in ast.iter_child_nodes(annotation) if isinstance(each, ast.expr))
    return [name for each in parts for name in types_in(each)]
