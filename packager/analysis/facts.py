"""Reads a plugin's Python files with the target's grammar: syntax errors, imports, top levels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packager.dataclass import dataclass
from packager.host.kept_answers import contents_of, kept_answer, scripts_state, state_of
from packager.host.target_script import ask_script
from packager.inputs.plugin_folder import MAX_DEPTH

_MOST_KNOWN = 20_000  # files
_SETTLED = 20_000_000  # ns: two writes within a file system's tick have one time
_Version = tuple[Path, str, str, int, int, int]  # interpreter, root, file; and which state of it


@dataclass(frozen=True, slots=True)
class SourceError:
    """Why a file is not Python; `line` and `column` count from 1."""

    line: int | None
    column: int | None
    message: str


@dataclass(frozen=True, slots=True)
class ImportedModule:
    """One import: the module's absolute name, and the names taken from it (`*` for all)."""

    module: str
    line: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionCall:
    """Where a file may call back to Dify: `call` is `model.llm.invoke` or its like."""

    line: int
    column: int
    call: str


@dataclass(frozen=True, slots=True)
class SdkImport:
    """One name imported from a module of `dify_plugin`; None for the module itself.

    `certain`: where it is missing, the file's own import fails for certain.
    """

    module: str
    name: str | None
    line: int
    column: int
    certain: bool = False


@dataclass(frozen=True, slots=True)
class RequiredModule:
    """A module that an import must find; None for one outside of the plugin's root.

    `certain`: where it is missing, the file's own import fails for certain.
    """

    module: str | None
    line: int
    column: int
    certain: bool = False


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What one Python file says of itself, read but not run.

    `bindings` are what its top level binds, as `_in_target/analyse.py` describes them.
    `names_assets` tells whether a string in it names the folder `_assets`. `calls` are
    what `_in_target/session_calls.py` finds, `required` and `sdk_imports` what
    `_in_target/required_imports.py` does.
    """

    path: str  # posix, relative to the plugin's root
    error: SourceError | None = None
    imports: tuple[ImportedModule, ...] = ()
    bindings: tuple[Mapping[str, Any], ...] = ()
    names_assets: bool = False
    uses: tuple[tuple[str, int], ...] = ()  # names and lines of what NOTED has, in file_facts.py
    calls: tuple[SessionCall, ...] = ()
    required: tuple[RequiredModule, ...] = ()
    sdk_imports: tuple[SdkImport, ...] = ()
    changes_imports: bool = False  # sys.path, sys.modules or sys.meta_path


# What was read lately, for a process that reads a plugin again whenever a file is saved.
_known: dict[_Version, SourceFacts] = {}


def analyse_sources(root: Path, files: Sequence[str], interpreter: Path) -> dict[str, SourceFacts]:
    """Return the facts of `files` (posix, relative to `root`), read by `interpreter`'s own grammar.

    One process reads them all, but those that this process had read before and that have not
    changed since; it imports nothing of the plugin. Raises `PackagerError` if the interpreter
    fails.
    """
    whole = str(root.absolute())
    versions = {path: _version(interpreter, whole, path) for path in files}
    found = {path: _known.get(version) if version else None for path, version in versions.items()}
    asked = [path for path, facts in found.items() if facts is None]
    answer: dict[str, dict[str, Any]] = {}
    if asked:
        question = {"root": whole, "files": asked}
        answer = kept_answer(
            "analysed",
            lambda: [state_of(interpreter), scripts_state(), contents_of(root, asked)],
            lambda: ask_script(interpreter, "analyse.py", question, about="the plugin's sources"),
        )
    if len(_known) > _MOST_KNOWN:
        _known.clear()
    for path, each in answer.items():
        read = found[path] = _facts(path, each)
        version = versions[path]
        if version is not None and version == _version(interpreter, whole, path):
            _known[version] = read
    return {path: facts for path, facts in found.items() if facts is not None}


def _version(interpreter: Path, root: str, path: str) -> _Version | None:
    """Return what changes with a file; None where that can't be known, as it may be new still."""
    try:
        found = Path(root, path).stat()
    except OSError:
        return None
    if time.time_ns() - found.st_mtime_ns < _SETTLED:
        return None
    return interpreter, root, path, found.st_mtime_ns, found.st_size, found.st_ino


def _facts(path: str, answer: Mapping[str, Any]) -> SourceFacts:
    return SourceFacts(
        path=path,
        error=SourceError(*answer["error"]) if answer["error"] else None,
        imports=tuple(
            ImportedModule(module, line, tuple(names)) for module, line, names in answer["imports"]
        ),
        bindings=tuple(answer["bindings"]),
        names_assets=answer["names_assets"],
        uses=tuple((name, line) for name, line in answer["uses"]),
        calls=tuple(SessionCall(*each) for each in answer["calls"]),
        required=tuple(RequiredModule(*each) for each in answer["required"]),
        sdk_imports=tuple(SdkImport(*each) for each in answer["sdk_imports"]),
        changes_imports=answer["changes_imports"],
    )


def module_file(facts: Mapping[str, SourceFacts], module: str) -> str | None:
    """Return the first-party file that importing `module` runs last, or None."""
    path = module.replace(".", "/")
    return next((file for file in (f"{path}/__init__.py", f"{path}.py") if file in facts), None)


def is_first_party(facts: Mapping[str, SourceFacts], module: str) -> bool:
    """Return whether `module`, or a package around it, is the plugin's own."""
    top = module.partition(".")[0]
    return f"{top}.py" in facts or any(file.startswith(f"{top}/") for file in facts)


def imported_for_certain(facts: Mapping[str, SourceFacts], start: Iterable[str]) -> set[str]:
    """Return the first-party files that importing the files `start` runs whatever happens.

    None where one that may run before changes what imports find.
    """
    start = list(start)
    if any(facts[path].changes_imports for path in reachable(facts, start)):
        return set()

    def certain(fact: SourceFacts) -> Iterator[str]:
        return (each.module for each in fact.required if each.module and each.certain)

    return _closure(facts, start, certain)


def reachable(facts: Mapping[str, SourceFacts], start: Iterable[str]) -> set[str]:
    """Return the first-party files that importing `start` can run, themselves included."""

    def any_way(fact: SourceFacts) -> Iterator[str]:
        for imported in fact.imports:
            yield imported.module
            yield from (f"{imported.module}.{name}" for name in imported.names)

    return _closure(facts, start, any_way)


def _closure(
    facts: Mapping[str, SourceFacts],
    start: Iterable[str],
    imported: Callable[[SourceFacts], Iterator[str]],
) -> set[str]:
    """Return `start` and all first-party files behind the modules that `imported` names of each."""
    found: set[str] = set()
    pending = [path for path in start if path in facts]
    while pending:
        path = pending.pop()
        if path in found:
            continue
        found.add(path)
        for module in (path.removesuffix(".py").replace("/", "."), *imported(facts[path])):
            parts = module.split(".")
            for length in range(1, min(len(parts), MAX_DEPTH) + 1):  # packages around it run first
                file = module_file(facts, ".".join(parts[:length]))
                if file is not None and file not in found:
                    pending.append(file)
    return found
