"""Reads one Python file: its errors, imports, bindings and uses. Standard library only."""

from __future__ import annotations

import ast

from packager._in_target.bindings import bind, binding
from packager._in_target.syntax import absolute, dotted, package_of, tree_of, truth

TYPE_CHECKING = False  # see package_imports.py
if TYPE_CHECKING:
    from typing import Any

# Attributes and texts whose use is told: whoever answers once for all has to know of some, and
# who uses a session's storage, apps or files gets what answers.
NOTED = {
    *("_executor", "app", "call_on_close", "file", "model", "storage", "text/event-stream"),
    *("tool", "workflow_node"),
}


def analyse(content: bytes, path: str) -> dict[str, Any]:
    """Return the facts of one file, as the docstring of `analyse.py` describes them."""
    facts: dict[str, Any] = {"error": None, "imports": [], "bindings": []}
    facts |= {"names_assets": False, "uses": []}
    try:
        tree = tree_of(content, path)
        compile(tree, path, "exec", dont_inherit=True)  # finds a stray return, break, nonlocal
    except SyntaxError as error:
        line, column = error.lineno or 0, error.offset or 0  # below 1 where there is none
        facts["error"] = [max(line, 1), column if min(line, column) > 0 else None, error.msg]
    except ValueError as error:
        facts["error"] = [1, None, str(error)]
    except (RecursionError, MemoryError):
        facts["error"] = [1, None, "nested too deeply"]
    else:
        package = package_of(path)
        read_imports(tree, package, facts)
        try:
            for statement in tree.body:
                bind(statement, False, package, facts["bindings"])
        except RecursionError:
            facts["bindings"] = [binding("dynamic", "", 1, True)]
    return facts


def read_imports(tree: ast.Module, package: list[str], facts: dict[str, Any]) -> None:
    """Note each import in the file, wherever it stands, but under `if TYPE_CHECKING`."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and truth(node.test, main=None) is False:
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            facts["imports"] += [[alias.name, node.lineno, []] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node.module, node.level, package)
            if module:
                names = [alias.name for alias in node.names]
                facts["imports"].append([module, node.lineno, names])
        elif isinstance(node, ast.Call):
            module = imported_by_call(node, package)
            if module:
                facts["imports"].append([module, node.lineno, []])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            facts["names_assets"] = facts["names_assets"] or "_assets" in node.value
            media_type = node.value.partition(";")[0].strip().lower()
            if media_type in NOTED:
                facts["uses"].append([media_type, node.lineno])
        elif isinstance(node, ast.Attribute) and node.attr in NOTED:
            facts["uses"].append([node.attr, node.lineno])
        pending.extend(ast.iter_child_nodes(node))
    facts["imports"].sort(key=lambda each: each[1])
    facts["uses"].sort(key=lambda each: each[1])


def imported_by_call(node: ast.Call, package: list[str]) -> str | None:
    """Return the module that `importlib.import_module("...")` and its like name, or None."""
    if dotted(node.func) not in ("importlib.import_module", "import_module", "__import__"):
        return None
    if not node.args or not isinstance(node.args[0], ast.Constant):
        return None
    name = node.args[0].value
    if not isinstance(name, str) or not name.strip("."):
        return None
    level = len(name) - len(name.lstrip("."))
    if level and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
        package = str(node.args[1].value).split(".")
    return absolute(name[level:], level, package)
