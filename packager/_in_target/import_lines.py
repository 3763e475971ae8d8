"""Reads the imports of one file, by a look at its lines or exactly, and what names it may bind.

Standard library only.
"""

from __future__ import annotations

import ast
import re

TYPE_CHECKING = False  # see package_imports.py
if TYPE_CHECKING:
    from collections.abc import Iterable

# Where an import may start: at the start of a line, indented or not, or behind a semicolon.
_STARTS = re.compile(rb"\n[ \t]*(?=(?:from|import)[ \t\f\\.])")
_BEHIND = re.compile(rb";[ \t]*(?=(?:from|import)[ \t\f\\.])")
_IMPORT = re.compile(
    rb"from[ \t\f\\\r\n]*(?P<module>[\w.]+|\.+[ \t]*[\w.]*)[ \t\f\\\r\n]*\bimport\b[ \t\f\\\r\n]*"
    rb"(?P<names>\((?:[^)#]|#[^\n]*)*\)|(?:[^\n#;\\]|\\\r?\n)*)"
    rb"|import[ \t\f\\\r\n]+(?P<modules>(?:[^\n#;\\]|\\\r?\n)+)"
)
_NAMED = re.compile(rb"\n([ \t]*)(?:[^ \t\n#][^\n]*)?\bimport\b")
_STATEMENT = re.compile(rb"\n(?=[\w@])")
_NEXT = re.compile(rb"[ \t]*;[ \t]*")
_INDENT = re.compile(rb"[ \t]*")
_HEAD = re.compile(rb"[ \t]*(\w+)")
_COMMENT = re.compile(rb"#[^\n]*")


class Import:
    """One import: the module's absolute name, the names taken from it, and its line."""

    __slots__ = ("line", "module", "names")

    def __init__(self, module: str, names: tuple[str, ...], line: int) -> None:
        self.module = module
        self.names = names
        self.line = line

    @property
    def wanted(self) -> tuple[str, ...]:
        """All dotted names that may be modules."""
        return (self.module, *(f"{self.module}.{name}" for name in self.names))


def package_of(file: str) -> list[str]:
    """Return the package that relative imports in `file` start from."""
    return file.split("/")[:-1]


def absolute(module: str, package: list[str]) -> str:
    """Return the absolute name of a module that may start with dots, "" for none."""
    name = module.lstrip(".")
    level = len(module) - len(name)
    if not level:
        return module
    if level > len(package):
        return ""
    return ".".join([*package[: len(package) - level + 1], *([name] if name else [])])


def likely_imports(source: bytes, file: str) -> Iterable[Import]:
    """Yield the imports that a look at the lines takes for certain to run."""
    if b"import" not in source:
        return
    package = package_of(file)
    source = b"\n" + source.removeprefix(b"\xef\xbb\xbf")
    for start in (*_STARTS.finditer(source), *_BEHIND.finditer(source)):
        at = source.rfind(b"\n", 0, start.start() + 1) + 1
        indent = _INDENT.match(source, at).end() - at  # type: ignore[union-attr]
        if indent and not _in_classes(source, at, indent):
            continue
        match = _IMPORT.match(source, start.end())
        while match:
            yield from _of_match(match["module"], match["names"], match["modules"], package)
            more = _NEXT.match(source, match.end())
            match = _IMPORT.match(source, more.end()) if more else None


def _of_match(
    module: bytes | None,
    names: bytes | None,
    modules: bytes | None,
    package: list[str],
) -> Iterable[Import]:
    if module:
        name = absolute(re.sub(rb"\s", b"", module).decode("utf-8", "replace"), package)
        taken = [each.split() for each in _plain(names or b"").split(",")]
        if name:
            yield Import(name, tuple(each[0] for each in taken if each), 0)
        return
    for each in _plain(modules or b"").split(","):
        if each.split():
            yield Import(each.split()[0], (), 0)


def _plain(text: bytes) -> str:
    return re.sub(rb"[()\\]", b" ", _COMMENT.sub(b"", text)).decode("utf-8", "replace")


def _in_classes(source: bytes, at: int, indent: int) -> bool:
    """Return whether all that an indented line stands in are classes."""
    while indent:
        start = source.rfind(b"\n", 0, max(at - 1, 0)) + 1
        line = source[start : at - 1] if at else b""
        head = _HEAD.match(line)
        width = len(line) - len(line.lstrip(b" \t"))
        if head and width < indent:
            if head[1] != b"class":
                return False
            indent = width
        if not start:
            return not indent
        at = start
    return True


def certain_imports(source: bytes, file: str, *, whole: bool = True) -> list[Import]:
    """Return the imports that running a file runs for certain; none of what is not Python.

    Unless the `whole` file is read, what follows the last of them may be anything.
    """
    package = package_of(file)
    found = []
    tree = (None if whole else _tree(_with_imports(source))) or _tree(source)
    for node in _run_for_certain(tree) if tree else ():
        if isinstance(node, ast.Import):
            found += [Import(alias.name, (), node.lineno) for alias in node.names]
        else:
            name = absolute("." * node.level + (node.module or ""), package)
            taken = tuple(alias.name for alias in node.names)
            found += [Import(name, taken, node.lineno)] if name else []
    return found


def _tree(source: bytes) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _with_imports(source: bytes) -> bytes:
    """Return a file up to the last statement that may be an import which runs for certain.

    That may break off in the middle of something, which is not Python then.
    """
    lines = b"\n" + source
    last = 0
    for named in _NAMED.finditer(lines):
        at = named.start() + 1
        goes_on = b"\\" in lines[max(at - 3, 0) : at]  # from the line before
        if not named[1] or goes_on or _in_classes(lines, at, len(named[1])):
            last = named.end()
    end = _STATEMENT.search(lines, last)
    return lines[1 : end.start() + 1] if end else source


def _run_for_certain(tree: ast.Module) -> Iterable[ast.Import | ast.ImportFrom]:
    """Yield those of `required_imports` that are certain: no other statements hold any."""
    pending: list[ast.stmt] = [*tree.body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.ClassDef):
            pending += node.body


def bound_names(source: bytes) -> frozenset[str] | None:
    """Return the names that may be bound at a file's top, submodules aside; None for any."""
    if b"__getattr__" in source:
        return None
    names = {each.decode() for each in re.findall(rb"(?m)^\s*(?:def|class|global)\s+(\w+)", source)}
    names |= {each.decode() for each in re.findall(rb"(?m)\bas\s+(\w+)", source)}
    names |= {each.decode() for each in re.findall(rb"(?m)^\s*(\w+)\s*[:=]", source)}
    for module, taken in re.findall(rb"(?m)^\s*from\s+(\S+)\s+import\s+(\([^)]*\)|[^\n]*)", source):
        if taken.strip() == b"*":
            return None
        if module != b".":
            names |= {each.decode() for each in re.findall(rb"\w+", taken)}
    return frozenset(names)
