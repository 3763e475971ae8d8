"""Finds which of a module's top-level names can wait until they are used.

Those of imports, and of values that are made of nothing else and have no effect: loggers, compiled
patterns, aliases of types. A name waits only where nothing could see the difference: it is bound
once, it is used in functions alone, and the module neither looks at its own namespace nor has one
that others fill.
"""

from __future__ import annotations

import ast
from collections import Counter

from packager._in_target.waiting.blocks import all_dotted, statements_of
from packager._in_target.waiting.looks import looks_at_itself
from packager._in_target.waiting.nodes import (
    IMPORTS,
    Nodes,
    bound_names,
    nodes_in_lines,
    nodes_of,
    of_classes,
    place_of,
    statements_by_class,
)
from packager._in_target.waiting.rules import Found, Rules
from packager._in_target.waiting.text import Text
from packager._in_target.waiting.uses import Finder
from packager._in_target.waiting.values import add_values

# Who names one of these, anywhere in the plugin, may read annotations.
READS_ANNOTATIONS = frozenset(
    {
        *("__annotations__", "__annotate__", "get_type_hints", "get_annotations", "signature"),
        *("getfullargspec", "getmembers", "validate_call", "isfunction", "ismethod"),
    }
)


def waiting_names(tree: ast.Module, text: Text, rules: Rules) -> Found | None:
    """Return what can wait in a module, with the places where it is used; None for nothing."""
    found = Found()
    _add_imports(tree, found, rules)
    if not found.imports:
        return None
    statements = statements_by_class(tree)
    if looks_at_itself(tree, text, statements, rules):
        return None
    pinned = _pinned(tree, text, statements, rules)
    bound = Counter(bound_names(*tree.body, targets_alone=True))  # those of `:=` are pinned
    for name, imports in [*found.imports.items()]:
        once = bound[name] == len(imports) and (len(imports) == 1 or all_dotted(imports))
        if name in pinned or not once:
            del found.imports[name]
    add_values(tree, found, rules, lambda name: bound[name] == 1 and name not in pinned)
    if not found.names:
        return None
    lines = {*text.lines_with(found.names)}
    # These may name something in parts of an annotation that are text, however it is written.
    annotated = of_classes(statements, ast.FunctionDef, ast.AsyncFunctionDef, ast.AnnAssign)
    lines.update(node.lineno for node in annotated)
    finder = Finder(tree, text, sorted(lines), found.names, rules)
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
            found.texts = [(each, said.unparsed(each)) for each, said in uses.texts + uses.dotted]
            return found
        for name in needed:
            found.imports.pop(name, None)
            found.values.pop(name, None)
    return None


def _add_imports(tree: ast.Module, found: Found, rules: Rules) -> None:
    """Add to `found` the imports that may wait by the rules alone."""
    for node in statements_of(tree.body, rules):
        if not isinstance(node, IMPORTS):
            continue
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if name == "*" or not _may_wait(node, alias, rules):
                continue
            if name.startswith("__") and name.endswith("__"):
                continue  # the class of modules has a `__doc__`, too: nothing is asked for
            if name in rules.submodules and not is_submodule(node):
                continue
            one: ast.Import | ast.ImportFrom
            if isinstance(node, ast.ImportFrom):
                one = ast.ImportFrom(node.module, [alias], node.level, **place_of(node))
            else:
                one = ast.Import([alias], **place_of(node))
            found.imports.setdefault(name, []).append(one)


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


def _pinned(tree: ast.Module, text: Text, statements: Nodes, rules: Rules) -> set[str]:
    """Return the names that are bound in ways that are not followed here, or meant for others."""
    names: set[str] = set()
    for node in of_classes(statements, ast.Global, ast.Nonlocal):
        names.update(node.names)
    lines = text.lines_that_assign()
    for node in nodes_in_lines(tree, lines) if lines else ():
        if isinstance(node, ast.NamedExpr):
            names.add(node.target.id)
    for match in statements.get(ast.Match, ()):
        for node in nodes_of(match):
            if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
                names.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                names.add(node.rest)
    for node in statements.get(ast.ClassDef, ()):
        if not (rules.package and node.col_offset == 0):
            names.update(bound_names(*node.body, targets_alone=True))
    for nodes in statements.values():  # from Python 3.12 on
        if "type_params" in nodes[0]._fields:
            names.update(each.name for node in nodes for each in node.type_params)
    for statement in tree.body:
        if not rules.package and "__all__" in bound_names(statement):
            constants = (each for each in ast.walk(statement) if isinstance(each, ast.Constant))
            names.update(each.value for each in constants if isinstance(each.value, str))
    return names
