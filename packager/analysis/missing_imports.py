"""Warns of imports that fail in a function: of modules that its bundle does not have."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from packager.analysis.facts import RequiredModule
from packager.analysis.reached_code import ReachedCode
from packager.errors import IMPORT_FAILS, Code, Diagnostics, PackagerError, Place
from packager.host.interpreter import Interpreter
from packager.host.kept_answers import kept_answer, state_of
from packager.paths import is_folder

# What AWS's managed runtimes have beside the standard library (docs/fast-entry.md says where it is
# on the path): boto3 and what it needs.
_OF_THE_RUNTIME = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}
_NAMES = "import sys; print(*sys.stdlib_module_names)"
_OF_THE_BUNDLE = {"dify_plugin", "endpoint_runtime", "__main__"}
# In the bundle, or beside it where it runs: nothing that has to be installed.
ELSEWHERE = _OF_THE_RUNTIME | _OF_THE_BUNDLE
# What the standard library of the oldest runtime had, by the Python that has it no more (PEP 594,
# 632 and "What's New In Python 3.12"); and what came since ("What's New In Python 3.14").
_REMOVED = {
    12: frozenset({"asynchat", "asyncore", "distutils", "imp", "smtpd"}),
    13: frozenset(
        {
            *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap"),
            *("msilib", "nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau"),
            *("telnetlib", "uu", "xdrlib"),
        }
    ),
}
_CAME = {14: frozenset({"annotationlib", "compression"})}


def library_changes(python: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return which modules `python`'s standard library lacks, of those that others have, and which
    of these it has."""
    minor = int(python.partition(".")[2])
    none = frozenset[str]()
    gone = none.union(*(names for since, names in _REMOVED.items() if since <= minor))
    there = none.union(*(names for since, names in _REMOVED.items() if since > minor))
    there |= none.union(*(names for since, names in _CAME.items() if since <= minor))
    return gone, there


def hint_on(module: str, python: str) -> str:
    """Return what to do about a module that nothing brings."""
    top = module.partition(".")[0]
    if top in library_changes(python)[0]:
        return f"Python {python} does not have it any more: choose an older runtime"
    if top == "pkg_resources":
        return (
            "setuptools had it up to version 81: add `setuptools<82` to the plugin's requirements"
        )
    return "add what it is from to the plugin's requirements"


def warn_of_own(code: ReachedCode, diagnostics: Diagnostics) -> None:
    """Warn of each import of a module of the plugin's own that is not there.

    A folder without `__init__.py` that holds none of the files that are run may stand aside for an
    installed package.
    """
    files = frozenset(code.facts)
    own = {path.partition("/")[0].removesuffix(".py") for path in code.reached}
    own |= {path.removesuffix("/__init__.py").removesuffix(".py") for path in files}
    for path, each in required(code):
        place = Place(code.folder.display_of(path), each.line, each.column)
        fails = code_of(path, each, code)
        if each.module is None:
            diagnostics.warn(
                fails,
                "this import leaves the plugin's root, and fails",
                place,
                hint="the root is on sys.path: `from utils.x import y`, without dots",
            )
        elif each.module.partition(".")[0] in own:
            missing = _first_missing(each.module, lambda name: _own_kind(name, files))
            if missing:
                diagnostics.warn(
                    fails,
                    f"there is no module {missing} in the plugin: the import fails",
                    place,
                )


