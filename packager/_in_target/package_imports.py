"""Finds what imports of installed packages lack: modules that nothing brings.

Run as a script (`python -I -S package_imports.py`) by the target's Python, standard library only.
Standard input has one JSON object: `root`, the folder that packages are installed in, `start`, the
imports to follow ([module, names taken from it]), `present`, top modules that are elsewhere, and
`removed` and `added`, the difference between this Python's library and the target's. Standard
output gets a list of objects: `module`, the first part of a dotted name that is not there,
`wanted`, the dotted names that its import asks for, `file` (posix, relative to `root`) and `line`
of that, `starts`, which of `start` run it for certain, and `changes`, those that may run something
before that changes what imports find. Nothing is imported or run.

Packages have megabytes of source, and nearly all of them lack nothing. So a quick look at the lines
comes first, which may take a line in a string for an import, and only the files between an import
and what it seems to lack are parsed, up to their last import.
"""

from __future__ import annotations

import json
import os
import re
import sys
import warnings

if __name__ == "__main__":
    # `-I` leaves out all that is not Python's own.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

from packager._in_target.import_lines import (
    Import,
    bound_names,
    certain_imports,
    likely_imports,
)

TYPE_CHECKING = False  # `typing` takes longer than most of what is asked
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Reading sys.path, or being one's own entry of sys.modules, changes nothing for others.
_CHANGES = re.compile(
    rb"\bsys\.(?:meta_path|path_hooks|path\s*(?:\.(?:append|insert|extend|remove)\b|\[|\+?=[^=])"
    rb"|modules\s*(?:\.(?:update|setdefault)\b|\[(?!\s*__name__)[^\]\n]*\]\s*=[^=]))"
    rb"|\bfrom sys import[^\n]*\b(?:path|modules|meta_path)\b|\baddsitedir\b"
)


class Lacking:
    """The first part of a dotted name that is not there, all that is asked for, and the line."""

    def __init__(self, module: str, wanted: tuple[str, ...], line: int) -> None:
        self.module = module
        self.wanted = wanted
        self.line = line


class Ran:
    """What one import runs (files), and what it lacks."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.lacks: list[Lacking] = []


class Packages:
    """The folder that packages are in. `present` are top modules that are elsewhere. Unless files
    are read `whole`, one that is not Python at its end counts as well."""

    def __init__(self, root: str, present: frozenset[str], *, whole: bool = True) -> None:
        self.root = root
        self.present = present
        self.whole = whole
        self._listed: dict[str, dict[str, str]] = {}
        self._contents: dict[str, bytes] = {}
        self._bound: dict[str, frozenset[str] | None] = {}
        self._certain: dict[str, Ran] = {}

    def content(self, file: str) -> bytes:
        """Return the bytes of a file, none for one that can't be read."""
        if file not in self._contents:
            try:
                with open(os.path.join(self.root, file), "rb") as source:  # noqa: PTH118, PTH123
                    self._contents[file] = source.read()
            except OSError:
                self._contents[file] = b""
        return self._contents[file]

    def certain(self, file: str) -> Ran:
        """Return what a file, parsed, runs for certain."""
        if file not in self._certain:
            imports = certain_imports(self.content(file), file, whole=self.whole)
            self._certain[file] = _ran(self, imports)
        return self._certain[file]

    def find(self, name: str) -> str:
        """Return the file that a dotted name runs; "/" for a namespace package, "-" for what can't
        be read (a compiled module) and "" for what is not there."""
        head, _, last = name.rpartition(".")
        inside = self._modules(head.replace(".", "/"))
        found = inside.get(last, "")
        if found != "/":
            return found
        folder = name.replace(".", "/")
        inner = self._modules(folder).get("__init__", "")
        return inner if inner not in ("", "/") else "/"

    def _modules(self, folder: str) -> dict[str, str]:
        """Return what can be imported from `folder`, in the order that Python looks for it."""
        if folder in self._listed:
            return self._listed[folder]
        found: dict[str, str] = {}
        rank: dict[str, int] = {}
        base = f"{folder}/" if folder else ""
        try:
            entries = list(os.scandir(os.path.join(self.root, folder)))  # noqa: PTH118
        except OSError:
            entries = []
        for entry in entries:
            stem, dot, suffix = entry.name.partition(".")
            if entry.is_dir():
                if dot:
                    continue
                inner = os.path.join(entry.path, "__init__.")  # noqa: PTH118
                regular = any(os.path.exists(inner + end) for end in ("py", "pyc", "so"))  # noqa: PTH110
                order, value = (0 if regular else 4), "/"
            elif suffix == "so" or suffix.endswith(".so"):
                order, value = 1, "-"
            elif suffix == "py":
                order, value = 2, f"{base}{entry.name}"
            elif suffix == "pyc":
                order, value = 3, "-"
            else:
                continue
            if order < rank.get(stem, 9):
                found[stem], rank[stem] = value, order
        self._listed[folder] = found
        return found

    def run(self, imported: Import) -> Ran:
        """Return what an import runs and what it lacks, not looking into what it runs."""
        ran = Ran()
        parts = imported.module.split(".")
        kind = ""
        for length in range(1, len(parts) + 1):
            name = ".".join(parts[:length])
            kind = self.find(name)
            if not kind:
                if length == 1 and name in self.present:
                    return ran
                if length == 1 or self.find(".".join(parts[: length - 1])) == "/":
                    ran.lacks.append(Lacking(name, imported.wanted, imported.line))
                return ran
            if kind not in ("/", "-"):
                ran.files.append(kind)
            if kind == "-" and length < len(parts):
                return ran
        if kind != "/" and not kind.endswith("/__init__.py"):
            return ran
        for name in imported.names:
            inner = self.find(f"{imported.module}.{name}")
            if inner not in ("", "-", "/") and self._is_module(kind, name):
                ran.files.append(inner)
            elif inner == "/" or inner or name == "*":
                continue
            elif kind == "/":
                full = f"{imported.module}.{name}"
                ran.lacks.append(Lacking(full, (full,), imported.line))
        return ran

    def _is_module(self, package: str, name: str) -> bool:
        """Return whether `name`, taken from a package that has such a module, is that module for
        certain: nothing in the package's own code may be called so."""
        if package == "/":
            return True
        if package not in self._bound:
            self._bound[package] = bound_names(self.content(package))
        bound = self._bound[package]
        return bound is not None and name not in bound


