"""Where endpoints are: options of every command, and the function they mean."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from packager.cli.options import PATH, aws_options
from packager.cli.plans import planned
from packager.endpoints.function import ManagedFunction
from packager.endpoints.local import local_function
from packager.endpoints.stack import stack_functions
from packager.errors import Diagnostics, UsageError
from packager.paths import is_file
from packager.plugin.manifest import MANIFEST
from packager.settings.aws import Aws

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Target:
    """What the command line says of where endpoints are: in a stack, or on this machine."""

    plugin: Path | None
    stack: str | None
    group: str | None
    profile: str | None
    region: str | None

    def functions(self) -> list[ManagedFunction]:
        """Return the functions that are meant: all with managed endpoints, where no group is said.

        Raises `UsageError` where there are none.
        """
        found = self._all()
        if self.group is None:
            return found
        chosen = [each for each in found if self.group in _names(each)]
        if not chosen:
            names = ", ".join(each.declaration.group for each in found)
            raise UsageError(
                f"{found[0].where} has no group {self.group} with managed endpoints",
                hint=f"it has {names}",
            )
        return chosen

    def function(self) -> ManagedFunction:
        """Return the one function that is meant."""
        found = self.functions()
        if len(found) == 1:
            return found[0]
        groups = [each.declaration.group for each in found]
        # Groups of several plugins may have one name.
        names = (
            groups
            if len(set(groups)) == len(groups)
            else [each.declaration.function for each in found]
        )
        raise UsageError(
            f"{found[0].where} has {len(found)} groups with managed endpoints: {', '.join(names)}",
            hint=f"choose one with --group {names[0]}",
        )

    def _all(self) -> list[ManagedFunction]:
        if self.stack is not None:
            if self.plugin is not None:
                raise UsageError(
                    "PLUGIN is for endpoints of this machine, --stack for those of a stack",
                    hint="leave out one of them",
                )
            return stack_functions(self.stack, Aws(self.profile, self.region))
        if self.plugin is None and not is_file(Path(MANIFEST)):
            raise UsageError(
                "there is no plugin in the folder you are in",
                hint="name a plugin for the endpoints of this machine, or a deployed function's "
                "stack: --stack NAME",
            )
        diagnostics = Diagnostics()
        with planned([self.plugin or Path()], diagnostics, {}, host=True) as plans:
            diagnostics.raise_errors()
            managed = [plan for plan in plans if plan.options.is_managed]
            return [local_function(plan) for plan in managed or plans]


def target_options(command: Command) -> Command:
    """Add the argument and the options; the command gets them as `target`."""

    @functools.wraps(command)
    def with_target(
        *arguments: Any,
        plugin: Path | None,
        stack: str | None,
        group: str | None,
        profile: str | None,
        region: str | None,
        **options: Any,
    ) -> Any:
        target = Target(plugin, stack, group, profile, region)
        return command(*arguments, target=target, **options)

    decorated: Command = aws_options(with_target)
    for decorator in (
        click.option("--group", metavar="NAME", help="Which of several endpoint groups."),
        click.option(
            "--stack",
            metavar="NAME",
            help="The stack that the function was deployed with; without it, the endpoints that "
            "`packager invoke` has on this machine.",
        ),
        click.argument("plugin", metavar="[PLUGIN]", required=False, type=PATH),
    ):
        decorated = decorator(decorated)
    return decorated


name_option = click.option("--name", metavar="NAME", help="The endpoint's name.")
id_option = click.option(
    "--id", "hook_id", metavar="ID", help="The endpoint's hook id, in place of its name."
)


def one_of(name: str | None, hook_id: str | None) -> dict[str, str | None]:
    """Return how an endpoint is looked for; raise `UsageError` unless one way is said."""
    if (name is None) == (hook_id is None):
        raise UsageError("say which endpoint is meant: --name NAME, or --id ID")
    return {"name": name, "hook_id": hook_id}


def _names(function: ManagedFunction) -> tuple[str, ...]:
    declaration = function.declaration
    return (
        declaration.group,
        f"{declaration.plugin}/{declaration.group}",
        declaration.function,
    )
