"""Where endpoints are: options of every command, and the function they mean."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from packager.cli.console import confirm
from packager.cli.options import PATH, aws_options
from packager.cli.plans import planned
from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction
from packager.endpoints.local import local_function
from packager.endpoints.stack import stack_functions
from packager.errors import Diagnostics, UsageError
from packager.paths import is_file
from packager.plugin.manifest import MANIFEST
from packager.settings.aws import Aws

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]
# What a target is made of; `url` is an option of some commands alone.
_PLACE = ("plugin", "stack", "group", "profile", "region", "url")
_ONE, _SEVERAL = "group {} with managed endpoints", "groups with managed endpoints"


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
        return chosen_functions(self._all(), self.group, _ONE)

    def function(self) -> ManagedFunction:
        """Return the one function that is meant."""
        return one_function(self.functions(), _SEVERAL)

    def _all(self) -> list[ManagedFunction]:
        if self.stack is not None:
            if self.plugin is not None:
                raise UsageError(
                    "PLUGIN is for endpoints of this machine, --stack for those of a stack",
                    hint="leave out one of them",
                )
            return _groups(stack_functions(self.stack, Aws(self.profile, self.region)))
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
            return _groups([local_function(plan) for plan in managed or plans])


def chosen_functions(
    found: list[ManagedFunction], group: str | None, one: str
) -> list[ManagedFunction]:
    """Return those of `found` that are of `group`, all for None; raise `UsageError` for none.

    `one` is what one is called, with braces for its name.
    """
    if group is None:
        return found
    chosen = [each for each in found if group in _names(each)]
    if not chosen:
        names = ", ".join(each.declaration.group for each in found)
        raise UsageError(f"{found[0].where} has no {one.format(group)}", hint=f"it has {names}")
    return chosen


def one_function(found: list[ManagedFunction], what: str) -> ManagedFunction:
    """Return the only one of `found`; raise `UsageError` where there are several."""
    if len(found) == 1:
        return found[0]
    groups = [each.declaration.group for each in found]
    # Groups of several plugins may have one name.
    names = (
        groups if len(set(groups)) == len(groups) else [each.declaration.function for each in found]
    )
    raise UsageError(
        f"{found[0].where} has {len(found)} {what}: {', '.join(names)}",
        hint=f"choose one with --group {names[0]}",
    )


def _groups(found: list[ManagedFunction]) -> list[ManagedFunction]:
    """Return those of endpoint groups; raise `UsageError` where there are providers alone."""
    groups = [each for each in found if each.declaration.provider is None]
    if not groups:
        raise UsageError(
            f"{found[0].where} has trigger providers, and no endpoint group",
            hint="`packager subscriptions` is for these",
        )
    return groups


def target_decorator(kind: Callable[..., object], group: str, here: str) -> Decorator:
    """Return a decorator of commands: they get PLUGIN and the options of the place as `target`.

    `kind` makes it of these by their names. `group` is what `--group` chooses from, `here` are
    those that are meant without `--stack`.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_target(*arguments: Any, **options: Any) -> Any:
            place = {name: options.pop(name) for name in _PLACE if name in options}
            return command(*arguments, target=kind(**place), **options)

        decorated: Command = aws_options(with_target)
        for decorator in (
            click.option("--group", metavar="NAME", help=f"Which of several {group}."),
            click.option(
                "--stack",
                metavar="NAME",
                help=f"The stack that the function was deployed with; without it, {here}.",
            ),
            click.argument("plugin", metavar="[PLUGIN]", required=False, type=PATH),
        ):
            decorated = decorator(decorated)
        return decorated

    return decorate


target_options = target_decorator(
    Target, "endpoint groups", "the endpoints that `packager invoke` has on this machine"
)
name_option = click.option("--name", metavar="NAME", help="The endpoint's name.")
id_option = click.option(
    "--id", "hook_id", metavar="ID", help="The endpoint's hook id, in place of its name."
)


def one_of(name: str | None, hook_id: str | None) -> dict[str, str | None]:
    """Return how an endpoint is looked for; raise `UsageError` unless one way is said."""
    if (name is None) == (hook_id is None):
        raise UsageError("say which endpoint is meant: --name NAME, or --id ID")
    return {"name": name, "hook_id": hook_id}


def one_or_all(
    name: str | None, hook_id: str | None, every: bool, what: str
) -> dict[str, str | None]:
    """Return how an endpoint is looked for as `one_of` does, nothing with `every`: all are meant.

    `what` is the word for one.
    """
    if not every:
        return one_of(name, hook_id)
    if name is not None or hook_id is not None:
        raise UsageError(f"--all is every {what}; leave out --name and --id")
    return {}


def found_by(function: ManagedFunction, looked_for: dict[str, str | None]) -> list[Endpoint]:
    """Return the endpoint that is looked for, all where none is; raise `UsageError` for none."""
    return [function.find(**looked_for)] if looked_for else list(function.store.all())


def ask_to_delete(function: ManagedFunction, names: str) -> None:
    """Have somebody say that these are to be deleted; raise `UsageError` where nobody can.

    Raises click's `Abort` for a no.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{names} would be deleted", hint="say so: --yes")
    if not confirm(f"Delete {names} of {function.where}?"):
        raise click.Abort


def _names(function: ManagedFunction) -> tuple[str, ...]:
    declaration = function.declaration
    return (
        declaration.group,
        f"{declaration.plugin}/{declaration.group}",
        declaration.function,
    )
