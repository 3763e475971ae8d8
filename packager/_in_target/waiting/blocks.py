"""Tells which of a module's statements run when it is imported, and are looked at here."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from packager._in_target.waiting.rules import Found, Rules

# `if TYPE_CHECKING:` is left out of the code.
CHECKING = "TYPE_CHECKING"


def blocks_of(node: ast.stmt, rules: Rules) -> list[list[ast.stmt]]:
    """Return the blocks of a package's top-level statement whose imports nothing would catch."""
    if rules.package and isinstance(node, ast.If) and not _says_checking(node.test):
        return [node.body, node.orelse]
    if rules.package and isinstance(node, ast.Try):
        return [*(each.body for each in node.handlers), node.orelse]
    return []


def statements_of(body: list[ast.stmt], rules: Rules) -> Iterable[ast.stmt]:
    """Yield a module's statements, and those of such blocks."""
    for node in body:
        yield node
        for block in blocks_of(node, rules):
            yield from statements_of(block, rules)


def _says_checking(test: ast.expr) -> bool:
    return any(
        (isinstance(each, ast.Name) and each.id == CHECKING)
        or (isinstance(each, ast.Attribute) and each.attr == CHECKING)
        for each in ast.walk(test)
    )


def all_dotted(statements: list[ast.stmt]) -> bool:
    """Whether all are of the form `import a.b`, which together bind one `a`."""
    return all(isinstance(each, ast.Import) and not each.names[0].asname for each in statements)


def is_checking(node: ast.stmt, found: Found) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, of an import that waits."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    test = node.test
    if isinstance(test, ast.Attribute) and isinstance(test.value, ast.Name):
        return test.attr == CHECKING and test.value.id in found.imports
    return isinstance(test, ast.Name) and test.id == CHECKING and CHECKING in found.imports
