"""Finds where a module uses the names that may wait: at once, or in functions alone."""

from __future__ import annotations

import ast
import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable

from packager._in_target.waiting.nodes import (
    Nodes,
    all_arguments,
    bound_names,
    children_of,
    is_dotted,
    last_name,
    names_in,
    names_in_texts,
    texts_of,
)
from packager._in_target.waiting.rules import Found, Rules

_PLAIN_DECORATORS = frozenset({"staticmethod", "classmethod", "property"})
# Likewise, by the last part of their names: decorators that read no annotations.
_KNOWN_DECORATORS = _PLAIN_DECORATORS | {
    *("abstractmethod", "abstractproperty", "asynccontextmanager", "cache", "cached_property"),
    *("contextmanager", "deleter", "final", "getter", "lru_cache", "override", "setter", "wraps"),
}
_WORD = re.compile(r"\w+")
# `if TYPE_CHECKING:` is left out of the code.
CHECKING = "TYPE_CHECKING"
Function = ast.FunctionDef | ast.AsyncFunctionDef


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


class _Uses:
    """Where names that may wait are used in some nodes.

    `now` are those that are needed at once, `later` the uses in functions; `texts` are annotations
    that become text if one of their names waits, `dotted` those that do anyway, and `hinted` the
    names in what is text then.
    """

    def __init__(self) -> None:
        self.now: set[str] = set()
        self.later: list[ast.Name] = []
        self.texts: list[tuple[ast.expr, set[str]]] = []
        self.dotted: list[ast.expr] = []
        self.hinted: set[str] = set()


