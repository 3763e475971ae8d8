"""Finds the imports in a Python file that must succeed when they run. Standard library only."""

from __future__ import annotations

import ast

from packager._in_target.syntax import tree_of

TYPE_CHECKING = False  # see package_imports.py
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_CAUGHT = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"}


# What may not run, may run later, or may take a failure: what stands in it is not certain to fail
# the import of its module.
_UNCERTAIN = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.If, ast.Try, ast.TryStar, ast.With),
    *(ast.For, ast.While, ast.Match),
)


def required_imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield each import statement, wherever it stands, and whether the module's own import fails
    for certain where it does.

    Left out is what does not run, or may fail: under `if TYPE_CHECKING`, and in a `try` that
    catches the failure, handlers included.
    """
    pending: list[tuple[ast.AST, bool]] = [(tree, True)]
    while pending:
        node, certain = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending += [(each, False) for each in node.orelse]
            continue
        if isinstance(node, ast.Try | ast.TryStar) and any(
            catches_imports(each) for each in node.handlers
        ):
            pending += [(each, False) for each in (*node.orelse, *node.finalbody)]
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, certain
        certain = certain and not isinstance(node, _UNCERTAIN)
        pending += [(each, certain) for each in ast.iter_child_nodes(node)]


def changes_imports(tree: ast.Module) -> bool:
    """Return whether a file may change what imports find."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name("sys"), "modules" | "path" | "meta_path"):
                return True
            case ast.ImportFrom(module="sys"):
                return True
    return False


def catches_imports(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler catches an import that fails."""
    if handler.type is None:
        return True
    caught = {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)}
    return bool(caught & _CAUGHT)


def required_modules(tree: ast.Module, package: list[str]) -> list[list[Any]]:
    """Return the modules that a file in `package` must be able to import: name, line, column, and
    whether the file's own import fails for certain without it.

    The name is null for a relative import that leaves the plugin's root.
    """
    found: list[list[Any]] = []
    for node, certain in required_imports(tree):
        at = [node.lineno, node.col_offset + 1, certain]
        if isinstance(node, ast.Import):
            found += [[each.name, each.lineno, each.col_offset + 1, certain] for each in node.names]
        elif not node.level:
            found.append([node.module, *at])
        elif node.level > len(package):
            found.append([None, *at])
        else:
            parts = package[: len(package) - node.level + 1]
            # `from . import x`: x may be a module, or a name of the package.
            if node.module:
                found.append([".".join([*parts, node.module]), *at])
    return sorted(found, key=lambda each: (each[1], each[2]))


def sdk_imports(tree: ast.Module) -> Iterator[list[Any]]:
    """Yield each from `dify_plugin`: module, name (null for the module), line, column, and whether
    the file's own import fails for certain without it."""
    for node, certain in required_imports(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module.split(".")[0] == "dify_plugin":
                for alias in node.names:
                    name = None if alias.name == "*" else alias.name
                    yield [node.module, name, alias.lineno, alias.col_offset + 1, certain]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "dify_plugin":
                    yield [alias.name, None, alias.lineno, alias.col_offset + 1, certain]


def read_required(content: bytes, path: str) -> dict[str, Any]:
    """Return a file's `required` modules and `sdk_imports`, sorted, and whether it
    `changes_imports`; nothing of what is not Python."""
    try:
        tree = tree_of(content, path)
        required = required_modules(tree, path.split("/")[:-1])
        sdk = sorted(sdk_imports(tree), key=lambda each: (each[2], each[3]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"required": [], "sdk_imports": [], "changes_imports": False}
    changed = changes_imports(tree)
    return {"required": required, "sdk_imports": sdk, "changes_imports": changed}
