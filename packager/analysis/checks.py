"""Checks the sources of endpoints: that they parse, and that each holds one Endpoint subclass."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from packager.analysis.endpoint_classes import endpoint_classes
from packager.analysis.facts import SourceError, SourceFacts, imported_for_certain, reachable
from packager.analysis.late_work import check_timing
from packager.analysis.missing_imports import warn_of_own
from packager.analysis.reached_code import ReachedCode, reached_from
from packager.analysis.sdk_use import warn_of_apps, warn_of_calls, warn_of_imports
from packager.analysis.sources import PluginSources, Reader, reader_of
from packager.analysis.unbrought_imports import Brought, warn_of_unbrought
from packager.errors import ASYNC_INVOKE, NO_INVOKE, Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.declared import Declared
from packager.model.options import Options
from packager.model.plugin import EndpointGroup

# Who calls its class needs no attribute of the session.
_STORAGE_MODULE = "dify_plugin.invocations.storage"


@dataclass(frozen=True, slots=True)
class CodeToCheck:
    """A plugin's Python files, and the groups and options that say how functions read them.

    `declared` is what the manifest says of the Python that they are for.
    """

    folder: PluginFolder
    groups: Sequence[EndpointGroup]
    options: Mapping[str, Options]
    sources: PluginSources
    declared: Declared


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
        sources = dict.fromkeys(endpoint.source for group in those for endpoint in group.endpoints)
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
        warn_of_calls(folder, facts, sound - called, diagnostics)
        for group in those:
            own = reachable(facts, [endpoint.source for endpoint in group.endpoints]) & sound
            warn_of_apps(folder, facts, own - asking, options[group.name], diagnostics)
            asking |= own
        light = {
            endpoint.source
            for group in those
            if options[group.name].sdk == "light"
            for endpoint in group.endpoints
        }
        reached_light = sound & reachable(facts, light)
        warn_of_imports(folder, facts, reached_light - called, certain, reader.path, diagnostics)
        called |= sound
        for source in sources:
            if facts[source].error is None and (source, None) not in said:
                said.add((source, None))
                _class_diagnostic(folder, facts, source, diagnostics)
    return frozenset(storing)


def check_brought(
    code: CodeToCheck, distributions: Collection[str], diagnostics: Diagnostics
) -> None:
    """Note imports that neither the plugin nor, as far as names tell, `distributions` answer."""
    pythons = {group.name: code.options[group.name].python for group in code.groups}
    for python in dict.fromkeys(pythons.values()):
        those = [group for group in code.groups if pythons[group.name] == python]
        start = [endpoint.source for group in those for endpoint in group.endpoints]
        if start:
            reached = reached_from(start, code.folder, code.sources.facts(python))
            brought = Brought(python, distributions, code.declared)
            warn_of_unbrought(reached, brought, diagnostics)


def _stores(group: EndpointGroup, facts: Mapping[str, SourceFacts]) -> bool:
    reached = reachable(facts, {endpoint.source for endpoint in group.endpoints})
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


def _class_diagnostic(
    folder: PluginFolder, facts: Mapping[str, SourceFacts], source: str, diagnostics: Diagnostics
) -> None:
    classes = endpoint_classes(facts, source)
    display = folder.display_of(source)
    if len(classes.certain) > 1:
        named = " and ".join(
            f"{each.name} ({Place(folder.display_of(each.file), each.line)})"
            for each in classes.certain
        )
        own = [each.line for each in classes.certain if each.file == source]
        diagnostics.error(
            "endpoint-class",
            f"expected one subclass of dify_plugin.Endpoint, not {len(classes.certain)}: {named}",
            Place(display, own[1] if len(own) > 1 else 1),
            hint="give each endpoint a file of its own; import a base class by its module, "
            "not by its name",
        )
    elif not classes.certain and not classes.maybe_more:
        diagnostics.error(
            "endpoint-class",
            "expected one subclass of dify_plugin.Endpoint, and there is none",
            Place(display, 1),
            hint="define one: class MyEndpoint(Endpoint), with _invoke(self, r, values, settings)",
        )
    elif classes.abstract and not classes.maybe_more:
        (only,) = classes.abstract
        diagnostics.warn(
            NO_INVOKE,
            f"{only.name} has no _invoke: it can't be made, and every request is answered with 500",
            Place(folder.display_of(only.file), only.line),
            hint="define _invoke(self, r, values, settings); invoke is Endpoint's own",
        )
    elif classes.coroutines and not classes.maybe_more:
        (only,) = classes.coroutines
        diagnostics.warn(
            ASYNC_INVOKE,
            f"the _invoke of {only.name} is a coroutine function, which nothing awaits: every "
            "request is answered with 500",
            Place(folder.display_of(only.file), only.line),
            hint="write def _invoke; asyncio.run(...) in it runs what has to be awaited",
        )
