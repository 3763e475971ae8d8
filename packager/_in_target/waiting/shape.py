"""Says what a module imports at its top, which tells whether a newer release's can be treated."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from packager._in_target.waiting.nodes import children_of

try:  # without OpenSSL, which takes longer to load than all shapes
    from _sha2 import sha256  # type: ignore[import-not-found]
except ImportError:  # before Python 3.12
    from hashlib import sha256


def shape_of(tree: ast.Module) -> str:
    """Return a digest of the modules that the top-level imports of a module, a `tree`, are from.

    Which of its names wait is found in its source, whatever it is. What importing a module does is
    not, and the package's own tests have said that it may be later: for these modules.
    """
    digest = sha256("\n".join(sorted({*_imported(tree.body)})).encode())
    return str(digest.hexdigest()[:8])


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