class Finder:
    """Finds where a module, of such `nodes`, uses `names`: every statement is looked at once, and
    no body of a function that has none of them."""

    def __init__(self, tree: ast.Module, nodes: Nodes, names: Iterable[str], rules: Rules) -> None:
        self._tree = tree
        self._names = {*names}
        within: list[ast.expr | ast.stmt] = [*nodes.get(ast.AnnAssign, ())]  # texts may have them
        within += [node for node in nodes.get(ast.Name, ()) if node.id in self._names]
        texts = (node for node in nodes.get(ast.Constant, ()) if isinstance(node.value, str))
        within += [each for each in texts if self._names.intersection(_WORD.findall(each.value))]
        self._lines = sorted({node.lineno for node in within})
        self._rules = rules
        self._postponed = any(  # annotations are text anyhow (PEP 563)
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in tree.body
        )
        self._found: dict[tuple[ast.AST, int], _Uses] = {}
        self._uses = _Uses()
        self._locals: list[set[str]] = []
        self._classes: list[set[str]] = []  # what the classes around it bind
        self._named: list[str] = []  # the classes around it
        self._depth = 0
        self._class_waits = False

    def uses_of(self, found: Found) -> _Uses:
        """Return the uses of the names in `found`."""
        values = {id(each) for each in found.values.values()}
        names = found.names
        whole = _Uses()
        for node in self._tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom) or is_checking(node, found):
                continue
            if id(node) in values:
                uses = self._uses_in(node.value if isinstance(node, ast.Assign) else node, 1)
            else:
                uses = self._uses_in(node, 0)
            whole.now |= uses.now & names
            whole.later += [each for each in uses.later if each.id in names]
            texts = [(each, within) for each, within in uses.texts if within & names]
            whole.texts += texts
            whole.dotted += uses.dotted
            whole.hinted |= (uses.hinted & names).union(*(within for _, within in texts))
        return whole

    def _uses_in(self, node: ast.AST, depth: int) -> _Uses:
        if (node, depth) not in self._found:
            self._uses = self._found[node, depth] = _Uses()
            self._depth = depth
            self._class_waits = depth > 0 and isinstance(node, ast.ClassDef)
            self._visit(node)
        return self._found[node, depth]

    def _visit(self, node: ast.AST) -> None:
        visit = _VISITS.get(node.__class__)
        if visit is not None:
            visit(self, node)
        else:
            for each in children_of(node):
                self._visit(each)

    def _visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for each in filter(None, nodes):
            self._visit(each)

    def name(self, node: ast.Name) -> None:
        if node.id not in self._names or any(node.id in names for names in self._locals):
            return
        if self._depth:
            self._uses.later.append(node)
        else:
            self._uses.now.add(node.id)

    def function(self, node: Function) -> None:
        self._visit_all(node.decorator_list)
        self._visit_all((*node.args.defaults, *node.args.kw_defaults))
        self._annotations(node)
        self._body(node)

    def lambda_(self, node: ast.Lambda) -> None:
        self._visit_all((*node.args.defaults, *node.args.kw_defaults))
        self._body(node)

    def _body(self, node: Function | ast.Lambda) -> None:
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        using = [*filter(self._may_use, body)]
        if not using:
            return
        self._locals.append({*bound_names(*body), *(a.arg for a in all_arguments(node.args))})
        self._depth += 1
        self._visit_all(using)
        self._depth -= 1
        self._locals.pop()

    def _may_use(self, node: ast.stmt | ast.expr) -> bool:
        """Whether one of the names, or a text that may have one, is in the lines of a node."""
        decorators = getattr(node, "decorator_list", ())  # which are above its first line
        at = bisect_left(self._lines, min(each.lineno for each in (node, *decorators)))
        return at < len(self._lines) and self._lines[at] <= (node.end_lineno or 0)

    def class_(self, node: ast.ClassDef) -> None:
        self._classes.append({*bound_names(*node.body)})
        self._named.append(node.name)
        self._visit_all(children_of(node))
        in_function = self._depth > self._class_waits
        for each in node.body if in_function else ():  # made, or read, with it
            if isinstance(each, ast.AnnAssign):
                self._at_once(each.annotation)
        self._classes.pop()
        self._named.pop()

    def _annotations(self, node: Function) -> None:
        annotations = [each.annotation for each in all_arguments(node.args)] + [node.returns]
        for annotation in filter(None, annotations):
            self._texts_in(annotation)
            if not self._depth and self._is_read(node, annotation):
                self._at_once(annotation)
            elif self._depth == 1 and self._class_waits:
                self._when_asked(annotation)
            elif self._postponed:
                pass
            elif sys.version_info >= (3, 14):
                self._depth += 1  # they are evaluated when they are asked for (PEP 649)
                self._visit(annotation)
                self._depth -= 1
            elif self._depth:
                self._visit(annotation)
            elif self._rules.types and is_dotted(annotation):
                self._uses.dotted.append(annotation)
                self._uses.hinted |= self._named_in(annotation)
            elif names := self._named_in(annotation):
                self._uses.texts.append((annotation, names))

    def _texts_in(self, annotation: ast.expr) -> None:
        """Note what a function's annotation names where it is text, or parts of it are."""
        for text in [*texts_of(annotation), *([annotation] if self._postponed else [])]:
            # From 3.14 on who evaluates a mere name does not ask the module's `Builtins`.
            mere = sys.version_info >= (3, 14) and isinstance(text, ast.Name)
            names = self._uses.now if mere else self._uses.hinted
            names |= self._named_in(text)

    def _is_read(self, node: Function, annotation: ast.expr) -> bool:
        """Whether a function's annotation has to be what it was when the function is made."""
        rules = self._rules
        if not rules.package:
            plain = all(
                isinstance(each, ast.Name) and each.id in _PLAIN_DECORATORS
                for each in node.decorator_list
            )
            known = plain and rules.plain_classes.issuperset(self._named)
            return rules.annotations_read or not known or node.name in rules.values
        if not all(last_name(each) in _KNOWN_DECORATORS for each in node.decorator_list):
            return True
        if self._postponed:
            return False
        if not rules.texts:
            return True
        named = names_in(annotation)
        return not all(map(named.isdisjoint, self._classes))

    def _named_in(self, annotation: ast.expr) -> set[str]:
        """Return those of the names that an annotation has."""
        return self._names & names_in(annotation)

    def annotated(self, node: ast.AnnAssign) -> None:
        of_module = self._rules.types and self._postponed and not self._depth and not self._named
        if of_module or (self._depth == 1 and self._class_waits):
            self._when_asked(node.annotation)
        elif not self._depth:  # a class's, which libraries read; within functions nobody can
            self._at_once(node.annotation)
        self._visit_all([node.target, node.value])

    def _at_once(self, annotation: ast.expr) -> None:
        self._uses.now |= names_in(annotation) | names_in_texts(annotation)

    def _when_asked(self, annotation: ast.expr) -> None:
        """Note an annotation that is made with a class that waits, or is text."""
        texts = names_in_texts(annotation)
        if self._postponed:
            texts |= names_in(annotation)
        else:
            self._visit(annotation)
        if sys.version_info >= (3, 14):  # who evaluates a mere name has no `Builtins` there
            self._uses.now |= texts
        else:
            self._uses.hinted |= texts

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        self._locals.append({*bound_names(*(each.target for each in node.generators))})
        self._visit_all(children_of(node))
        self._locals.pop()


_VISITS: dict[type[ast.AST], Callable[..., None]] = {
    ast.Name: Finder.name,
    ast.Lambda: Finder.lambda_,
    ast.ClassDef: Finder.class_,
    ast.AnnAssign: Finder.annotated,
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), Finder.function),
    **dict.fromkeys(
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), Finder.comprehension
    ),
}
