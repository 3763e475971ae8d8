"""Warns of what endpoints use of `dify_plugin` that no function answers or has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from pathlib import Path

from packager.analysis.facts import SourceFacts
from packager.contract import LOCAL_SETTINGS, template_folder
from packager.errors import APP_KEY_UNSET, IMPORT_FAILS, Diagnostics, Place
from packager.host.target_script import ask_script
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import Options

_NO_KEY = "needs an API key of the app, and no app has one: the call will fail"
# What a run can do without a key.
FAKE_DIFY = "or run it with Dify's stand-in: packager invoke --fake-dify"
_OF_DIFY = ("app.", "file.")  # calls that Dify's Service API answers


def warn_of_calls(
    folder: PluginFolder,
    facts: Mapping[str, SourceFacts],
    reached: Iterable[str],
    diagnostics: Diagnostics,
) -> None:
    """Warn of each call back to Dify that nothing outside Dify answers.

    `facts` are of the plugin's files, `reached` those that an endpoint may run.
    """
    for path in sorted(reached):
        for use in facts[path].calls:
            if use.call.startswith(_OF_DIFY):
                continue
            diagnostics.warn(
                "unanswered-call",
                f"session.{use.call} is not answered outside Dify: the call raises "
                "InvocationUnavailable",
                Place(folder.display_of(path), use.line, use.column),
                hint="docs/plugins.md says which calls are answered",
            )


def warn_of_apps(
    folder: PluginFolder,
    facts: Mapping[str, SourceFacts],
    reached: Iterable[str],
    options: Options,
    diagnostics: Diagnostics,
) -> None:
    """Warn of each call of a Dify app, where no app has an API key.

    `reached` are the files that the endpoints of the group with these `options` may run.
    """
    if options.apps:
        return
    for path in sorted(reached):
        for use in facts[path].calls:
            if use.call.startswith(_OF_DIFY):
                diagnostics.warn(
                    APP_KEY_UNSET,
                    f"session.{use.call} {_NO_KEY}",
                    Place(folder.display_of(path), use.line, use.column),
                    hint="say where keys are, in packager.toml under [apps]: "
                    '"<app id>" = {ssm = "/dify/app-key"}; for runs on this machine in '
                    f'{LOCAL_SETTINGS} under [apps]: "<app id>" = "app-..."; {FAKE_DIFY}',
                )


def warn_of_imports(
    folder: PluginFolder,
    facts: Mapping[str, SourceFacts],
    reached: Iterable[str],
    certain: Set[str],
    interpreter: Path,
    diagnostics: Diagnostics,
) -> None:
    """Warn of each name imported from `dify_plugin` that bundles don't have.

    `certain` are the files that endpoints run for certain, `interpreter` is what the plugin's
    sources are read with. Raises `PackagerError` if it fails.
    """
    paths = sorted(reached)
    asked = {(each.module, each.name) for path in paths for each in facts[path].sdk_imports}
    if not asked:
        return
    missing = _missing(tuple(sorted(asked, key=str)), interpreter)
    for path in paths:
        for each in facts[path].sdk_imports:
            if (each.module, each.name) in missing:
                named = each.module if each.name is None else f"{each.module}.{each.name}"
                diagnostics.warn(
                    IMPORT_FAILS if each.certain and path in certain else "import-may-fail",
                    f"{named} is not in the light dify_plugin that bundles have",
                    Place(folder.display_of(path), each.line, each.column),
                    hint='the import fails in a function; sdk = "real" bundles the SDK itself',
                )


@lru_cache(maxsize=100)
def _missing(
    asked: tuple[tuple[str, str | None], ...], interpreter: Path
) -> frozenset[tuple[str, str | None]]:
    answer = ask_script(
        interpreter, "sdk_names.py", asked, str(template_folder()), about="dify_plugin"
    )
    return frozenset((module, name) for module, name in answer)
