"""Says what a module imports at its top, which tells whether a newer release's can be treated."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable

from packager._in_target.waiting.nodes import children_of


def shape_of(tree: ast.Module) -> str:
    """Return a digest of the modules that the top-level imports of a module, a `tree`, are from.

    Which of its names wait is found in its source, whatever it is. What importing a module does is
    not, and the package's own tests have said that it may be later: for these modules.
    """
    digest = hashlib.sha256("\n".join(sorted({*_imported(tree.body)})).encode())
    return digest.hexdigest()[:8]


def _imported(body: Iterable[ast.AST]) -> Iterable[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            # `from . import a` imports a module by its name, `from .a import b` one's attribute.
            whole = not node.module
            yield from (f"{module}{alias.name}" if whole else module for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imported(children_of(node))
