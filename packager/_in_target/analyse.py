"""Parses Python files with the grammar of the interpreter that runs this, and says what they hold.

Run as a script (`python -I -S analyse.py`), standard library only. Standard input has one JSON
object: `root`, a folder, and `files`, posix paths relative to it. Standard output gets one JSON
object: for each file `error` ([line, column, message] or null), `imports` ([module, line, names]),
`bindings` (what its top level binds, in order), `names_assets`, `uses` ([name, line] of what NOTED
names), and what `session_calls.py` and `required_imports.py` beside this file find. Nothing is
imported or run.

A binding is an object with `name`, `line`, `kind` and `conditional` (whether it may not happen):
`module` and `star` have `module`; `from` has `module` and `attribute`; `class` has `bases`
(values), `decorators` (names) and `members` (the names in its body, null for unknown); `function`
has `classes` (it makes classes) and `returns` (names); `value` has `value`; `deleted` and `dynamic`
(names are bound in a way that can't be read) nothing.
A value is a list: ["name", dotted], ["item", dotted], ["call", dotted, names among the arguments],
["either", values], ["data"] (no class for certain) or ["unknown"].
"""

from __future__ import annotations

import ast
import json
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
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
# Attributes and texts whose use is told: whoever answers once for all has to know of some, and
# who uses a session's storage, apps or files gets what answers.
NOTED = {"_executor", "app", "call_on_close", "file", "storage", "text/event-stream"}
# Calls that can bind names of the module out of sight.
DYNAMIC = {"exec", "eval", "globals", "locals", "vars", "setattr", "__import__"}


def analyse(content: bytes, path: str) -> dict[str, Any]:
    """Give the facts of one file: see the module's docstring."""
    facts: dict[str, Any] = {"error": None, "imports": [], "bindings": []}
    facts |= {"names_assets": False, "uses": []}
    try:
        tree = ast.parse(content, path)
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


def package_of(path: str) -> list[str]:
    """Give the package that relative imports in `path` start from, as a list of names."""
    return path.removesuffix(".py").split("/")[:-1]


def absolute(module: str | None, level: int, package: list[str]) -> str | None:
    """Give the absolute name of an imported module; None where it would leave the plugin."""
    if level == 0:
        return module or None
    if level > len(package):
        return None
    parts = package[: len(package) - level + 1] + ([module] if module else [])
    return ".".join(parts)


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
    """Give the module that `importlib.import_module("...")` and its like name, or None."""
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


def truth(test: ast.expr, *, main: bool | None) -> bool | None:
    """Give whether a condition holds when the plugin runs: true, false, or None for unknown."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        value = truth(test.operand, main=main)
        return None if value is None else not value
    if (dotted(test) or "").split(".")[-1] == "TYPE_CHECKING":
        return False
    if isinstance(test, ast.Compare) and dotted(test.left) == "__name__":
        return main if isinstance(test.ops[0], ast.Eq) else None
    return None


def dotted(node: ast.AST) -> str | None:
    """Give `a.b.c` of a chain of attributes, or None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def value_of(node: ast.expr) -> list[Any]:
    """Describe an expression: see the module's docstring."""
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
    """Give every dotted name among a call's arguments."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = [dotted(node) for argument in arguments for node in ast.walk(argument)]
    return [name for name in names if name]


def binding(kind: str, name: str, line: int, conditional: bool, **more: object) -> dict[str, Any]:
    """Give one binding as the docstring describes it."""
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
        out.append(binding("class", node.name, line, conditional, **more))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        out.append(binding("function", node.name, line, conditional, **describe(node)))
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
    """Give the names that a class's own body binds, sorted; None where they can't be told."""
    bound: list[dict[str, Any]] = []
    bind_all(node.body, False, [], bound)
    if any(each["kind"] in ("star", "dynamic") for each in bound):
        return None
    return sorted({each["name"] for each in bound})


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
    """Give the texts of a list or tuple of literals, or None."""
    try:
        names = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(names, (list, tuple)):
        return None
    return [name for name in names if isinstance(name, str)]


def assigned(target: ast.expr) -> list[str]:
    """Give the names in an assignment's target."""
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def calls_of(node: ast.stmt) -> list[str]:
    """Give the bare names that a simple statement calls; compound ones hold others."""
    if not isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return []
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return [call.func.id for call in calls if isinstance(call.func, ast.Name)]


def describe(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    """Give whether a function makes classes, and the names that it may return."""
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


def main() -> None:
    """Read the request, write the facts."""
    warnings.simplefilter("ignore")  # such as those of invalid escapes
    request = json.loads(sys.stdin.buffer.read())
    answer = {}
    sys.path.append(str(Path(__file__).parents[2]))  # `-I` leaves out all but Python's own
    from packager._in_target.required_imports import read_required
    from packager._in_target.session_calls import read_calls

    for path in request["files"]:
        try:
            content = Path(request["root"], path).read_bytes()
        except OSError as error:
            answer[path] = {
                "error": [None, None, "can't be read: " + str(error.strerror)],
                "imports": [],
                "bindings": [],
                "names_assets": False,
                "uses": [],
                "calls": [],
                "required": [],
                "sdk_imports": [],
                "changes_imports": False,
            }
        else:
            answer[path] = {
                **analyse(content, path),
                **read_calls(content, path),
                **read_required(content, path),
            }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
