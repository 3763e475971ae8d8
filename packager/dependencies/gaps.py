"""Finds what installed packages import without declaring it, and adds what the SDK would bring."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from packager.analysis.facts import SourceFacts
from packager.analysis.missing_imports import ELSEWHERE, hint_on, library_changes
from packager.analysis.reached_code import ReachedCode
from packager.analysis.sdk_distributions import DISTRIBUTIONS, own_modules, serves_requests
from packager.dataclass import dataclass
from packager.dependencies.installed import Dependencies
from packager.dependencies.resolve import RUNTIME, Wanted
from packager.errors import IMPORT_FAILS, Diagnostics, Place
from packager.host.cache import cache_folder, cached_text, keep_text
from packager.host.interpreter import Interpreter
from packager.host.meanwhile import meanwhile
from packager.host.target_script import ask_script
from packager.model.progress import Progress
from packager.model.steps import step
from packager.requirements.requirements import Requirements

_SCRIPT = "package_imports.py"
_FORMAT = 2  # of what is kept: changes with whatever changes what is found
# Every bundle has these, and they lack nothing.
_COMPLETE = frozenset({RUNTIME, "markupsafe"})
# Not of the SDK's set, but old releases of what is needed it: a listing or a lock may have it.
_SETUPTOOLS = frozenset({"pkg_resources", "setuptools"})

Start = tuple[str, tuple[str, ...]]  # a module, and the names that are taken from it


@dataclass(frozen=True, slots=True)
class Gap:
    """A `module` that nothing brings, and what imports it: a `package`'s file and line.

    `wanted` are the dotted names that are asked for. `starts` are those of the plugin's imports
    that run it for certain, and `unsure` those of them that may run something before which changes
    what imports find.
    """

    module: str
    wanted: tuple[str, ...]
    package: str
    file: str
    line: int
    starts: frozenset[Start]
    unsure: frozenset[Start]


def install_without_gaps(
    install: Callable[[Wanted], Dependencies],
    wanted: Wanted,
    search: GapSearch,
    progress: Progress,
) -> tuple[Dependencies, tuple[Gap, ...]]:
    """Install what is `wanted`, and what more of the SDK's set packages turn out to import.

    Returns what is installed in the end, and the gaps that are left.
    """
    notes: list[str] = []
    while True:
        dependencies = install(wanted)
        notes += dependencies.notes
        with step("looking for undeclared imports"):
            gaps = find_gaps(dependencies, search)
        found: dict[str, Gap] = {}
        for gap in gaps:
            name = _distribution(gap.wanted, wanted.requirements)
            if name and name not in wanted.imported:
                found.setdefault(name, gap)
        if not found:
            return replace(dependencies, notes=tuple(dict.fromkeys(notes))), gaps
        for name, gap in found.items():
            progress.step(
                f"adding {name}: {gap.package} imports {gap.module} and does not declare it"
            )
        wanted = replace(wanted, imported=tuple(sorted({*wanted.imported, *found})))


@dataclass(frozen=True, slots=True)
class GapSearch:
    """What asks for the imports that packages lack: `interpreter`, for the plugin's code of which
    `facts` are, and for the target's version, `python`."""

    facts: Mapping[str, SourceFacts]
    interpreter: Interpreter
    python: str

    @property
    def starts(self) -> list[Start]:
        """The imports of the plugin's code that packages may answer."""
        own = own_modules(self.facts)
        return sorted(
            {
                (imported.module, imported.names)
                for path, fact in self.facts.items()
                if serves_requests(path)
                for imported in fact.imports
                if imported.module.partition(".")[0] not in own
            }
        )

    def answer(self, folder: Path, identity: str) -> str:
        """Return what the target's Python says of the packages in `folder`, as JSON.

        It is kept for what `identity` tells, if anything.
        """
        removed, added = library_changes(self.python)
        request = {
            "start": self.starts,
            # What the runtime has too, in whatever version, Dify has in the SDK's.
            "present": sorted(own_modules(self.facts) | ELSEWHERE - {*DISTRIBUTIONS}),
            "removed": sorted(removed),
            "added": sorted(added),
        }
        cache = cache_folder() if identity else None
        made_of = [_FORMAT, identity, self.interpreter.version, request]
        key = f"gaps/{hashlib.sha256(json.dumps(made_of).encode()).hexdigest()}"
        text = cached_text(cache, key, math.inf)
        if text is None:
            question = {"root": str(folder.absolute()), **request}
            path = self.interpreter.path
            text = json.dumps(ask_script(path, _SCRIPT, question, about="the packages"))
            keep_text(cache, key, text)
        return text

    def ahead(
        self, folder: Path, identity: str, packages: Collection[str]
    ) -> AbstractContextManager[None]:
        """Have that answered and kept while the context lasts.

        Whatever goes wrong is said where it is asked for.
        """
        if not identity or _are_complete(packages):
            return nullcontext()
        return meanwhile(lambda: self.answer(folder, identity))


