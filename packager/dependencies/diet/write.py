"""Writes a module's source as its plan has it; every line keeps its number."""

from __future__ import annotations

import ast

from packager.dependencies.diet.edits import Edits
from packager.dependencies.diet.plan import (
    Plan,
    binds_all,
    is_overload,
    is_type_checking,
    is_typing,
    single_target,
)
from packager.dependencies.diet.scopes import uses_of

HELPER = "deferred"  # deferred.py, which goes into the treated package as `_deferred.py`


def write_treated(source: bytes, tree: ast.Module, plan: Plan, package: str) -> bytes:
    """Return the module's source with `plan` carried out; `package` holds `_deferred`.

    Raises ValueError for a construct that can't be rewritten in place.
    """
    edits = Edits(source)
    writer = _Writer(edits, plan)
    below = f', "{" ".join(plan.submodules)}"' if plan.submodules else ""
    start = f"from {package} import _{HELPER}; _lazy = _{HELPER}.Lazy(globals(){below})"
    first = next((node for node in tree.body if not _is_head(node)), None)
    if first is None:
        edits.insert(len(source), start)
    elif isinstance(first, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign):
        edits.insert(edits.span(first)[0], f"{start}; ")
    else:
        raise ValueError(f"no place to set up in line {first.lineno}")
    for node in tree.body:
        writer.statement(node)
    treated = edits.apply()
    if treated.count(b"\n") != source.count(b"\n"):
        raise ValueError("lines moved")
    end = b"__builtins__ = _deferred.Builtins(globals())  # for typing.get_type_hints\n"
    treated = b"".join(
        [treated, *writer.appended, b"\n\n" if writer.appended else b"", end * bool(plan.names)]
    )
    ast.parse(treated)
    return treated


