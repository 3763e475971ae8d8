"""Reads all of a plugin's modules for what each of them can't know alone: which imports of one
module something in another would see waiting."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from packager._in_target.waiting.names import READS_ANNOTATIONS
from packager._in_target.waiting.nodes import bound_names, last_name

# Who imports one of these has other modules changed behind their backs, once or while it runs.
PATCHERS = frozenset(
    {
        *("aws_xray_sdk", "ddtrace", "elasticapm", "eventlet", "freezegun", "gevent", "httpretty"),
        *("moto", "newrelic", "opentelemetry", "pook", "requests_mock", "respx", "responses"),
        *("sentry_sdk", "time_machine", "truststore", "vcr"),
    }
)
# Who names one of these asks which loggers there are, or says what later ones are.
_LOGGERS = frozenset({"dictConfig", "fileConfig", "loggerDict", "setLoggerClass"})
_SETS = frozenset({"clear", "pop", "popitem", "setdefault", "update"})
_PATHS = ("path", "meta_path", "path_hooks", "addsitedir")  # of `sys` and `site`
_GLOBALS = ("__globals__", "f_globals")  # of whatever function or frame
_ENVIRONMENT = frozenset({"load_dotenv", "putenv", "unsetenv"})
# Bases whose subclasses' methods nobody asks for their annotations.
_PLAIN_BASES = frozenset(
    {
        *("ABC", "ABCMeta", "BaseException", "Endpoint", "Enum", "Event", "Exception"),
        *("HTMLParser", "IntEnum", "KeyError", "RuntimeError", "StrEnum", "Thread", "Tool"),
        *("ToolProvider", "Trigger", "TriggerSubscriptionConstructor", "TypeError", "ValueError"),
        *("bytes", "dict", "float", "int", "list", "object", "set", "str", "tuple"),
    }
)


class PluginFacts:
    """What a plugin's modules say together.

    `values` are names that are used other than to call them, `assigned` attributes that are set on
    what was imported, `guarded` parts of the names of modules whose failing import is caught.
    """

    def __init__(self) -> None:
        self.values: set[str] = set()
        self.assigned: set[str] = set()
        self.guarded: set[str] = set()
        self.reads_annotations = False
        self.lists_loggers = False
        self.sets_environment = False
        self.changes_path = False
        self.unsafe = False  # patches modules, or looks into the namespaces of others
        self._bases: dict[str, set[str]] = {}

    def plain_classes(self) -> frozenset[str]:
        """Return the names of classes whose methods nobody asks for their annotations."""
        plain, before = set(_PLAIN_BASES), -1
        while before != len(plain):
            before = len(plain)
            plain |= {name for name, bases in self._bases.items() if bases <= plain}
        return frozenset(plain - {name for name, b in self._bases.items() if not b <= plain})

    def read(self, tree: ast.Module) -> None:
        """Add what one module says."""
        imported = _imported_names(tree)
        called: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called.add(id(node.func))
                self._call(node, imported)
            elif isinstance(node, ast.Name | ast.Attribute):
                self._name(node, imported)
                name = node.id if isinstance(node, ast.Name) else node.attr
                # `walk` goes from a call to what it calls
                if isinstance(node.ctx, ast.Load) and id(node) not in called:
                    self.values.add(name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.Try | ast.TryStar | ast.With | ast.AsyncWith):
                self.guarded.update(_imported_parts(node.body))
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                self._environment(node.value)
            elif isinstance(node, ast.ClassDef):
                own = self._bases.setdefault(node.name, set())
                own.update(last_name(base) for base in node.bases)
                if node.decorator_list or any(each.arg != "metaclass" for each in node.keywords):
                    own.add("")
                own.update(last_name(each.value) for each in node.keywords)

    def _name(self, node: ast.Name | ast.Attribute, imported: set[str]) -> None:
        name = node.id if isinstance(node, ast.Name) else node.attr
        self.reads_annotations = self.reads_annotations or name in READS_ANNOTATIONS
        self.lists_loggers = self.lists_loggers or name in _LOGGERS
        self.sets_environment = self.sets_environment or name in _ENVIRONMENT
        self.unsafe = self.unsafe or name in _GLOBALS
        if isinstance(node, ast.Attribute) and last_name(node.value) in ("sys", "site"):
            self.changes_path = self.changes_path or name in _PATHS
        if isinstance(node, ast.Attribute) and _root(node) in imported:
            if not isinstance(node.ctx, ast.Load):
                self.assigned.add(name)
            elif name == "__dict__" and isinstance(node.value, ast.Name):
                self.unsafe = True

    def _call(self, node: ast.Call, imported: set[str]) -> None:
        called = node.func
        name = last_name(called)
        if name in ("setattr", "delattr") and len(node.args) > 1:
            said = node.args[1]
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                self.assigned.add(said.value)
            elif _root(node.args[0]) in imported:
                self.unsafe = True
        elif name == "vars" and node.args and _root(node.args[0]) in imported:
            self.unsafe = True
        elif isinstance(called, ast.Attribute) and called.attr in _SETS:
            self._environment(called.value)

    def _environment(self, changed: ast.expr) -> None:
        self.sets_environment = self.sets_environment or last_name(changed) == "environ"

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module in ("sys", "site"):
            self.changes_path = self.changes_path or not names.isdisjoint(_PATHS)
        self.reads_annotations = self.reads_annotations or bool(names & READS_ANNOTATIONS)
        self.lists_loggers = self.lists_loggers or bool(names & _LOGGERS)
        modules = {each.partition(".")[0] for each in names}
        if isinstance(node, ast.ImportFrom):
            modules = set() if node.level else {(node.module or "").partition(".")[0]}
        self.unsafe = self.unsafe or bool(modules & PATCHERS)


def untouched(trees: Mapping[str, ast.Module], guarded: Iterable[str]) -> set[str]:
    """Return the files whose failing import something catches, and those that they import."""
    names = {path: _parts_of(path) for path in trees}
    known = {each for parts in names.values() for each in parts}
    pending, found = known.intersection(guarded), set[str]()
    while pending:
        reached = {path for path, parts in names.items() if pending & parts} - found
        found |= reached
        pending = {
            part for path in reached for part in _imported_parts(trees[path].body) if part in known
        }
        if not reached:
            break
    return found


def _parts_of(path: str) -> set[str]:
    """Return what an import may call a file by: its own name, or for a package its folder's."""
    *above, name = path.removesuffix(".py").split("/")
    return {above[-1] if above and name == "__init__" else name}


def _imported_names(tree: ast.Module) -> set[str]:
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in bound_names(node)
    }


def _imported_parts(body: Iterable[ast.stmt]) -> set[str]:
    """Return all parts of the dotted names that statements import."""
    parts: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names]
                if isinstance(node, ast.ImportFrom):
                    names.append(node.module or "")
                parts.update(part for name in names for part in name.split("."))
    return parts


def _root(node: ast.expr) -> str:
    """Return the name that a dotted expression begins with, "" for another."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