def find_gaps(dependencies: Dependencies, search: GapSearch) -> tuple[Gap, ...]:
    """Return what installed packages lack to be imported as the plugin's code imports them."""
    if _are_complete(package.name for package in dependencies.packages):
        return ()
    starts = search.starts
    text = search.answer(dependencies.folder, dependencies.identity)
    return tuple(
        Gap(
            each["module"],
            tuple(each["wanted"]),
            dependencies.owner_of(each["file"]) or each["file"].partition("/")[0],
            each["file"],
            each["line"],
            frozenset(starts[index] for index in each["starts"]),
            frozenset(starts[index] for index in each["changes"]),
        )
        for each in json.loads(text)
    )


def _are_complete(packages: Iterable[str]) -> bool:
    return {*packages} <= _COMPLETE


def warn_of_gaps(
    code: ReachedCode, gaps: Iterable[Gap], python: str, diagnostics: Diagnostics
) -> None:
    """Warn of each gap, at the import of the plugin's that runs into it.

    A name that occurs somewhere in the plugin is passed over: the plugin may extend sys.path.
    """
    facts, inside = code.facts, code.names
    for gap in gaps:
        if gap.module.partition(".")[0] in inside:
            continue
        places: list[tuple[bool, Place]] = []
        for path in sorted(code.reached):
            for each in facts[path].required:
                start = _start_of(facts[path], each.module, each.line, gap)
                if start:
                    fails = each.certain and path in code.certain and start not in gap.unsure
                    place = Place(code.folder.display_of(path), each.line, each.column)
                    places.append((not fails, place))
        if not places:  # it is caught, or nothing that an endpoint runs
            continue
        unsure, place = min(places, key=lambda each: each[0])
        diagnostics.warn(
            "import-may-fail" if unsure else IMPORT_FAILS,
            f"this import runs {gap.package}'s {gap.file}, which imports {gap.module} in line "
            f"{gap.line}: neither the bundle nor the standard library has it",
            place,
            hint=hint_on(gap.module, python),
        )


def _start_of(facts: SourceFacts, module: str | None, line: int, gap: Gap) -> Start | None:
    """Return which of a gap's starts an import in a file is."""
    found = {
        (imported.module, imported.names)
        for imported in facts.imports
        if imported.module == module and (imported.line == line or not imported.names)
    }
    return next(iter(sorted(found & gap.starts)), None)


def _distribution(wanted: Iterable[str], requirements: Requirements) -> str | None:
    """Return what of the SDK's set brings one of the modules; None where it is not of that."""
    for module in wanted:
        parts = module.split(".")
        if parts[0] in _SETUPTOOLS:
            return "setuptools" if _has_setuptools(requirements) else None
        found = DISTRIBUTIONS.get(parts[0]) or DISTRIBUTIONS.get(".".join(parts[:2]))
        if found:
            return found
    return None


def _has_setuptools(requirements: Requirements) -> bool:
    """Return whether Dify would install it, at a version that is stated."""
    if "setuptools" in requirements.names or not requirements.locked:
        return "setuptools" in requirements.names
    return '\nname = "setuptools"\n' in (requirements.where / "uv.lock").read_text("utf-8")
