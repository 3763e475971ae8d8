"""Finds imports at the top of a plugin's files that only functions use, and that cost time."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from packager.analysis.names import absolute, package_of, truth
from packager.profile.facts import Deferrable, ImportedModule

LEAST_MS = 1.0
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def deferrable_imports(
    root: Path, imports: Sequence[ImportedModule], least: float = LEAST_MS
) -> tuple[Deferrable, ...]:
    """Return the imports of at least `least` ms that a function could do when it needs them.

    `root` is the plugin's folder in the bundle, `imports` what a start imported, in order. An
    import counts where its file's other top-level code, decorators, defaults, base classes and
    annotations (unless they are put off) don't use what it binds. Dearest first.
    """
    found: list[Deferrable] = []
    for index, module in enumerate(imports):
        path = PurePosixPath(module.file)
        if not module.file.endswith(".py") or not path.is_relative_to(root):
            continue
        costs = _costs(imports, index)
        name = path.relative_to(root).as_posix()
        if any(cost >= least for cost in costs.values()):
            found += _in_file(Path(module.file), name, costs, least)
    return tuple(sorted(found, key=lambda each: (-each.ms, each.file, each.line)))


def _costs(imports: Sequence[ImportedModule], index: int) -> dict[str, float]:
    """Return what each module that the one at `index` imported itself has cost."""
    depth = imports[index].depth
    costs: dict[str, float] = {}
    for module in imports[index + 1 :]:
        if module.depth <= depth:
            break
        if module.depth == depth + 1:
            costs[module.name] = module.ms
    return costs


def _in_file(path: Path, name: str, costs: dict[str, float], least: float) -> Iterator[Deferrable]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    statements = [
        (node, module, bound)
        for node in _top_imports(tree.body)
        for module, bound in _imported(node, package_of(name))
    ]
    at_once, later = _uses(tree, {each for _, _, bound in statements for each in bound})
    for node, module, bound in statements:
        taken = {module, *(f"{module}.{alias.name}" for alias in node.names)}
        paid = {imported: ms for imported, ms in costs.items() if imported in taken}
        cost = sum(paid.values())
        functions = [function for each in bound for function in later.get(each, ())]
        if cost >= least and functions and not at_once.intersection(bound):
            unique = tuple(dict.fromkeys(functions))
            dearest = max(paid, key=lambda imported: paid[imported])
            yield Deferrable(name, node.lineno, dearest, round(cost, 3), unique)


def _top_imports(body: Iterable[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that are done whenever the module is; not those that are tried."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and truth(node.test, main=False) is not False:
            yield from _top_imports(node.body)


def _imported(
    node: ast.Import | ast.ImportFrom, package: list[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each module that a statement imports, and the names it binds."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, (alias.asname or alias.name.split(".")[0],)
        return
    module = absolute(node.module, node.level, package)
    names = tuple(alias.asname or alias.name for alias in node.names)
    if module and module != "__future__" and "*" not in names:
        yield module, names


def _uses(tree: ast.Module, names: set[str]) -> tuple[set[str], dict[str, list[str]]]:
    """Return which of `names` importing the module needs, and which functions use each."""
    put_off = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
    at_once: set[str] = set()
    later: dict[str, list[str]] = {}

    def visit(node: ast.AST, function: str | None) -> None:
        if isinstance(node, ast.Name) and node.id in names:
            if function is None:
                at_once.add(node.id)
            elif function not in later.setdefault(node.id, []):
                later[node.id].append(function)
        elif isinstance(node, ast.Global):
            at_once.update(names & {*node.names})
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            at_once.update(names & {node.value})  # perhaps in __all__
        inner = function
        if isinstance(node, _FUNCTIONS):
            inner = function or getattr(node, "name", "a lambda")
        for field, value in ast.iter_fields(node):
            is_annotation = field in ("annotation", "returns")
            if is_annotation and (put_off or function is not None):
                continue
            where = inner if field == "body" else function
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    visit(child, where)

    visit(tree, None)
    return at_once, later
