"""`packager list`: the functions, routes and settings of plugins."""

from __future__ import annotations

import os
from pathlib import Path

import click

from packager.cli.console import show_diagnostics, write, write_json
from packager.cli.options import format_option, plugins_argument
from packager.cli.plans import plan_facts, planned
from packager.errors import Diagnostics
from packager.formatting import columns
from packager.model.permissions import Permissions
from packager.plugin.build_asks import warn_of_asks
from packager.plugin.functions import FunctionPlan
from packager.plugin.value_sources import setting_source


@click.command("list")
@plugins_argument
@format_option
def list_functions(plugins: tuple[Path, ...], form: str) -> None:
    """List the functions of plugins, with their routes and settings.

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
    return text + ("  settings\n" + columns(settings, "    ") if settings else "")
