"""What the top level of a Python file binds, as `analyse.py` says it. Standard library only."""

from __future__ import annotations

import ast

from packager._in_target.syntax import absolute, dotted, truth

TYPE_CHECKING = False  # see package_imports.py
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

DATA = (
    ast.Constant,
    ast.JoinedStr,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.Lambda,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
)
# Calls that can bind names of the module out of sight.
DYNAMIC = {"exec", "eval", "globals", "locals", "vars", "setattr", "__import__"}


def value_of(node: ast.expr) -> list[Any]:
    """Describe an expression, as the docstring of `analyse.py` says."""
    name = dotted(node)
    if name:
        return ["name", name]
    if isinstance(node, ast.Subscript):
        return ["item", dotted(node.value)] if dotted(node.value) else ["unknown"]
    if isinstance(node, ast.Call):
        called = dotted(node.func)
        start: ast.expr = node.func
        while not called and isinstance(start, (ast.Attribute, ast.Call, ast.Subscript)):
            # os.environ.get("X").strip(), Path(__file__).parent.resolve(): what it starts from
            start = start.func if isinstance(start, ast.Call) else start.value
            called = dotted(start)
        if called:
            return ["call", called, names_in(node)]
        return ["data"] if isinstance(start, (ast.Constant, ast.JoinedStr)) else ["unknown"]
    if isinstance(node, ast.IfExp):
        return ["either", [value_of(node.body), value_of(node.orelse)]]
    if isinstance(node, ast.BoolOp):
        return ["either", [value_of(each) for each in node.values]]
    if isinstance(node, ast.Attribute):  # of a call or an item
        return value_of(node.value)
    return ["data"] if isinstance(node, DATA) else ["unknown"]


def names_in(call: ast.Call) -> list[str]:
    """Return every dotted name among a call's arguments."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = [dotted(node) for argument in arguments for node in ast.walk(argument)]
    return [name for name in names if name]


def binding(kind: str, name: str, line: int, conditional: bool, **more: object) -> dict[str, Any]:
    """Return one binding as the docstring describes it."""
    return {"kind": kind, "name": name, "line": line, "conditional": conditional, **more}


def bind(node: ast.stmt, conditional: bool, package: list[str], out: list[dict[str, Any]]) -> None:
    """Append what the statement `node` binds at the module's top level."""
    line = getattr(node, "lineno", 1)
    if isinstance(node, ast.ClassDef):
        bases = [
            value_of(base.value) if isinstance(base, ast.Subscript) else value_of(base)
            for base in node.bases
        ]
        decorators = [
            dotted(each.func if isinstance(each, ast.Call) else each) or ""
            for each in node.decorator_list
        ]
        more = {"bases": bases, "decorators": decorators, "members": members(node)}
        more["coroutines"] = coroutines(node)
        out.append(binding("class", node.name, line, conditional, **more))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        plain_async = isinstance(node, ast.AsyncFunctionDef) and not node.decorator_list
        more = {**describe(node), "plain_async": plain_async and not conditional}
        out.append(binding("function", node.name, line, conditional, **more))
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        bind_import(node, conditional, package, out)
    elif isinstance(node, ast.If):
        holds = truth(node.test, main=False)
        if holds is not False:
            bind_all(node.body, conditional or holds is None, package, out)
        if holds is not True:
            bind_all(node.orelse, conditional or holds is None, package, out)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        bind_all(node.body, conditional, package, out)
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        out += [
            binding("value", name, line, True, value=["unknown"]) for name in assigned(node.target)
        ]
        bind_all([*node.body, *node.orelse], True, package, out)
    elif isinstance(node, (ast.While, ast.Match, ast.Try, ast.TryStar)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                bind(child, True, package, out)
            elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                bind_all(child.body, True, package, out)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            bind_target(target, node.value, conditional, out)
    elif isinstance(node, ast.Delete):
        for target in node.targets:
            out += [binding("deleted", name, line, conditional) for name in assigned(target)]
    if DYNAMIC.intersection(calls_of(node)):
        out.append(binding("dynamic", "", line, True))


def members(node: ast.ClassDef) -> list[str] | None:
    """Return the names that a class's own body binds, sorted; None where they can't be told."""
    bound: list[dict[str, Any]] = []
    bind_all(node.body, False, [], bound)
    if any(each["kind"] in ("star", "dynamic") for each in bound):
        return None
    return sorted({each["name"] for each in bound})


def coroutines(node: ast.ClassDef) -> list[str]:
    """Return what a class's own body defines with `async def`, and in no other way, sorted."""
    bound: list[dict[str, Any]] = []
    bind_all(node.body, False, [], bound)
    plain = {each["name"] for each in bound if each["kind"] == "function" and each["plain_async"]}
    others = {
        each["name"] for each in bound if each["kind"] != "function" or not each["plain_async"]
    }
    return sorted(plain - others)


def bind_all(
    statements: Iterable[ast.stmt],
    conditional: bool,
    package: list[str],
    out: list[dict[str, Any]],
) -> None:
    """Append what `statements` bind."""
    for statement in statements:
        bind(statement, conditional, package, out)


def bind_import(
    node: ast.Import | ast.ImportFrom,
    conditional: bool,
    package: list[str],
    out: list[dict[str, Any]],
) -> None:
    """Append what an import binds."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            module = alias.name if alias.asname else alias.name.split(".")[0]
            name = alias.asname or module
            out.append(binding("module", name, node.lineno, conditional, module=module))
            continue
        source = absolute(node.module, node.level, package)
        if source is None:
            out.append(binding("dynamic", "", node.lineno, True))
        elif alias.name == "*":
            out.append(binding("star", "", node.lineno, conditional, module=source))
        else:
            name = alias.asname or alias.name
            more = {"module": source, "attribute": alias.name}
            out.append(binding("from", name, node.lineno, conditional, **more))


def bind_target(
    target: ast.expr, value: ast.expr, conditional: bool, out: list[dict[str, Any]]
) -> None:
    """Append what an assignment of `value` to `target` binds."""
    if isinstance(target, ast.Name):
        more: dict[str, object] = {"value": value_of(value)}
        if target.id == "__all__":
            more["all"] = static_names(value)
        out.append(binding("value", target.id, target.lineno, conditional, **more))
    elif isinstance(target, (ast.Tuple, ast.List)):
        values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        paired = len(values) == len(target.elts)
        for index, each in enumerate(target.elts):
            bind_target(each, values[index] if paired else value, conditional, out)


def static_names(value: ast.expr) -> list[str] | None:
    """Return the texts of a list or tuple of literals, or None."""
    try:
        names = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(names, (list, tuple)):
        return None
    return [name for name in names if isinstance(name, str)]


def assigned(target: ast.expr) -> list[str]:
    """Return the names in an assignment's target."""
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def calls_of(node: ast.stmt) -> list[str]:
    """Return the bare names that a simple statement calls; compound ones hold others."""
    if not isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return []
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return [call.func.id for call in calls if isinstance(call.func, ast.Name)]


def describe(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    """Return whether a function makes classes, and the names that it may return."""
    classes = False
    returns: list[str] = []
    for node in ast.walk(function):
        if isinstance(node, ast.ClassDef):
            classes = True
        elif isinstance(node, ast.Call):
            name = (dotted(node.func) or "").split(".")[-1]
            classes = classes or (name == "type" and len(node.args) == 3) or name == "new_class"
        elif isinstance(node, ast.Return) and node.value is not None:
            name = dotted(node.value) or ""
            returns += [name] if name else []
    return {"classes": classes, "returns": returns}
