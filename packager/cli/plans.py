"""Reads the plugins that a command was given, and plans their functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from packager.errors import Diagnostics
from packager.model.permissions import Permissions
from packager.model.plugin import Setting, TriggerProvider
from packager.model.steps import step
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.ignored_warnings import drop_ignored
from packager.plugin.opened import open_plugin
from packager.plugin.plugin import Plugin
from packager.plugin.value_sources import setting_source
from packager.sam.checks.template import check_template
from packager.settings.defaults import warn_of_defaults
from packager.settings.unset import warn_of_unset


@contextmanager
def planned(
    paths: Sequence[Path],
    diagnostics: Diagnostics,
    configuration: Mapping[str, object],
    *,
    host: bool = False,
    permissions: Permissions | None = None,
) -> Iterator[tuple[FunctionPlan, ...]]:
    """Read the plugins at `paths` and plan their functions; what is wrong goes into `diagnostics`.

    Packages are unpacked for as long as the context lasts. With `host` the functions are for this
    machine, and what only AWS would refuse is not an error. `permissions` are what the plugins may
    ask for, None where nothing is built.
    """
    with ExitStack() as stack:
        plugins: list[Plugin] = []
        for path in paths:
            plugin = open_plugin(
                path, stack, diagnostics, overrides=configuration, permissions=permissions
            )
            plugins += [plugin] if plugin else []
        plans = plan_functions(plugins, diagnostics, host=host)
        if not host:  # a run here knows by itself what it has
            warn_of_unset(plans, diagnostics)
            warn_of_defaults(plans, diagnostics)
            with step("checking the template"):
                check_template(plans, diagnostics)
        drop_ignored(diagnostics, (plugin.folder for plugin in plugins))
        yield plans


def plan_facts(plan: FunctionPlan) -> dict[str, Any]:
    """Return what a function will be as JSON says it."""
    return {
        "function": plan.logical_id,
        "plugin": plan.plugin.name,
        "version": plan.plugin.version,
        "path": plan.plugin.display,
        "group": plan.group.name,
        "file": plan.group.file,
        "runtime": plan.options.runtime,
        "architecture": plan.options.architecture,
        "memory": plan.options.memory,
        "timeout": plan.options.timeout,
        "entry": plan.entry,
        "routes": [
            {
                "method": endpoint.method,
                "path": endpoint.path,
                "source": endpoint.source,
                "hidden": endpoint.hidden,
            }
            for endpoint in plan.group.endpoints
        ],
        "settings": [
            {
                "name": setting.name,
                "type": setting.type,
                "required": setting.required,
                "from": setting_source(plan, setting),
            }
            for setting in plan.group.settings
        ],
        **({"provider": provider_facts(plan.group.provider)} if plan.group.provider else {}),
    }


def provider_facts(provider: TriggerProvider) -> dict[str, Any]:
    """Return what a trigger provider is as JSON says it."""
    constructor = provider.subscription_constructor
    return {
        "name": provider.name,
        "source": provider.source,
        "properties": _input_facts(provider.subscription_schema),
        "events": [
            {
                "name": event.name,
                "source": event.source,
                "parameters": _input_facts(event.parameters),
                "variables": None if event.variables is None else list(event.variables),
            }
            for event in provider.events
        ],
        "constructor": constructor
        and {
            "parameters": _input_facts(constructor.parameters),
            "credentials": _input_facts(constructor.credentials_schema),
            "oauth": constructor.oauth_schema is not None,
        },
    }


def _input_facts(inputs: Iterable[Setting]) -> list[dict[str, Any]]:
    return [{"name": each.name, "type": each.type, "required": each.required} for each in inputs]
