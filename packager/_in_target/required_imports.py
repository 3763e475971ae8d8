"""Finds the imports in a Python file that must succeed when they run. Standard library only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

_CAUGHT = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}


def required_imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Give each import statement, wherever it stands.

    Left out is what does not run, or may fail: under `if TYPE_CHECKING`, and in a `try` that
    catches the failure, handlers included.
    """
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.Try) and any(catches_imports(each) for each in node.handlers):
            pending += [*node.orelse, *node.finalbody]
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        pending += ast.iter_child_nodes(node)


def catches_imports(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches an import that fails."""
    if handler.type is None:
        return True
    caught = {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)}
    return bool(caught & _CAUGHT)


def required_modules(tree: ast.Module, package: list[str]) -> list[list[Any]]:
    """Give the modules that a file in `package` must be able to import: name, line, column.

    The name is null for a relative import that leaves the plugin's root.
    """
    found: list[list[Any]] = []
    for node in required_imports(tree):
        if isinstance(node, ast.Import):
            found += [[each.name, each.lineno, each.col_offset + 1] for each in node.names]
        elif not node.level:
            found.append([node.module, node.lineno, node.col_offset + 1])
        elif node.level > len(package):
            found.append([None, node.lineno, node.col_offset + 1])
        else:
            parts = package[: len(package) - node.level + 1]
            # `from . import x`: x may be a module, or a name of the package.
            if node.module:
                found.append([".".join([*parts, node.module]), node.lineno, node.col_offset + 1])
    return sorted(found, key=lambda each: (each[1], each[2]))


def sdk_imports(tree: ast.Module) -> Iterator[list[Any]]:
    """Give each from `dify_plugin`: module, name (null for the module), line, column."""
    for node in required_imports(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module.split(".")[0] == "dify_plugin":
                for alias in node.names:
                    name = None if alias.name == "*" else alias.name
                    yield [node.module, name, alias.lineno, alias.col_offset + 1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "dify_plugin":
                    yield [alias.name, None, alias.lineno, alias.col_offset + 1]


def read_required(content: bytes, path: str) -> dict[str, Any]:
    """Give a file's `required` modules and `sdk_imports`, sorted; none of what is no Python."""
    try:
        tree = ast.parse(content, path)
        required = required_modules(tree, path.split("/")[:-1])
        sdk = sorted(sdk_imports(tree), key=lambda each: (each[2], each[3]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"required": [], "sdk_imports": []}
    return {"required": required, "sdk_imports": sdk}
