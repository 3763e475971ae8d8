"""`packager list`: the functions, routes, settings and events of plugins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from packager.cli.console import show_diagnostics, write, write_json
from packager.cli.options import format_option, plugins_argument
from packager.cli.plans import plan_facts, planned
from packager.errors import Diagnostics
from packager.formatting import columns
from packager.model.permissions import Permissions
from packager.model.plugin import Setting, TriggerProvider
from packager.plugin.build_asks import warn_of_asks
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import setting_source


@click.command("list")
@plugins_argument
@format_option
def list_functions(plugins: tuple[Path, ...], form: str) -> None:
    """List the functions of plugins, with their routes, settings and events.

    A setting's value comes from an environment variable, from the configuration or from the
    default that the plugin declares; values are never shown.

    \b
    Examples:
      packager list plugins/neko
      packager list plugins/* --format json
    """
    diagnostics = Diagnostics()
    with planned(plugins, diagnostics, {}) as plans:
        diagnostics.raise_errors()
        warn_of_asks(plans, Permissions.of_environment(os.environ), diagnostics)
        show_diagnostics(diagnostics.warnings)
        if form == "json":
            write_json({"functions": [plan_facts(plan) for plan in plans]})
        else:
            write("\n".join(_listing(plan) for plan in plans))


def _listing(plan: FunctionPlan) -> str:
    plugin = plan.plugin
    text = (
        f"{plan.logical_id}  {plugin.name} {plugin.version}  {plugin.display}/{plan.group.file}\n"
    )
    routes = [(route.method, route.path, route.source) for route in plan.group.endpoints]
    text += "  routes\n" + columns(routes, "    ") if routes else ""
    settings = [
        (
            setting.name,
            setting.type,
            "required" if setting.required else "optional",
            setting_source(plan, setting) or "not set",
        )
        for setting in plan.group.settings
    ]
    text += "  settings\n" + columns(settings, "    ") if settings else ""
    return text + (_of_provider(plan.group.provider) if plan.group.provider else "")


def _of_provider(provider: TriggerProvider) -> str:
    """Return what a provider dispatches to, and what its subscriptions take."""
    events = [
        (event.name, event.source, ", ".join(each.name for each in event.parameters))
        for event in provider.events
    ]
    constructor = provider.subscription_constructor
    taken: list[tuple[str, Sequence[Setting]]] = [("property", provider.subscription_schema)]
    if constructor is not None:
        taken.append(("parameter", constructor.parameters))
        taken.append(("credential", constructor.credentials_schema))
        if constructor.oauth_schema is not None:
            taken.append(("oauth client", constructor.oauth_schema.client_schema))
    rows = [
        (kind, each.name, each.type, "required" if each.required else "optional")
        for kind, inputs in taken
        for each in inputs
    ]
    text = f"  provider\n    {provider.name}  {provider.source}\n  events\n" + columns(
        events, "    "
    )
    return text + ("  subscription\n" + columns(rows, "    ") if rows else "")