def warn_of_foreign(
    code: ReachedCode,
    packages: Path,
    interpreter: Interpreter,
    python: str,
    diagnostics: Diagnostics,
) -> None:
    """Warn of each import of a module that neither `packages`, a folder, nor Python has.

    `python` is the version that it runs on, which may be another than the interpreter's. A name
    that occurs somewhere in the plugin is passed over where the plugin may extend sys.path.
    """
    changed = any(code.facts[path].changes_imports for path in code.reached)
    inside = (code.names if changed else code.top_names) | ELSEWHERE
    library: frozenset[str] = frozenset()
    for path, each in required(code):
        if each.module is None or each.module.partition(".")[0] in inside:
            continue
        missing = _first_missing(each.module, lambda name: _kind_in(name, packages))
        if not missing:
            continue
        library = library or _library(interpreter, python)
        if each.module.partition(".")[0] in library:
            continue
        elsewhere = misplaced(code, each.module.partition(".")[0], path)
        diagnostics.warn(
            code_of(path, each, code),
            f"there is no module {missing} in the plugin, its dependencies or the standard "
            "library: the import fails",
            Place(code.folder.display_of(path), each.line, each.column),
            hint=misplaced_hint(elsewhere) if elsewhere else hint_on(each.module, python),
        )


def misplaced(code: ReachedCode, top: str, path: str) -> str | None:
    """Return the file that an import of `top` in the file `path` means and does not find, as it
    lies below the root; None where there is no such file but `path` itself, which means what it is
    called after, or where code may put its folder on sys.path."""
    if any(code.facts[path].changes_imports for path in code.reached):
        return None
    ends = (f"/{top}.py", f"/{top}/__init__.py")
    found = [file for file in code.facts if file.endswith(ends) and file != path]
    return min(found, key=lambda file: (file.count("/"), file), default=None)


def misplaced_hint(file: str) -> str:
    """Return what to write in place of an import that means `file`."""
    folder, _, name = file.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")
    return (
        f"the root is on sys.path, and {folder}/ is not: "
        f"`from {folder.replace('/', '.')} import {name}`"
    )


def code_of(path: str, module: RequiredModule, code: ReachedCode) -> Code:
    """Return what an import of `module` in the file `path` is, where it finds nothing."""
    return IMPORT_FAILS if module.certain and path in code.certain else "import-may-fail"


def required(code: ReachedCode) -> Iterable[tuple[str, RequiredModule]]:
    """Yield what each reached file must be able to import, each module of a file once."""
    facts = code.facts
    for path in sorted(code.reached):
        said: set[str | None] = set()
        fail = {each.module for each in facts[path].required if each.certain}
        for each in facts[path].required:
            if each.module not in said and (each.certain or each.module not in fail):
                said.add(each.module)
                yield path, each


def _first_missing(module: str, kind: Callable[[str], str]) -> str | None:
    """Return the first part of `module`, dotted, that is not there; None where all of it may be.

    `kind` tells of a dotted name whether it is `""` (not there), `"folder"` (a namespace package,
    whose content is all there is) or anything else, which may make its submodules up.
    """
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        found = kind(name)
        if not found:
            return name
        if found != "folder":
            return None
    return None


def _own_kind(name: str, files: frozenset[str]) -> str:
    path = name.replace(".", "/")
    if f"{path}.py" in files or f"{path}/__init__.py" in files:
        return "module"
    return "folder" if any(file.startswith(f"{path}/") for file in files) else ""


def _kind_in(name: str, folder: Path) -> str:
    *above, last = name.split(".")
    place = folder.joinpath(*above)
    inner = is_folder(place / last)
    if is_folder(place) and any(place.glob(f"{last}.*")):
        return "module"
    if inner and any((place / last).glob("__init__.*")):
        return "module"
    return "folder" if inner else ""


@lru_cache(maxsize=20)  # for who reads a plugin again whenever a file is saved
def _library(interpreter: Interpreter, python: str) -> frozenset[str]:
    """Return the names of the standard library's top modules in the version `python`."""
    command = [str(interpreter.path), "-I", "-S", "-c", _NAMES]

    def ask() -> list[str]:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.split()

    try:
        state = [_NAMES, interpreter.version, state_of(interpreter.path)]
        names = frozenset(kept_answer("python", lambda: state, ask))
    except (OSError, subprocess.CalledProcessError) as error:
        raise PackagerError(f"{interpreter.path} could not name its library: {error}") from None
    gone, there = library_changes(python)
    return (names | there) - gone
