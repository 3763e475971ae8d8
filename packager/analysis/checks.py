"""Checks the sources of endpoints and triggers: that they parse, import and call what is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from packager.analysis.class_checks import check_classes
from packager.analysis.facts import SourceError, SourceFacts, imported_for_certain, reachable
from packager.analysis.late_work import check_timing
from packager.analysis.missing_imports import warn_of_own
from packager.analysis.reached_code import ReachedCode, reached_from
from packager.analysis.sdk_use import (
    answered_parts,
    warn_of_apps,
    warn_of_calls,
    warn_of_credentials,
    warn_of_imports,
    warn_of_workflows,
)
from packager.analysis.sources import PluginSources, Reader, reader_of
from packager.analysis.unbrought_imports import Brought, warn_of_unbrought
from packager.dataclass import dataclass
from packager.errors import Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.calls import Credential
from packager.model.declared import Declared
from packager.model.options import Options
from packager.model.plugin import EndpointGroup

# Who calls its class needs no attribute of the session.
_STORAGE_MODULE = "dify_plugin.invocations.storage"


@dataclass(frozen=True, slots=True)
class CodeToCheck:
    """A plugin's Python files, and the groups and options that say how functions read them.

    `declared` is what the manifest says of the Python that they are for, `has_tools` whether the
    plugin has tools of its own, `credentials` what those need.
    """

    folder: PluginFolder
    groups: Sequence[EndpointGroup]
    options: Mapping[str, Options]
    sources: PluginSources
    declared: Declared
    has_tools: bool = False
    credentials: tuple[Credential, ...] = ()


def check_sources(code: CodeToCheck, diagnostics: Diagnostics) -> frozenset[str]:
    """Note what is wrong with the Python files of the plugin, read as its functions will read them.

    Of endpoints' files also what they use of `dify_plugin` that functions don't have or answer.

    A syntax error is an error in an endpoint's source and in what that imports, and a warning
    elsewhere: plugins ship templates, tests and scripts that no function runs. Returns the names of
    the groups whose code uses `session.storage`, as far as can be seen.
    """
    folder, options = code.folder, code.options
    by_python: dict[str, list[EndpointGroup]] = {}
    for group in code.groups:
        by_python.setdefault(options[group.name].python, []).append(group)
    said: set[tuple[str, SourceError | None]] = set()
    called: set[str] = set()  # files whose calls were looked at
    asking: set[str] = set()  # files whose calls of apps were
    storing: set[str] = set()
    for python, those in by_python.items():
        sources = dict.fromkeys(source for group in those for source in group.sources)
        if not sources:
            continue
        reader = reader_of(python)
        facts = code.sources.facts(python)
        storing |= {group.name for group in those if _stores(group, facts)}
        reached = reachable(facts, sources)
        for file, fact in facts.items():
            if fact.error is None or (file, fact.error) in said:
                continue
            said.add((file, fact.error))
            error = _syntax_error(code, fact, reader, python, file in reached)
            if error is not None:
                diagnostics.add(error)
        for group in those:
            check_timing(folder, group, options[group.name], facts, diagnostics)
        sound = {file for file in reached if facts[file].error is None}
        certain = imported_for_certain(facts, sources)
        fresh = ReachedCode(folder, facts, frozenset(sound - called), frozenset(certain))
        warn_of_own(fresh, diagnostics)
        for group in those:
            own = reachable(facts, group.sources) & sound
            fresh_files = own - asking
            own_options = options[group.name]
            answered = answered_parts(own_options, has_tools=code.has_tools)
            warn_of_calls(folder, facts, fresh_files, answered, diagnostics)
            warn_of_apps(folder, facts, fresh_files, own_options, diagnostics)
            if any(use.call.startswith("tool.") for path in own for use in facts[path].calls):
                warn_of_credentials(code.credentials, own_options, diagnostics)
            warn_of_workflows(group, own_options, diagnostics)
            asking |= own
        light = {
            source
            for group in those
            if options[group.name].sdk == "light"
            for source in group.sources
        }
        reached_light = sound & reachable(facts, light)
        warn_of_imports(folder, facts, reached_light - called, certain, reader.path, diagnostics)
        called |= sound
        for group in those:
            check_classes(folder, facts, group, diagnostics)
    return frozenset(storing)


def check_brought(
    code: CodeToCheck, distributions: Collection[str], diagnostics: Diagnostics
) -> None:
    """Note imports that neither the plugin nor, as far as names tell, `distributions` answer."""
    pythons = {group.name: code.options[group.name].python for group in code.groups}
    for python in dict.fromkeys(pythons.values()):
        those = [group for group in code.groups if pythons[group.name] == python]
        start = [source for group in those for source in group.sources]
        if start:
            reached = reached_from(start, code.folder, code.sources.facts(python))
            brought = Brought(python, distributions, code.declared)
            warn_of_unbrought(reached, brought, diagnostics)


def _stores(group: EndpointGroup, facts: Mapping[str, SourceFacts]) -> bool:
    reached = reachable(facts, group.sources)
    return any(
        any(name == "storage" for name, _ in facts[file].uses)
        or any(each.module == _STORAGE_MODULE for each in facts[file].imports)
        for file in reached
    )


def _syntax_error(
    code: CodeToCheck,
    fact: SourceFacts,
    reader: Reader,
    python: str,
    reached: bool,
) -> Diagnostic | None:
    """Return what there is to say of the error in a file that is to run on `python`."""
    folder, error = code.folder, fact.error
    assert error is not None  # noqa: S101 - for type checkers
    if error.line is None:  # nothing of the file was seen: it can't be read
        place = Place(folder.display_of(fact.path))
        return Diagnostic("unreadable-file", error.message, place) if reached else None
    if not reached and (fact.path.startswith(".") or "/." in fact.path):
        return None  # templates of tools, say
    older = _number(reader.python) < _number(python)
    return Diagnostic(
        "invalid-python",
        f"syntax error: {error.message} (read with Python {reader.python})",
        Place(folder.display_of(fact.path), error.line, error.column),
        hint=code.declared.hint_for(python, newer=True)
        if reader.python == python
        else f"install Python {python}, whose grammar may differ",
        level="error" if reached and not older else "warning",
    )


def _number(python: str) -> tuple[int, ...]:
    return tuple(int(part) for part in python.split("."))
