"""The options that say what a plugin is allowed where it is built."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from packager.model.permissions import (
    BUILDS_VARIABLE,
    EVERYTHING,
    MODES,
    NAMES_VARIABLE,
    Mode,
    Permissions,
)

Command = Callable[..., Any]


def permission_options(command: Command) -> Command:
    """Add the options; the command gets them as `permissions`."""

    @functools.wraps(command)
    def with_permissions(
        *arguments: Any,
        source_builds: Mode | None,
        requirements_env: Sequence[str],
        allow_config: Sequence[str],
        **options: Any,
    ) -> Any:
        permissions = Permissions(
            source_builds, frozenset(requirements_env), frozenset(allow_config)
        )
        return command(*arguments, permissions=permissions, **options)

    decorated: Command = with_permissions
    for decorator in (
        click.option(
            "--allow-config",
            multiple=True,
            metavar="KEY",
            help="Let a .difypkg's own configuration set KEY, such as template or "
            f"settings.api_key; `{EVERYTHING}` for whatever it asks. May be given several times.",
        ),
        click.option(
            "--requirements-env",
            multiple=True,
            metavar="NAME",
            envvar=NAMES_VARIABLE,
            help="A variable that requirements may have, as ${NAME}, and uv may read. May be "
            "given several times; PACKAGER_REQUIREMENTS_ENV has names with spaces between.",
        ),
        click.option(
            "--source-builds",
            type=click.Choice(MODES),
            envvar=BUILDS_VARIABLE,
            help="What is done with packages that have to be built, which runs their code. By "
            "default builds are isolated; paths and addresses that a .difypkg names are refused.",
        ),
    ):
        decorated = decorator(decorated)
    return decorated


def permission_arguments(permissions: Permissions) -> list[str]:
    """Return the arguments of a command line that say the same."""
    arguments = []
    if permissions.source_builds:
        arguments.append(f"--source-builds={permissions.source_builds}")
    arguments += [f"--requirements-env={name}" for name in sorted(permissions.variables)]
    return arguments + [f"--allow-config={key}" for key in sorted(permissions.config)]
