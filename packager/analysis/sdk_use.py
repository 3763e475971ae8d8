"""Warns of what endpoints use of `dify_plugin` that no function answers or has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from pathlib import Path

from packager.analysis.facts import SourceFacts
from packager.contract import LOCAL_SETTINGS, template_folder
from packager.errors import APP_KEY_UNSET, IMPORT_FAILS, UNANSWERED_CALL, Diagnostics, Place
from packager.host.kept_answers import kept_answer, scripts_state, state_of
from packager.host.target_script import ask_script
from packager.inputs.plugin_folder import PluginFolder
from packager.model.calls import Credential
from packager.model.options import Options
from packager.model.plugin import EndpointGroup

_NO_KEY = "needs an API key of the app, and no app has one: the call will fail"
# What a run can do without a key.
FAKE_DIFY = "or run it with Dify's stand-in: packager invoke --fake-dify"
# Where the configuration says what answers the calls of a part of the session.
_TABLES = {"model": "[models]", "tool": "[tools]", "workflow_node": "[models]"}
_OF_DIFY = ("app.", "file.")  # calls that Dify's Service API answers


def warn_of_calls(
    folder: PluginFolder,
    facts: Mapping[str, SourceFacts],
    reached: Iterable[str],
    answered: Set[str],
    diagnostics: Diagnostics,
) -> None:
    """Warn of each call of a model, a tool or a node that nothing is configured to answer.

    `facts` are of the plugin's files, `reached` those that the endpoints of a group may run,
    `answered` the parts of its sessions that are.
    """
    for path in sorted(reached):
        for use in facts[path].calls:
            kind = use.call.partition(".")[0]
            if use.call.startswith(_OF_DIFY) or kind in answered:
                continue
            diagnostics.warn(
                UNANSWERED_CALL,
                f"session.{use.call} is answered by nothing: the call raises InvocationUnavailable",
                Place(folder.display_of(path), use.line, use.column),
                hint=f"say in packager.toml what answers it, under {_TABLES[kind]}: docs/calls.md; "
                f"{FAKE_DIFY}",
            )


def answered_parts(options: Options, *, has_tools: bool) -> frozenset[str]:
    """Return which parts of a session are answered besides apps and files.

    `has_tools` is whether the plugin has tools of its own.
    """
    found = {"model", "workflow_node"} if options.models is not None else set()
    if options.tools or has_tools:
        found.add("tool")
    return frozenset(_TABLES if options.dify_inner is not None else found)


def warn_of_credentials(
    credentials: Iterable[Credential], options: Options, diagnostics: Diagnostics
) -> None:
    """Warn of each credential that the plugin's own tools require and no line of [tools] gives.

    A provider that something else answers for needs none.
    """
    given: dict[str, set[str]] = {}
    elsewhere: set[str] = set()
    for name, tool in options.tools.items():
        provider = name.rpartition("/")[0].rpartition("/")[2]
        given.setdefault(provider, set()).update(tool.credentials)
        if (tool.kind, tool.target) != ("plugin", "."):
            elsewhere.add(provider)
    for each in credentials:
        wanted = each.required and each.default is None and each.provider not in elsewhere
        if wanted and each.name not in given.get(each.provider, ()):
            diagnostics.warn(
                "credential-unset",
                f"the tools of {each.provider} require the credential {each.name}, and nothing "
                "gives it: their calls may fail",
                each.place,
                hint=f'say in packager.toml under [tools]: "{each.provider}/*" = '
                f'{{plugin = ".", credentials = {{{each.name} = {{ssm = "/tools/key"}}}}}}',
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
    if options.apps or options.dify_inner is not None:
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


def warn_of_workflows(group: EndpointGroup, options: Options, diagnostics: Diagnostics) -> None:
    """Warn of a trigger provider whose events can start nothing, as no app has an API key."""
    if group.provider is None or options.apps or options.dify_inner is not None:
        return
    diagnostics.warn(
        APP_KEY_UNSET,
        f"the events of {group.provider.name} start workflows by their apps' API keys, and no app "
        "has one",
        group.place,
        hint='say where keys are, in packager.toml under [apps]: "<app id>" = {ssm = "/dify/key"}; '
        "Dify has an API for workflows that begin with user input, and none for those that begin "
        "with a trigger",
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
    template = template_folder()
    sdk = [state_of(each) for each in sorted((template / "dify_plugin").rglob("*.py"))]
    answer = kept_answer(
        "analysed",
        lambda: [state_of(interpreter), scripts_state(), sdk, asked],
        lambda: ask_script(interpreter, "sdk_names.py", asked, str(template), about="dify_plugin"),
    )
    return frozenset((module, name) for module, name in answer)