def find_lacking(packages: Packages, start: list[Import]) -> list[dict[str, Any]]:
    """Return what the module's docstring says of the imports `start`."""
    runs = [packages.run(each) for each in start]
    first = [file for ran in runs for file in ran.files]
    likely = _reached(packages, first, likely_imports)
    for file, ran in likely.items():
        if ran.lacks:
            kept = packages.certain(file)
            ran.lacks = list({each.module: each for each in reversed(kept.lacks)}.values())
    exact = _leading(packages, likely)
    if not exact:
        return []
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for index, ran in enumerate(runs):
        seen: set[str] = set()
        stack = [file for file in ran.files if file in exact]
        while stack:
            file = stack.pop()
            if file not in seen:
                seen.add(file)
                stack += [inner for inner in exact[file] if inner in exact]
        lacking = [(file, each) for file in seen for each in likely[file].lacks]
        changes = bool(lacking) and _changes(packages, ran.files, likely)
        for file, each in lacking:
            if changes and _is_inside(packages, file, each.module):
                continue
            told = found.setdefault(
                (each.module, file), {**vars(each), "file": file, "starts": [], "changes": []}
            )
            told["starts"].append(index)
            told["changes"] += [index] * changes
    return sorted(found.values(), key=lambda each: (each["file"], each["line"], each["module"]))


def _leading(packages: Packages, likely: dict[str, Ran]) -> dict[str, list[str]]:
    """Return the files that lack something or lead to such a file for certain, with all that each
    runs for certain. Only those and what seems to import them are parsed."""
    above: dict[str, list[str]] = {}
    for file, ran in likely.items():
        for inner in ran.files:
            above.setdefault(inner, []).append(file)
    pending = [file for file, ran in likely.items() if ran.lacks]
    exact = {file: packages.certain(file).files for file in pending}
    while pending:
        inner = pending.pop()
        for file in above.get(inner, ()):
            if file not in exact and inner in (files := packages.certain(file).files):
                exact[file] = files
                pending.append(file)
    return exact


def _reached(packages: Packages, files: Iterable[str], read: Any) -> dict[str, Ran]:
    found: dict[str, Ran] = {}
    pending = list(files)
    while pending:
        file = pending.pop()
        if file not in found:
            found[file] = _ran(packages, read(packages.content(file), file))
            pending += found[file].files
    return found


def _ran(packages: Packages, imports: Iterable[Import]) -> Ran:
    whole = Ran()
    for each in imports:
        ran = packages.run(each)
        whole.files += ran.files
        whole.lacks += ran.lacks
    return whole


def _changes(packages: Packages, files: Iterable[str], graph: dict[str, Ran]) -> bool:
    """Return whether anything that runs with `files` changes what imports find."""
    seen: set[str] = set()
    pending = list(files)
    while pending:
        file = pending.pop()
        if file in seen:
            continue
        seen.add(file)
        if _CHANGES.search(packages.content(file)):
            return True
        pending += graph[file].files
    return False


def _is_inside(packages: Packages, file: str, name: str) -> bool:
    """Return whether the package of `file` has a module called as `name` somewhere inside, which it
    may put on the path."""
    wanted = name.split(".")[0]
    parts = file.split("/")[:-1]
    if not parts:
        return False
    # What is around it in a namespace package is of others.
    ends = range(1, len(parts) + 1)
    end = next((end for end in ends if packages.find(".".join(parts[:end])) != "/"), len(parts))
    for _, folders, files in os.walk(os.path.join(packages.root, *parts[:end])):  # noqa: PTH118
        if any(each.split(".")[0].lstrip("_") == wanted for each in (*folders, *files)):
            return True
    return False


def main() -> None:
    """Read the request, write what is lacking."""
    warnings.simplefilter("ignore")  # such as those of invalid escapes
    request = json.loads(sys.stdin.buffer.read())
    library = {*sys.stdlib_module_names} - {*request["removed"]} | {*request["added"]}
    present = frozenset({*request["present"], *library})
    start = [Import(module, tuple(names), 0) for module, names in request["start"]]
    found = find_lacking(Packages(request["root"], present, whole=False), start)
    if found:  # seldom: then it counts what is Python to its end
        found = find_lacking(Packages(request["root"], present), start)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
