"""Finds in a Python file the calls back to Dify.

Beside `analyse.py`, which runs it. Only what is certain by the file alone is given: a chain that
begins at a session (`self.session`, a name or parameter `session`, one annotated `Session`, or an
invocation class made by hand) and names one of the SDK's calls, directly or through variables,
attributes of `self`, properties and methods that return parts of the session.
"""

from __future__ import annotations

import ast

from packager._in_target.syntax import tree_of, types_in

TYPE_CHECKING = False  # see package_imports.py
if TYPE_CHECKING:
    from typing import Any

_MODELS = (
    *("llm", "llm_structured_output", "text_embedding", "rerank", "speech2text", "tts"),
    *("moderation", "summary"),
)
_MULTIMODAL = ("text_embedding", "rerank")
CALLS = frozenset(
    [
        *(f"model.{kind}.invoke" for kind in _MODELS),
        *(f"model.{kind}.invoke_multimodal" for kind in _MULTIMODAL),
        *(f"tool.{name}" for name in ("invoke", "invoke_builtin_tool", "invoke_workflow_tool")),
        "tool.invoke_api_tool",
        "workflow_node.question_classifier.invoke",
        "workflow_node.parameter_extractor.invoke",
        *(f"app.{kind}.invoke" for kind in ("chat", "workflow", "completion")),
        *("app.fetch_app", "app.fetch_app_invocation.get", "file.upload"),
    ]
)
# What plugins make themselves of a session, and where the session has it.
CLASSES = {
    "AppInvocations": "app",
    "ChatAppInvocation": "app.chat",
    "CompletionAppInvocation": "app.completion",
    "FetchAppInvocation": "app.fetch_app_invocation",
    "File": "file",
    "LLMInvocation": "model.llm",
    "LLMStructuredOutputInvocation": "model.llm_structured_output",
    "ModelInvocations": "model",
    "ModerationInvocation": "model.moderation",
    "ParameterExtractorNodeInvocation": "workflow_node.parameter_extractor",
    "QuestionClassifierNodeInvocation": "workflow_node.question_classifier",
    "RerankInvocation": "model.rerank",
    "Session": "",
    "Speech2TextInvocation": "model.speech2text",
    "SummaryInvocation": "model.summary",
    "TTSInvocation": "model.tts",
    "TextEmbeddingInvocation": "model.text_embedding",
    "ToolInvocation": "tool",
    "WorkflowAppInvocation": "app.workflow",
    "WorkflowNodeInvocations": "workflow_node",
}
_PATHS = {".".join(call.split(".")[:length]) for call in CALLS for length in range(4)}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEEPEST = 20  # steps from name to name


class Scope:
    """What a function, class or module binds: expressions by name, parameters, definitions."""

    def __init__(self, parent: Scope | None, owner: Scope | None, node: ast.AST) -> None:
        self.parent = parent
        self.owner = owner  # the class around a method
        self.is_class = isinstance(node, ast.ClassDef)
        self.bound: dict[str, list[ast.AST]] = {}
        self.attributes: dict[str, list[tuple[ast.AST, Scope]]] = {}  # of `self`
        self.node = node


