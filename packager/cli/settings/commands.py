"""`packager settings`: the values of settings, on this machine and in AWS."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from packager.bundle.read import choose_function
from packager.cli.console import diagnostic_facts, echo, show_diagnostics, write, write_json
from packager.cli.options import (
    PATH,
    aws_options,
    format_option,
    language_option,
    plugins_argument,
)
from packager.cli.plans import planned
from packager.cli.settings.changes import push_values
from packager.cli.settings.prompt import ask_values
from packager.cli.values_input import read_values_yaml
from packager.errors import Diagnostics, InvalidInput, UsageError
from packager.formatting import columns, counted
from packager.inputs.dotenv_file import read_env_file
from packager.paths import is_file
from packager.plugin.functions import FunctionPlan
from packager.settings.aws import Aws
from packager.settings.check import check_values
from packager.settings.language import language_of
from packager.settings.removals import removed_values
from packager.settings.show import ShownSetting, show_settings
from packager.settings.values_file import read_values


@click.group()
def settings() -> None:
    """Show, check and write the values of settings.

    Values are never shown, and never taken from the command line, where other users of this machine
    could read them.
    """


plugin_argument = click.argument("plugin", metavar="[PLUGIN]", default=Path(), type=PATH)
function_option = click.option(
    "--function", metavar="ID", help="The settings of this function alone; of all by default."
)


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would change, and write nothing."
)


@settings.command()
@plugins_argument
@format_option
def show(plugins: tuple[Path, ...], form: str) -> None:
    """Show what settings plugins declare, and where their values come from.

    AWS is not asked. Secrets are masked.

    \b
    Examples:
      packager settings show plugins/neko
      packager settings show plugins/*/ --format json
    """
    diagnostics = Diagnostics()
    with planned(plugins, diagnostics, {}, host=True) as plans:
        diagnostics.raise_errors()
        shown = [(plan, show_settings(plan, _environment(plan))) for plan in plans]
    if form == "json":
        write_json(
            {
                "functions": [
                    {"function": plan.logical_id, "settings": [asdict(each) for each in rows]}
                    for plan, rows in shown
                ]
            }
        )
        return
    write(_by_function((plan, [_shown(row) for row in rows]) for plan, rows in shown))


@settings.command()
@plugins_argument
@aws_options
@format_option
def check(plugins: tuple[Path, ...], profile: str | None, region: str | None, form: str) -> None:
    """Read the real values of settings, and find what is wrong with them.

    Parameters and secrets are read from AWS as the user whose credentials boto3 finds, variables
    from this shell and PLUGIN/.env. The exit code is 2 if a value is wrong or missing, 1 if AWS
    can't be asked.

    \b
    Examples:
      packager settings check plugins/neko
      packager settings check plugins/neko --profile production --region eu-west-1
    """
    diagnostics = Diagnostics()
    with planned(plugins, diagnostics, {}, host=True) as plans:
        diagnostics.raise_errors()
        found = Diagnostics()
        states = check_values(plans, found, _environment, lambda: Aws(profile, region))
    if form == "json":
        functions = [
            {"function": plan.logical_id, "settings": [asdict(each) for each in rows]}
            for plan, rows in states
        ]
        write_json(
            {"functions": functions, "diagnostics": [diagnostic_facts(f) for f in found.all]}
        )
    else:
        show_diagnostics(found.all)
        write(
            _by_function(
                (plan, [(row.name, row.source or "-", row.state) for row in rows])
                for plan, rows in states
            )
        )
    if found.errors:
        if form == "text":
            echo(counted(len(found.errors), "error"))
        click.get_current_context().exit(InvalidInput.exit_code)


@settings.command()
@plugin_argument
@click.option(
    "--file",
    "source",
    metavar="FILE",
    required=True,
    help="Values by the settings' names, as YAML; - is stdin.",
)
@function_option
@dry_run_option
@aws_options
@format_option
def push(
    plugin: Path,
    source: str,
    function: str | None,
    dry_run: bool,
    profile: str | None,
    region: str | None,
    form: str,
) -> None:
    """Check values, and write them to the parameters and secrets they belong in.

    New parameters are SecureStrings, encrypted by `kms_key` if the configuration names one. Of a
    secret's JSON the keys that FILE has are changed, the others stay; a null removes an optional
    value. What changes is listed by name. If any value is wrong, nothing is written.

    \b
    Examples:
      packager settings push plugins/neko --file values.yaml --dry-run
      sops decrypt values.yaml | packager settings push plugins/neko --file -
    """
    diagnostics = Diagnostics()
    with planned([plugin], diagnostics, {}, host=True) as plans:
        diagnostics.raise_errors()
        chosen = _chosen(plugin, plans, function)
        top = read_values_yaml(source, diagnostics)
        values = [] if top is None else read_values(top, chosen, diagnostics)
        push_values(values, diagnostics, dry_run, lambda: Aws(profile, region), form)


@settings.command()
@plugin_argument
@function_option
@language_option
@dry_run_option
@aws_options
@format_option
def prompt(
    plugin: Path,
    function: str | None,
    language: str | None,
    dry_run: bool,
    profile: str | None,
    region: str | None,
    form: str,
) -> None:
    """Ask for the values one by one, and write them as `push` does.

    Secrets are not shown as they are typed. An empty answer leaves a value as it is, a - removes
    one that is optional.

    \b
    Examples:
      packager settings prompt plugins/neko
      packager settings prompt plugins/neko --language ja_JP --dry-run
    """
    diagnostics = Diagnostics()
    with planned([plugin], diagnostics, {}, host=True) as plans:
        diagnostics.raise_errors()
        chosen = _chosen(plugin, plans, function)
        if not sys.stdin.isatty():
            raise UsageError(
                "prompt asks on a terminal, and there is none",
                hint="give the values to `packager settings push PLUGIN --file -`",
            )
        aws = Aws(profile, region)  # before anybody types
        values = ask_values(chosen, language or language_of(os.environ), aws)
        push_values(values, diagnostics, dry_run, lambda: aws, form)


@settings.command()
@plugin_argument
@click.option(
    "--setting",
    "names",
    metavar="NAME",
    multiple=True,
    required=True,
    help="The setting to have no value; may be repeated.",
)
@function_option
@dry_run_option
@aws_options
@format_option
def unset(
    plugin: Path,
    names: tuple[str, ...],
    function: str | None,
    dry_run: bool,
    profile: str | None,
    region: str | None,
    form: str,
) -> None:
    """Remove the values of optional settings from AWS.

    Keys are taken out of a secret's JSON, parameters are deleted, and whole secrets are marked for
    deletion, which AWS does 30 days later.

    \b
    Example:
      packager settings unset plugins/neko --setting greeting
    """
    diagnostics = Diagnostics()
    with planned([plugin], diagnostics, {}, host=True) as plans:
        diagnostics.raise_errors()
        values = removed_values(names, _chosen(plugin, plans, function), diagnostics)
        push_values(values, diagnostics, dry_run, lambda: Aws(profile, region), form)


def _by_function(tables: Iterable[tuple[FunctionPlan, Sequence[Sequence[str]]]]) -> str:
    return "\n".join(
        f"{plan.logical_id}\n" + (columns(rows, "  ") if rows else "  no settings\n")
        for plan, rows in tables
    )


def _shown(row: ShownSetting) -> tuple[str, ...]:
    required = "required" if row.required else "optional"
    return row.name, row.type, required, row.source or "not set", row.value or ""


def _environment(plan: FunctionPlan) -> dict[str, str]:
    """Return the variables that settings may come from here: `.env`, and before it this shell."""
    beside = plan.plugin.root / ".env"
    given = read_env_file(beside, Diagnostics(), os.environ) if is_file(beside) else {}
    return given | os.environ


def _chosen(
    path: Path, plans: Sequence[FunctionPlan], function: str | None
) -> Sequence[FunctionPlan]:
    if function is None:
        return plans
    name = choose_function(str(path), function, [plan.logical_id for plan in plans])
    return [plan for plan in plans if plan.logical_id == name]
