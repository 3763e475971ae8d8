"""Reads from sources what they use at run time beside imports: metadata, test folders, stubs."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable
from dataclasses import fields

from packaging.utils import canonicalize_name

from packager.analysis.names import absolute, dotted, package_of
from packager.dataclass import dataclass

OWN = "."  # in `metadata`: the distribution that the source is from
EVERY = "*"  # whichever there are
TEST_FOLDERS = frozenset({"test", "tests"})
STUBS = "pyi"
# For compilers and linkers, which no function has.
BUILD_SUFFIXES = frozenset(
    {
        *("h", "hh", "hpp", "hxx", "c", "cc", "cpp", "cxx", "cu", "cuh", "f", "f90"),
        *("pyx", "pxd", "pxi", "pyf", "a", "lib", "la", "pc", "cmake"),
    }
)

_OF_ONE = frozenset({"version", "metadata", "distribution", "requires", "files"})
_HARMLESS = frozenset(
    {"PackageNotFoundError", "PackageMetadata", "EntryPoint", "EntryPoints", "PackagePath"}
)
_OWN_NAMES = frozenset({"__name__", "__package__", "__spec__.name", "__spec__.parent"})
_LONGEST_NAME = 300
_SUFFIXES = "|".join(sorted(BUILD_SUFFIXES | {STUBS}))
# It shows the packages that there are, whichever these be; every bundle has it.
_LISTING = ("werkzeug/testapp.py",)
# Worth parsing: every other file is quickly passed over. What may ask for metadata:
_METADATA = re.compile(
    rb"importlib[._]metadata|\bimport\b[^\n]*\bmetadata\b|\bimport\s*\([^)]*\bmetadata\b"
)
# What may lead into test folders:
_TESTS = re.compile(
    rb"\bimport\b[^\n]*\btests?\b|\bimport\s*\([^)]*\btests?\b"
    rb"|\bfrom\b[^\n]*\btests?\b|[\"'/\\:.]tests?[\"'/\\:.]"
)
_NAMED = (b"pkg_resources", b"attach_stub")
_SUFFIX = re.compile(rb"\.(?:" + _SUFFIXES.encode() + rb")[\"']")
_IMPORTED = re.compile(rb"\n[ \t\f]*+(?:from|import)\s+(\w+)")
_BINARY_SIGNS = (b"importlib.metadata", b"importlib_metadata", b"pkg_resources")


@dataclass(frozen=True, slots=True)
class FileUse:
    """What sources name. In doubt they name it.

    `metadata` are normalised names of distributions (or `OWN`, `EVERY`), `entry_points` groups
    (or `EVERY`), `modules` dotted names that lead into test folders, `texts` which names of test
    folders, and `suffixes` which suffixes occur in texts (a path may be made of them); `imports`
    the first parts of imports.
    """

    metadata: frozenset[str] = frozenset()
    entry_points: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    suffixes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()

    def of_others(self) -> FileUse:
        """Return what concerns packages other than that of the sources."""
        return FileUse(self.metadata - {OWN}, self.entry_points, self.modules)


_IN_DOUBT = FileUse(
    metadata=frozenset({EVERY}),
    entry_points=frozenset({EVERY}),
    texts=TEST_FOLDERS,
    suffixes=BUILD_SUFFIXES | {STUBS},
)


def merge_uses(uses: Iterable[FileUse]) -> FileUse:
    """Return what any of `uses` has."""
    found = tuple(uses)
    parts = ((getattr(each, part.name) for each in found) for part in fields(FileUse))
    return FileUse(*(frozenset[str]().union(*part) for part in parts))


def read_file_use(path: str, source: bytes, *, tests: bool = True) -> FileUse:
    """Return what a file names; `path` is relative to a folder on `sys.path`, with `/`.

    Without `tests` there is no test folder: a file is not read for what leads into one alone.
    A source that this Python can't parse names everything; so may a compiled module that holds
    the name of a library which reads metadata.
    """
    if path.endswith("conftest.py") or path in _LISTING:  # pytest's
        return FileUse()
    if not path.endswith(".py"):
        signs = any(each in source for each in _BINARY_SIGNS)
        return FileUse(metadata=_IN_DOUBT.metadata) if signs else FileUse()
    imports = frozenset(name.decode() for name in _IMPORTED.findall(b"\n" + source))
    if not _is_worth_parsing(source, tests=tests):
        return FileUse(imports=imports)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as those of invalid escapes
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return merge_uses([_IN_DOUBT, FileUse(imports=imports)])
    reader = _Reader(package_of(path))
    reader.read(tree)
    return FileUse(
        frozenset(reader.metadata),
        frozenset(reader.entry_points),
        frozenset(reader.modules),
        frozenset(reader.texts),
        frozenset(reader.suffixes),
        imports,
    )


def _is_worth_parsing(source: bytes, *, tests: bool) -> bool:
    """Return whether a source may use something at run time beside imports."""
    # What all matches of an expression have is looked for first: that takes next to nothing.
    return (
        any(each in source for each in _NAMED)
        or _SUFFIX.search(source) is not None
        or (b"metadata" in source and _METADATA.search(source) is not None)
        or (tests and b"test" in source and _TESTS.search(source) is not None)
    )


class _Reader:
    def __init__(self, package: list[str]) -> None:
        self.package = package
        self.metadata: set[str] = set()
        self.entry_points: set[str] = set()
        self.modules: set[str] = set()
        self.texts: set[str] = set()
        self.suffixes: set[str] = set()
        # What stands for importlib.metadata ("") or for something in it.
        self._names = {"importlib.metadata": ""}
        self._starts: set[str] = set()  # of these names
        self._bound: set[str] = set()
        self._used: set[str] = set()

    def read(self, tree: ast.Module) -> None:
        """Go through a module's whole tree."""
        passed_over: set[ast.AST] = set()  # docstrings, called functions, what an attribute is of
        nodes = _nodes_of(tree)
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._import(alias.name, None, alias.asname)
            elif isinstance(node, ast.ImportFrom):
                module = absolute(node.module, node.level, self.package) or "."
                for alias in node.names:
                    self._import(module, alias.name, alias.asname or alias.name)
            elif isinstance(node, ast.Expr | ast.Attribute):
                passed_over.add(node.value)
        self._starts = {name.partition(".")[0] for name in self._names}
        for node in nodes:
            if isinstance(node, ast.Call):
                function = self._found(node.func)
                if function:
                    passed_over.add(node.func)
                    self._call(function, node)
        for node in nodes:
            if isinstance(node, ast.Constant):
                if node not in passed_over:
                    self._text(node.value)
            elif isinstance(node, ast.Name | ast.Attribute) and node not in passed_over:
                self._mention(self._found(node))
                last = node.id if isinstance(node, ast.Name) else node.attr
                if last.endswith("attach_stub") and dotted(node):  # lazy_loader's
                    self.suffixes.add(STUBS)
        if self._bound - self._used:  # imported for others
            self.metadata.add(EVERY)
            self.entry_points.add(EVERY)

    def _import(self, module: str, name: str | None, bound: str | None) -> None:
        whole = f"{module}.{name}" if name else module
        if TEST_FOLDERS & {*whole.split(".")}:
            self.modules.add(whole)
        if module.split(".")[0] == "pkg_resources":  # it looks at whatever is installed
            self.metadata.add(EVERY)
            self.entry_points.add(EVERY)
        library = "importlib_metadata" if "importlib_metadata" in whole else "importlib.metadata"
        if module == library and name:
            self._names[bound or name] = name
        elif name in ("metadata", "importlib_metadata") or whole in (library, "importlib_metadata"):
            self._names[bound or whole] = ""  # perhaps through a module for compatibility
        else:
            return
        if name and name not in _HARMLESS:
            self._bound.add(bound or name)

    def _found(self, node: ast.AST) -> str | None:
        """Return which name of importlib.metadata an expression is; "" for itself."""
        first = node
        while isinstance(first, ast.Attribute):
            first = first.value
        if not isinstance(first, ast.Name) or first.id not in self._starts:
            return None
        name = dotted(node) or ""
        head, _, last = name.rpartition(".")
        if name in self._names:
            self._used.add(name)
            return self._names[name]
        if head and self._names.get(head) == "":
            self._used.add(head)
            return last
        return None

    def _call(self, function: str, node: ast.Call) -> None:
        given = [*node.args, *(each.value for each in node.keywords)]
        only = given[0] if len(given) == 1 else None
        text = only.value if isinstance(only, ast.Constant) else None
        if function == "entry_points":
            self.entry_points.add(text if isinstance(text, str) else EVERY)
        elif function not in _OF_ONE:
            self._mention(function)
        elif isinstance(text, str):
            self.metadata.add(canonicalize_name(text))
        elif only is not None and dotted(only) in _OWN_NAMES:
            self.metadata.add(OWN)
        else:
            self.metadata.add(EVERY)

    def _mention(self, name: str | None) -> None:
        if name in ("entry_points", "distributions"):  # the latter shows what there is
            self.entry_points.add(EVERY)
        elif name is not None and name not in _HARMLESS:
            self.metadata.add(EVERY)

    def _text(self, value: object) -> None:
        if not isinstance(value, str | bytes):
            return
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if len(text) > _LONGEST_NAME or re.search(r"\s", text):
            return  # nobody's path or module
        if "importlib.metadata" in text or text in ("importlib_metadata", "pkg_resources"):
            self.metadata.add(EVERY)
        _, dot, suffix = text.rpartition(".")
        if dot and (suffix == STUBS or suffix in BUILD_SUFFIXES):
            self.suffixes.add(suffix)
        parts = re.split(r"[/\\:.]+", text)
        for index in (at for at, part in enumerate(parts) if part in TEST_FOLDERS):
            self.texts.add(parts[index])
            self.modules.add(".".join(part for part in parts if part))
            if index and not parts[index - 1].isidentifier():
                # `".tests.x"`, `"%s.tests.x"`: of this package, or of one around it
                self.modules |= {
                    ".".join(self.package[:end] + parts[index:])
                    for end in range(1, len(self.package) + 1)
                }


# Nodes without others in them, contexts and operators aside, and a third of all.
_LEAVES = frozenset({ast.Name, ast.Constant, ast.alias})


def _nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return a tree and all nodes in it but contexts and operators, in the order of `ast.walk`."""
    found = [tree]
    for node in found:  # which grows meanwhile
        if node.__class__ in _LEAVES:
            continue
        for value in vars(node).values():
            if value.__class__ is list:
                found += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and value._fields:
                found.append(value)
    return found