class Reader:
    """Reads one file's tree."""

    def __init__(self, tree: ast.Module) -> None:
        self.calls: set[tuple[int, int, str]] = set()
        self.uses: list[tuple[ast.Attribute, Scope]] = []
        self.module = Scope(None, None, tree)
        for statement in tree.body:
            self.visit(statement, self.module)
        for node, scope in self.uses:
            for path in self.paths(node, scope, 0):
                if path in CALLS:
                    self.calls.add((node.lineno, node.col_offset + 1, path))

    def visit(self, node: ast.AST, scope: Scope) -> None:
        """Note what `node` binds in `scope`, and each attribute that is read."""
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self.define(node, scope)
            return
        if isinstance(node, ast.Assign):
            for target in node.targets:
                bind(target, node.value, scope)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            bind(node.target, node.value, scope)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            bind(node.target, node, scope)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    bind(item.optional_vars, node, scope)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                scope.bound.setdefault(alias.asname or alias.name.split(".")[0], []).append(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            self.uses.append((node, scope))
        for child in ast.iter_child_nodes(node):
            self.visit(child, scope)

    def define(self, node: Any, scope: Scope) -> None:
        """Read a function or class in a scope of its own."""
        if not isinstance(node, ast.Lambda):
            scope.bound.setdefault(node.name, []).append(node)
        # A class's names are not seen from its methods.
        outer = scope.parent if scope.is_class else scope
        inner = Scope(outer, scope if scope.is_class else scope.owner, node)
        if isinstance(node, ast.ClassDef):
            inner.parent = scope
        else:
            arguments = node.args
            for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                inner.bound.setdefault(each.arg, []).append(each)
            for each in (*arguments.defaults, *arguments.kw_defaults):
                if each is not None:
                    self.visit(each, scope)
        body = node.body if isinstance(node.body, list) else [node.body]
        for each in (*getattr(node, "decorator_list", ()), *getattr(node, "bases", ())):
            self.visit(each, scope)
        for each in body:
            self.visit(each, inner)

    def paths(self, node: ast.AST, scope: Scope, depth: int) -> set[str]:
        """Return where in the session an expression may lead: `""` is the session itself."""
        if depth > _DEEPEST:
            return set()
        depth += 1
        if isinstance(node, ast.Name):
            return self.name(node.id, scope, depth)
        if isinstance(node, ast.Attribute):
            return self.attribute(node.value, node.attr, scope, depth)
        if isinstance(node, ast.Call):
            return self.call(node, scope, depth)
        if isinstance(node, ast.IfExp):
            return self.paths(node.body, scope, depth) | self.paths(node.orelse, scope, depth)
        if isinstance(node, ast.BoolOp):
            return set().union(*(self.paths(each, scope, depth) for each in node.values))
        if isinstance(node, (ast.NamedExpr, ast.Await)):
            return self.paths(node.value, scope, depth)
        return set()

    def name(self, name: str, scope: Scope, depth: int) -> set[str]:
        """Return where a name leads."""
        where: Scope | None = scope
        while where is not None and name not in where.bound:
            where = where.parent
        if where is None:
            return {""} if name == "session" else set()
        found: set[str] = set()
        for bound in where.bound[name]:
            if isinstance(bound, ast.arg):
                if self.is_session(bound, where):
                    found.add("")
            elif isinstance(bound, ast.expr) and not (
                isinstance(bound, ast.Name) and bound.id == name
            ):
                found |= self.paths(bound, where, depth)
        return found

    def is_session(self, parameter: ast.arg, scope: Scope) -> bool:
        """Return whether a parameter is a session, by its annotation or else by its name."""
        types = types_in(parameter.annotation)
        if not types:  # `Any` says as much as nothing
            return parameter.arg == "session"
        for each in types:
            first, _, rest = each.partition(".")
            origin = self.imported(first, scope) if not rest else each
            if each.rpartition(".")[2] == "Session" and (
                origin is None or origin.startswith("dify_plugin")
            ):
                return True
        return False

    def imported(self, name: str, scope: Scope) -> str | None:
        """Return `module.attribute` of an imported name, None for one that is not imported."""
        where: Scope | None = scope
        while where is not None and name not in where.bound:
            where = where.parent
        for bound in where.bound[name] if where else ():
            if isinstance(bound, ast.ImportFrom) and not bound.level:
                for alias in bound.names:
                    if (alias.asname or alias.name) == name:
                        return f"{bound.module}.{alias.name}"
            if isinstance(bound, (ast.Import, ast.ImportFrom)):
                return "elsewhere"
        return None

    def attribute(self, value: ast.AST, attr: str, scope: Scope, depth: int) -> set[str]:
        """Return where an attribute leads."""
        found = set()
        for base in self.paths(value, scope, depth):
            path = f"{base}.{attr}" if base else attr
            if path in _PATHS:
                found.add(path)
        if isinstance(value, ast.Name) and value.id in ("self", "cls") and scope.owner:
            members = scope.owner.attributes.get(attr, ())
            for expression, place in members:
                found |= self.paths(expression, place, depth)
            if not members:
                found |= self.returned(attr, scope.owner, depth, of_property=True)
            if members or attr in scope.owner.bound:
                return found
        if attr == "session":
            found.add("")
        return found

    def returned(self, name: str, scope: Scope, depth: int, *, of_property: bool) -> set[str]:
        """Return where the results of a function in `scope` lead."""
        found: set[str] = set()
        for bound in scope.bound.get(name, ()):
            if not isinstance(bound, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            decorators = [
                getattr(each, "attr", getattr(each, "id", "")) for each in bound.decorator_list
            ]
            if of_property != any(each in ("property", "cached_property") for each in decorators):
                continue
            inner = Scope(scope.parent if scope.is_class else scope, None, bound)
            inner.owner = scope if scope.is_class else None
            for parameter in bound.args.args:
                inner.bound[parameter.arg] = [parameter]
            for each in bound.body:
                for node in ast.walk(each):
                    if isinstance(node, ast.Assign):
                        for target in node.targets:
                            bind(target, node.value, inner)
                    if isinstance(node, ast.Return) and node.value is not None:
                        found |= self.paths(node.value, inner, depth)
        return found

    def call(self, node: ast.Call, scope: Scope, depth: int) -> set[str]:
        """Return where the result of a call leads."""
        function = node.func
        if isinstance(function, ast.Name):
            origin = self.imported(function.id, scope)
            if origin and origin.startswith("dify_plugin."):
                path = CLASSES.get(origin.rpartition(".")[2])
                return set() if path is None else {path}
            if function.id == "getattr" and len(node.args) > 1:
                named = node.args[1]
                if isinstance(named, ast.Constant) and isinstance(named.value, str):
                    return self.attribute(node.args[0], named.value, scope, depth)
            where: Scope | None = scope
            while where is not None and function.id not in where.bound:
                where = where.parent
            return self.returned(function.id, where, depth, of_property=False) if where else set()
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            name = function.value.id
            if name in ("self", "cls") and scope.owner is not None:
                return self.returned(function.attr, scope.owner, depth, of_property=False)
        return set()


def is_property(decorator: ast.expr) -> bool:
    """Return whether a decorator makes a property of a method."""
    name = getattr(decorator, "attr", None) or getattr(decorator, "id", None)
    return name in ("property", "cached_property")


def bind(target: ast.AST, value: ast.AST, scope: Scope) -> None:
    """Note that `target` may be `value`; a statement stands for what can't be told."""
    if isinstance(target, ast.Name):
        scope.bound.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Attribute):
        owner = scope.owner
        if owner is not None and isinstance(target.value, ast.Name) and target.value.id == "self":
            owner.attributes.setdefault(target.attr, []).append((value, scope))
    elif isinstance(target, (ast.Tuple, ast.List)):
        values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        paired = len(values) == len(target.elts)
        for index, each in enumerate(target.elts):
            bind(each, values[index] if paired else ast.Pass(), scope)
    elif isinstance(target, ast.Starred):
        bind(target.value, ast.Pass(), scope)


def read_calls(content: bytes, path: str) -> dict[str, Any]:
    """Return a file's `calls` ([line, column, call]), sorted; none in what is not Python."""
    if b"session" not in content.lower() and b"dify_plugin" not in content:
        return {"calls": []}
    try:
        calls = sorted(Reader(tree_of(content, path)).calls)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"calls": []}
    return {"calls": [list(call) for call in calls]}
