"""Checks the functions that `verify` names: each is one of the plugin's own."""

from __future__ import annotations

from collections.abc import Iterable

from packager.analysis.facts import SourceFacts
from packager.analysis.sources import PluginSources
from packager.errors import Diagnostics
from packager.model.deferred import DeferredRoute
from packager.model.options import Options


def verify_sources(routes: Iterable[DeferredRoute], files: Iterable[str]) -> frozenset[str]:
    """Return which of a plugin's `files` hold the functions that `verify` of `routes` names."""
    wanted = [each.verify_module for each in routes if each.verify_module]
    return frozenset(files) & {file for module in wanted for file in _files_of(module)}


def check_verify(
    options: Iterable[Options], sources: PluginSources, diagnostics: Diagnostics
) -> None:
    """Note each `verify` that names no function of the plugin's, and each route without one."""
    for option, route in ((each, route) for each in options for route in each.deferred):
        if route.verify is None:
            diagnostics.warn(
                "unverified-route",
                f"whoever knows the address of {route.path} can fill its queue, and pays nothing",
                route.place("path"),
                key="deferred.path",
                hint='verify = "module:function" checks a request before it is acknowledged',
            )
            continue
        module, _, name = route.verify.partition(":")
        facts = sources.facts(option.python)
        found = [facts[file] for file in _files_of(module) if file in facts]
        if not found:
            diagnostics.error(
                "missing-module",
                f"the plugin has no module {module}",
                route.place("verify"),
                key="deferred.verify",
                hint=f"it would be {module.replace('.', '/')}.py",
            )
        elif not _binds(found[0], name):
            diagnostics.error(
                "missing-function",
                f"{found[0].path} has no {name}",
                route.place("verify"),
                key="deferred.verify",
            )


def _files_of(module: str) -> tuple[str, str]:
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"


def _binds(facts: SourceFacts, name: str) -> bool:
    """Return whether a module may have a name: what is bound out of sight counts for it."""
    if facts.error is not None:
        return True
    kinds = {each["kind"] for each in facts.bindings}
    return bool(kinds & {"star", "dynamic"}) or any(each["name"] == name for each in facts.bindings)
