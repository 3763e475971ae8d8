"""Reads the plugins that a command was given, and plans their functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from packager.errors import Diagnostics, InvalidInput, UsageError
from packager.model.permissions import Permissions
from packager.paths import is_file
from packager.plugin.difypkg import plugin_folder
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.ignored_warnings import drop_ignored
from packager.plugin.load import load_plugin
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
            try:
                folder = stack.enter_context(plugin_folder(path))
            except InvalidInput as refused:
                diagnostics.extend(refused.diagnostics)
            except UsageError as refused:
                diagnostics.error("unreadable-plugin", str(refused), hint=refused.hint)
            else:
                plugin = load_plugin(
                    folder,
                    diagnostics,
                    overrides=configuration,
                    display=str(path),
                    package=is_file(path),
                    permissions=permissions,
                )
                plugins += [plugin] if plugin else []
        plans = plan_functions(plugins, diagnostics, host=host)
        if not host:  # a run here knows by itself what it has
            warn_of_unset(plans, diagnostics)
            warn_of_defaults(plans, diagnostics)
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
    }
