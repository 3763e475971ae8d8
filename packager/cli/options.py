"""The options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from packager.host.interpreter import SUPPORTED_PYTHONS
from packager.model.options import Architecture

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

strict_option = click.option(
    "--strict", is_flag=True, help="Take warnings for errors: exit with 2 if there is one."
)


class NumberRange(click.FloatRange):
    """A number within bounds. click takes `nan` for one, which is below and above none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; refuse what is none, and infinity."""
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class _Runtime(click.Choice):
    """A managed runtime; its version alone will do."""

    def __init__(self) -> None:
        super().__init__([f"python{python}" for python in SUPPORTED_PYTHONS])

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if value in SUPPORTED_PYTHONS:
            value = f"python{value}"
        return super().convert(value, param, ctx)


RUNTIME = _Runtime()


class _Architecture(click.Choice):
    """An architecture; that of Dify's manifests, `amd64`, is one by another name."""

    def __init__(self) -> None:
        super().__init__(get_args(Architecture))

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return super().convert("x86_64" if value == "amd64" else value, param, ctx)


def override_options(command: Command) -> Command:
    """Add the options that go before what a plugin's configuration says."""
    for decorator in (
        click.option("--timeout", type=int, metavar="SECONDS", help="How long an answer may take."),
        click.option("--memory", type=int, metavar="MIB", help="The function's memory."),
        click.option(
            "--arch", type=_Architecture(), help="The function's architecture; amd64 is x86_64."
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
    """Return the configuration that those options are."""
    given = {"runtime": runtime, "architecture": arch, "memory": memory, "timeout": timeout}
    return {key: value for key, value in given.items() if value is not None}


# Of commands that run a function here.
settings_file_option = click.option(
    "--settings",
    "settings_file",
    type=PATH,
    metavar="FILE",
    help="Settings in place of what AWS keeps, as TOML; PLUGIN/settings.local.toml by default.",
)

# Of commands that send a request to a function.
header_option = click.option(
    "-H",
    "--header",
    "headers",
    metavar="'NAME: VALUE'",
    multiple=True,
    help="A header of the request; may be repeated.",
)
data_option = click.option(
    "-d",
    "--data",
    metavar="BODY",
    help="The request's body; @FILE is a file's content, @- stdin's.",
)
fields_option = click.option(
    "-F",
    "--form",
    "fields",
    metavar="NAME=VALUE",
    multiple=True,
    help="A field of a form (multipart/form-data), as with curl: NAME=@FILE uploads a file, "
    "NAME=<FILE takes the value from one; ;type=TYPE and ;filename=NAME may follow.",
)
aws_option = click.option(
    "--aws", is_flag=True, help="Hand this shell's AWS credentials and region to the function."
)
aws_profile_option = click.option(
    "--aws-profile", metavar="NAME", help="The same of a profile of AWS's configuration files."
)
env_file_option = click.option(
    "--env-file",
    type=PATH,
    metavar="FILE",
    help="The function's environment variables, as NAME=VALUE lines.",
)
language_option = click.option(
    "--language", metavar="NAME", help="The labels' language, such as zh_Hans; by default LANG's."
)


def aws_options(command: Command) -> Command:
    """Add the options that choose whom AWS sees."""
    for decorator in (
        click.option("--region", metavar="NAME", help="The AWS region; AWS_REGION by default."),
        click.option("--profile", metavar="NAME", help="The profile of AWS credentials."),
    ):
        command = decorator(command)
    return command


dify_script_option = click.option(
    "--dify-script",
    type=PATH,
    metavar="FILE",
    help="What Dify's stand-in answers, as YAML (docs/calls.md); implies --fake-dify.",
)
debug_port_option = click.option(
    "--debug-port",
    type=click.IntRange(0, 65535),
    default=5678,
    show_default=True,
    metavar="PORT",
    help="Where a debugger comes to, on this machine.",
)
