"""Finds where a module uses the names that may wait: at once, or in functions alone."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable

from packager._in_target.waiting.annotations import Annotation, read
from packager._in_target.waiting.blocks import is_checking
from packager._in_target.waiting.nodes import (
    IMPORTS,
    SCOPES,
    add_children,
    all_arguments,
    bound_names,
    children_of,
    has_lines,
    last_name,
)
from packager._in_target.waiting.rules import Found, Rules
from packager._in_target.waiting.text import Text

TYPE_CHECKING = False  # see nodes.py
if TYPE_CHECKING:
    from typing import Any

_PLAIN_DECORATORS = frozenset({"staticmethod", "classmethod", "property"})
# Likewise, by the last part of their names: decorators that read no annotations.
_KNOWN_DECORATORS = _PLAIN_DECORATORS | {
    *("abstractmethod", "abstractproperty", "asynccontextmanager", "cache", "cached_property"),
    *("contextmanager", "deleter", "final", "getter", "lru_cache", "override", "setter", "wraps"),
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Uses:
    """Where names that may wait are used in some nodes.

    `now` are those that are needed at once, `later` the uses in functions; `texts` are annotations
    that become text if one of their names waits, `dotted` those that do anyway, and `hinted` the
    names in what is text then.
    """

    def __init__(self) -> None:
        self.now: set[str] = set()
        self.later: list[ast.Name] = []
        self.texts: list[tuple[ast.expr, Annotation]] = []
        self.dotted: list[tuple[ast.expr, Annotation]] = []
        self.hinted: set[str] = set()


class Finder:
    """Finds where a module uses `names`, of which uses are in these `lines` alone, as are functions
    and annotations: every statement is looked at once, and none that is in other lines."""

    def __init__(
        self, tree: ast.Module, text: Text, lines: list[int], names: set[str], rules: Rules
    ) -> None:
        self._tree = tree
        self._text = text
        self._names = names
        self._lines = lines
        self._rules = rules
        self._postponed = any(  # annotations are text anyhow (PEP 563)
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in tree.body
        )
        self._found: dict[tuple[ast.AST, int], _Uses] = {}
        self._uses = _Uses()
        self._bound_in: dict[ast.AST, set[str]] = {}
        self._scopes: list[ast.AST] = []  # the functions and comprehensions around it
        self._classes: list[ast.ClassDef] = []  # the classes around it
        self._depth = 0
        self._class_waits = False

    def uses_of(self, found: Found) -> _Uses:
        """Return the uses of the names in `found`."""
        values = {id(each) for each in found.values.values()}
        names = found.names
        whole = _Uses()
        for node in self._tree.body:
            if isinstance(node, IMPORTS) or is_checking(node, found):
                continue
            if id(node) in values:
                uses = self._uses_in(node.value if isinstance(node, ast.Assign) else node, 1)
            else:
                uses = self._uses_in(node, 0)
            whole.now |= uses.now & names
            whole.later += [each for each in uses.later if each.id in names]
            whole.dotted += uses.dotted
            whole.hinted |= uses.hinted & names
            for each, annotation in uses.texts:
                if not annotation.names.isdisjoint(names):
                    whole.texts.append((each, annotation))
                    whole.hinted |= annotation.names & self._names
        return whole

    def _uses_in(self, node: ast.AST, depth: int) -> _Uses:
        if (node, depth) not in self._found:
            self._uses = self._found[node, depth] = _Uses()
            self._depth = depth
            self._class_waits = depth > 0 and isinstance(node, ast.ClassDef)
            self._visit((node,))
        return self._found[node, depth]

    def _visit(self, nodes: Iterable[ast.AST | None]) -> None:
        pending = [*filter(None, nodes)]
        for node in pending:
            kind = node.__class__
            visit = _VISITS.get(kind)
            if visit is not None:
                visit(self, node)
            elif kind is not ast.Constant:
                add_children(node, pending)

    def statement(self, node: ast.stmt) -> None:
        if has_lines(node, self._lines):
            self._visit(children_of(node))

    def name(self, node: ast.Name) -> None:
        if node.id not in self._names or any(node.id in self._bound(each) for each in self._scopes):
            return
        if self._depth:
            self._uses.later.append(node)
        else:
            self._uses.now.add(node.id)

    def function(self, node: Function) -> None:
        self._visit(node.decorator_list)
        self._visit((*node.args.defaults, *node.args.kw_defaults))
        self._annotations(node)
        self._body(node)

    def lambda_(self, node: ast.Lambda) -> None:
        self._visit((*node.args.defaults, *node.args.kw_defaults))
        self._body(node)

    def _body(self, node: Function | ast.Lambda) -> None:
        using = self._using(node)
        if not using:
            return
        self._scopes.append(node)
        self._depth += 1
        self._visit(using)
        self._depth -= 1
        self._scopes.pop()

    def _using(self, node: Function | ast.Lambda) -> list[ast.AST]:
        """Return those parts of a function's body that may have one of the names."""
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        return [each for each in body if each.__class__ in SCOPES or has_lines(each, self._lines)]

    def _bound(self, scope: Any) -> set[str]:
        """Return what a scope binds; of a function's names, those that count here."""
        found = self._bound_in.get(scope)
        if found is None:
            if isinstance(scope, ast.ClassDef):
                names = bound_names(*scope.body)
            elif isinstance(scope, ast.Lambda | Function):
                # Names that `:=` binds never wait.
                names = bound_names(*self._using(scope), targets_alone=True)
                names += [each.arg for each in all_arguments(scope.args)]
            else:
                names = bound_names(*(each.target for each in scope.generators))
            found = self._bound_in[scope] = {*names}
        return found

    def class_(self, node: ast.ClassDef) -> None:
        self._classes.append(node)
        self._visit(children_of(node))
        in_function = self._depth > self._class_waits
        for each in node.body if in_function else ():  # made, or read, with it
            if isinstance(each, ast.AnnAssign):
                self._at_once(each.annotation)
        self._classes.pop()

    def _annotations(self, node: Function) -> None:
        annotations = [each.annotation for each in all_arguments(node.args)] + [node.returns]
        for expression in filter(None, annotations):
            if isinstance(expression, ast.Name) and expression.id not in self._names:
                continue
            annotation = read(expression, self._text)
            waiting = self._names & annotation.names
            if not (waiting or annotation.texts or annotation.dotted):
                continue
            self._texts_in(annotation)
            if not self._depth and self._is_read(node, annotation):
                self._at_once(expression)
            elif self._depth == 1 and self._class_waits:
                self._when_asked(expression)
            elif self._postponed:
                pass
            elif sys.version_info >= (3, 14):
                self._depth += 1  # they are evaluated when they are asked for (PEP 649)
                self._visit((expression,))
                self._depth -= 1
            elif self._depth:
                self._visit((expression,))
            elif self._rules.types and annotation.dotted:
                self._uses.dotted.append((expression, annotation))
                self._uses.hinted |= waiting
            elif waiting:
                self._uses.texts.append((expression, annotation))

    def _texts_in(self, annotation: Annotation) -> None:
        """Note what a function's annotation names where it is text, or parts of it are."""
        whole = [(annotation.names, annotation.mere)] if self._postponed else []
        for named, mere in annotation.texts + whole:
            # From 3.14 on who evaluates a mere name does not ask the module's `Builtins`.
            names = self._uses.now if mere and sys.version_info >= (3, 14) else self._uses.hinted
            names |= self._names & named

    def _is_read(self, node: Function, annotation: Annotation) -> bool:
        """Whether a function's annotation has to be what it was when the function is made."""
        rules = self._rules
        if not rules.package:
            plain = all(
                isinstance(each, ast.Name) and each.id in _PLAIN_DECORATORS
                for each in node.decorator_list
            )
            known = plain and rules.plain_classes.issuperset(each.name for each in self._classes)
            return rules.annotations_read or not known or node.name in rules.values
        if not all(last_name(each) in _KNOWN_DECORATORS for each in node.decorator_list):
            return True
        if self._postponed:
            return False
        bound = map(self._bound, self._classes)
        return not rules.texts or not all(map(annotation.names.isdisjoint, bound))

    def annotated(self, node: ast.AnnAssign) -> None:
        of_module = self._rules.types and self._postponed and not self._depth and not self._classes
        if of_module or (self._depth == 1 and self._class_waits):
            self._when_asked(node.annotation)
        elif not self._depth:  # a class's, which libraries read; within functions nobody can
            self._at_once(node.annotation)
        self._visit((node.target, node.value))

    def _at_once(self, expression: ast.expr) -> None:
        annotation = read(expression, self._text)
        self._uses.now |= annotation.names | annotation.in_texts

    def _when_asked(self, expression: ast.expr) -> None:
        """Note an annotation that is made with a class that waits, or is text."""
        annotation = read(expression, self._text)
        texts = annotation.in_texts
        if self._postponed:
            texts |= annotation.names
        else:
            self._visit((expression,))
        if sys.version_info >= (3, 14):  # who evaluates a mere name has no `Builtins` there
            self._uses.now |= texts
        else:
            self._uses.hinted |= texts

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        self._scopes.append(node)
        self._visit(children_of(node))
        self._scopes.pop()


_VISITS: dict[type[ast.AST], Callable[..., None]] = {
    **dict.fromkeys(ast.stmt.__subclasses__(), Finder.statement),
    ast.Name: Finder.name,
    ast.Lambda: Finder.lambda_,
    ast.ClassDef: Finder.class_,
    ast.AnnAssign: Finder.annotated,
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), Finder.function),
    **dict.fromkeys(
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), Finder.comprehension
    ),
}
