"""Reads the plugins that a command was given, and what every such command shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from packager.errors import FaultCollector, InputFaults, UsageError
from packager.host.interpreter import SUPPORTED_PYTHONS
from packager.model.functions import plan_functions
from packager.model.options import FunctionPlan, Plugin
from packager.model.permissions import Permissions
from packager.model.value_sources import setting_source
from packager.paths import is_file
from packager.plugin.difypkg import plugin_folder
from packager.plugin.load import load_plugin
from packager.sam.checks.template import check_template
from packager.settings.unset import warn_of_unset

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)

plugins_argument = click.argument(
    "plugins",
    metavar="[PLUGIN]...",
    nargs=-1,
    type=PATH,
    # What is not named is the folder one is in.
    callback=lambda context, parameter, plugins: plugins or (Path(),),
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the result is written to stdout.",
)


class _Runtime(click.Choice):
    """A managed runtime; its version alone will do."""

    def __init__(self) -> None:
        super().__init__([f"python{python}" for python in SUPPORTED_PYTHONS])

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if value in SUPPORTED_PYTHONS:
            value = f"python{value}"
        return super().convert(value, param, ctx)


RUNTIME = _Runtime()


def override_options(command: Command) -> Command:
    """Add the options that go before what a plugin's configuration says."""
    for decorator in (
        click.option("--timeout", type=int, metavar="SECONDS", help="How long an answer may take."),
        click.option("--memory", type=int, metavar="MIB", help="The function's memory."),
        click.option(
            "--arch", type=click.Choice(["arm64", "x86_64"]), help="The function's architecture."
        ),
        click.option("--runtime", type=RUNTIME, help="The function's managed runtime."),
    ):
        command = decorator(command)
    return command


def overrides(
    runtime: str | None = None,
    arch: str | None = None,
    memory: int | None = None,
    timeout: int | None = None,
) -> dict[str, object]:
    """Give the configuration that those options are."""
    given = {"runtime": runtime, "architecture": arch, "memory": memory, "timeout": timeout}
    return {key: value for key, value in given.items() if value is not None}


@contextmanager
def planned(
    paths: Sequence[Path],
    faults: FaultCollector,
    configuration: Mapping[str, object],
    *,
    host: bool = False,
    permissions: Permissions | None = None,
) -> Iterator[tuple[FunctionPlan, ...]]:
    """Read the plugins at `paths` and plan their functions; what is wrong goes into `faults`.

    Packages are unpacked for as long as the context lasts. With `host` the functions are for this
    machine, and what only AWS would refuse is no fault. `permissions` are what the plugins may ask
    for, None where nothing is built.
    """
    with ExitStack() as stack:
        plugins: list[Plugin] = []
        for path in paths:
            try:
                folder = stack.enter_context(plugin_folder(path))
            except InputFaults as refused:
                faults.faults += refused.faults
            except UsageError as refused:
                faults.error(str(refused), hint=refused.hint)
            else:
                plugin = load_plugin(
                    folder,
                    faults,
                    overrides=configuration,
                    display=str(path),
                    package=is_file(path),
                    permissions=permissions,
                )
                plugins += [plugin] if plugin else []
        plans = plan_functions(plugins, faults, host=host)
        if not host:  # a run here knows by itself what it has
            warn_of_unset(plans, faults)
            check_template(plans, faults)
        yield plans


def plan_facts(plan: FunctionPlan) -> dict[str, Any]:
    """Give what a function will be as JSON says it."""
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
