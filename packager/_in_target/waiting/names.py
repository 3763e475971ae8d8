"""Finds which of a module's top-level names can wait until they are used.

Those of imports, and of values that are made of nothing else and have no effect: loggers, compiled
patterns, aliases of types. A name waits only where nothing could see the difference: it is bound
once, it is used in functions alone, and the module neither looks at its own namespace nor has one
that others fill.
"""

from __future__ import annotations

import ast
from collections import Counter

from packager._in_target.waiting.looks import looks_at_itself
from packager._in_target.waiting.nodes import Nodes, bound_names, nodes_by_class, of_classes
from packager._in_target.waiting.rules import Found, Rules
from packager._in_target.waiting.uses import Finder, all_dotted, statements_of
from packager._in_target.waiting.values import add_values

# Who names one of these, anywhere in the plugin, may read annotations.
READS_ANNOTATIONS = frozenset(
    {
        *("__annotations__", "__annotate__", "get_type_hints", "get_annotations", "signature"),
        *("getfullargspec", "getmembers", "validate_call", "isfunction", "ismethod"),
    }
)


def waiting_names(tree: ast.Module, rules: Rules) -> Found | None:
    """Return what can wait in a module, with the places where it is used; None for nothing."""
    nodes = nodes_by_class(tree)
    if looks_at_itself(tree, nodes, rules):
        return None
    found = Found()
    pinned = _pinned(tree, nodes, rules)
    bound = Counter(bound_names(*tree.body))
    for node in statements_of(tree.body, rules):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                if name in pinned or name == "*" or not _may_wait(node, alias, rules):
                    continue
                if name.startswith("__") and name.endswith("__"):
                    continue  # the class of modules has a `__doc__`, too: nothing is asked for
                if name in rules.submodules and not is_submodule(node):
                    continue
                one: ast.Import | ast.ImportFrom = ast.Import([alias])
                if isinstance(node, ast.ImportFrom):
                    one = ast.ImportFrom(node.module, [alias], node.level)
                found.imports.setdefault(name, []).append(ast.copy_location(one, node))
    for name, statements in [*found.imports.items()]:
        if bound[name] != len(statements) or (len(statements) > 1 and not all_dotted(statements)):
            del found.imports[name]
    add_values(tree, found, rules, lambda name: bound[name] == 1 and name not in pinned)
    if not found.names:
        return None
    finder = Finder(tree, nodes, found.names, rules)
    while found.names:
        uses = finder.uses_of(found)
        needed = uses.now & found.names
        # `import a.b` that nothing uses here may be there for others who say `a.b`.
        used = {use.id for use in uses.later}
        needed |= {
            name
            for name, statements in found.imports.items()
            if name not in used and any(map(_is_dotted, statements))
        }
        if not needed:
            found.uses, found.hinted = uses.later, bool(uses.hinted)
            found.texts = [annotation for annotation, _ in uses.texts] + uses.dotted
            return found
        for name in needed:
            found.imports.pop(name, None)
            found.values.pop(name, None)
    return None


def _is_dotted(statement: ast.stmt) -> bool:
    alias = statement.names[0] if isinstance(statement, ast.Import) else None
    return alias is not None and not alias.asname and "." in alias.name


def _may_wait(node: ast.Import | ast.ImportFrom, alias: ast.alias, rules: Rules) -> bool:
    if isinstance(node, ast.ImportFrom):
        name = f"{node.module or ''}.{alias.name}".lstrip(".")
        if node.level:
            return rules.relative and name not in rules.eager
        if node.module in rules.eager or name in rules.eager or alias.name in rules.assigned:
            return False
    else:
        name = alias.name
    return name.partition(".")[0] in rules.modules and name not in rules.eager


def is_submodule(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import in a package's `__init__` is of the submodule of that name."""
    return isinstance(node, ast.ImportFrom) and node.level == 1 and not node.module


def _pinned(tree: ast.Module, nodes: Nodes, rules: Rules) -> set[str]:
    """Return the names that are bound in ways that are not followed here, or meant for others."""
    names: set[str] = set()
    for node in of_classes(nodes, ast.Global, ast.Nonlocal):
        names.update(node.names)
    names.update(node.target.id for node in of_classes(nodes, ast.NamedExpr))
    names.update(node.name for node in of_classes(nodes, ast.MatchAs, ast.MatchStar) if node.name)
    names.update(node.rest for node in of_classes(nodes, ast.MatchMapping) if node.rest)
    for node in of_classes(nodes, ast.ClassDef):
        if not (rules.package and node.col_offset == 0):
            names.update(bound_names(*node.body))
    for kind in ("TypeVar", "ParamSpec", "TypeVarTuple"):  # from Python 3.12 on
        names.update(node.name for node in nodes.get(getattr(ast, kind, ast.AST), ()))
    for statement in tree.body:
        if not rules.package and "__all__" in bound_names(statement):
            texts = (each for each in ast.walk(statement) if isinstance(each, ast.Constant))
            names.update(each.value for each in texts if isinstance(each.value, str))
    return names