def _is_head(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


class _Writer:
    def __init__(self, edits: Edits, plan: Plan) -> None:
        self.edits = edits
        self.plan = plan
        self.appended: list[bytes] = []

    def statement(self, node: ast.stmt) -> None:
        """Rewrite a statement of the module's body."""
        plan = self.plan
        if isinstance(node, ast.Import | ast.ImportFrom):
            if binds_all(node, plan.imports):
                self._import(node)
        elif isinstance(node, ast.If) and is_type_checking(node, plan):
            self.edits.replace(*self.edits.span(node.test), "False")
        elif is_overload(node, plan):
            self._drop(node)
        elif isinstance(node, ast.ClassDef):
            if node.name in plan.classes:
                self._make_class(node)
            else:
                self._class(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and (
            plan.assigned.get(single_target(node) or "") is node
        ):
            self._value_later(node, f'_lazy["{single_target(node)}"] = lambda:')
        else:
            self._uses(node)
            if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
                self._getattr(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        sources = [
            f'_lazy["{name}"] = ({", ".join(map(_quoted, source))}{"," * (len(source) == 1)})'
            for name, source in self.plan.imports.items()
            if name in {a.asname or a.name.partition(".")[0] for a in node.names}
        ]
        self.edits.replace(*self.edits.span(node), "; ".join(sources))

    def _value_later(self, node: ast.Assign | ast.AnnAssign, start: str) -> None:
        """Put `start` for all up to the equals sign; what follows is evaluated later."""
        assert node.value is not None  # noqa: S101
        before = node.targets[0] if isinstance(node, ast.Assign) else node.annotation
        after, value = self.edits.span(before)[1], self.edits.span(node.value)[0]
        equals = self.edits.source.index(b"=", after, value)
        self.edits.replace(self.edits.span(node)[0], equals + 1, start)
        self._uses(node.value, at_once=True)

    def _drop(self, node: ast.stmt) -> None:
        """Have an overload of a function, which type checkers alone read, compiled to nothing."""
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)  # noqa: S101
        first, last = node.decorator_list[0], node.end_lineno or node.lineno
        if any(
            isinstance(part, ast.Constant) and part.lineno != part.end_lineno
            for part in ast.walk(node)
        ):
            raise ValueError(f"text over several lines in line {node.lineno}")
        start, end = self.edits.span(first)
        self.edits.replace(self.edits.source.rindex(b"@", 0, start), end, "if False:")
        self.edits.indent(first.lineno + 1, last)

    def _make_class(self, node: ast.ClassDef) -> None:
        """Have a class made by a function at the end; what it was is compiled to nothing.

        It stays in its place for `inspect`, which up to Python 3.12 looks for it in the text.
        """
        last = node.end_lineno or node.lineno
        lines = [self.edits.line(number) for number in range(node.lineno, last + 1)]
        copy = Edits(b"".join(lines))
        _Writer(copy, self.plan)._uses(ast.parse(copy.source).body[0], at_once=True)
        copy.indent(1, len(lines))
        head = f"\n\ndef _lazy_{node.name}():\n    global {node.name}\n\n"
        self.appended.append(head.encode() + copy.apply())
        self.edits.insert(self.edits.offset(node.lineno - 1, 0), "if False:")
        self.edits.indent(node.lineno, last)

    def _class(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            if isinstance(base, ast.Subscript) and self._needs(base.slice):
                start, end = self.edits.span(base)
                if is_typing(base.value, "Generic", self.plan):
                    self.edits.replace(start, end, f"_{HELPER}.Subscriptable")
                else:
                    self.edits.replace(self.edits.span(base.value)[1], end, "")
        for part in (*node.keywords, *node.decorator_list):
            self._uses(part)
        for statement in node.body:
            if is_overload(statement, self.plan):
                self._drop(statement)
            elif statement in self.plan.attributes:
                self._attribute(statement)
            else:
                self._uses(statement)
        for subscript in self.plan.unsubscripted:
            if subscript in set(ast.walk(node)):
                end = self.edits.span(subscript)[1]
                self.edits.replace(self.edits.span(subscript.value)[1], end, "")

    def _attribute(self, node: ast.stmt) -> None:
        value = getattr(node, "value", None)
        assert isinstance(value, ast.expr)  # noqa: S101
        kind = "data_attribute" if isinstance(value, ast.Call) else "attribute"
        start, end = self.edits.span(value)
        if self.edits.source[start - 1 : start] == b"(":
            raise ValueError(f"a value in parentheses in line {node.lineno}")
        self._uses(value, at_once=True)
        self.edits.insert_before(start, f"_{HELPER}.{kind}(lambda: ")
        self.edits.insert(end, ")")

    def _getattr(self, node: ast.FunctionDef) -> None:
        """Have a module's own `__getattr__` end by looking for deferred names."""
        last = node.body[-1]
        if not isinstance(last, ast.Raise) or last.exc is None:
            raise ValueError(f"__getattr__ in line {node.lineno} doesn't end by raising")
        start, end = self.edits.span(last.exc)
        self.edits.replace(
            self.edits.span(last)[0], start, f"return _{HELPER}.find(globals(), name, "
        )
        self.edits.insert(end, ")")

    def _needs(self, node: ast.AST) -> bool:
        return any(name.id in self.plan.names for name in uses_of(node).now)

    def _uses(self, node: ast.AST, *, at_once: bool = False) -> None:
        """Have the deferred names in `node` made where they are used.

        That is, by default, within functions; `at_once`: in all of it.
        """
        uses = uses_of(node)
        names = [
            name
            for name in (*uses.later, *(uses.now if at_once else ()))
            if name.id in self.plan.names
        ]
        done = self._casts(node, names)
        for name in names:
            if name in done:
                continue
            start, end = self.edits.span(name)
            if self.edits.source[start:end] != name.id.encode():
                raise ValueError(f"{name.id} is not where it should be in line {name.lineno}")
            self.edits.insert(start, "_lazy.")

    def _casts(self, node: ast.AST, names: list[ast.Name]) -> set[ast.AST]:
        """Put `(value)` for `typing.cast(..., value)`; return the nodes that are gone."""
        gone: set[ast.AST] = set()
        source = self.edits.source
        for call in ast.walk(node):
            if not (
                isinstance(call, ast.Call)
                and is_typing(call.func, "cast", self.plan)
                and len(call.args) == 2
            ):
                continue
            start, end = self.edits.span(call)
            first, second = (self.edits.span(argument) for argument in call.args)
            between, rest = source[first[1] : second[0]].strip(), source[second[1] : end].strip()
            if between != b"," or rest != b")":
                continue
            self.edits.replace(start, second[0], "(")
            gone |= {*ast.walk(call.func), *ast.walk(call.args[0])}
        return gone


def _quoted(text: str) -> str:
    return f'"{text}"'
