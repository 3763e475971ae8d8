"""`packager settings`: the values of settings, on this machine and in AWS."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from packager.bundle.read import choose_function
from packager.cli.console import diagnostic_facts, echo, show_diagnostics, write, write_json
from packager.cli.options import PATH, format_option, plugins_argument
from packager.cli.plans import planned
from packager.cli.settings_prompt import ask_values
from packager.errors import Diagnostics, InvalidInput, UsageError
from packager.formatting import columns, counted
from packager.inputs.dotenv_file import read_env_file
from packager.inputs.yaml_tree import parse_yaml, read_yaml
from packager.paths import is_file
from packager.plugin.functions import FunctionPlan
from packager.settings.aws import Aws
from packager.settings.check import check_values
from packager.settings.language import language_of
from packager.settings.push import Change, Push, Value
from packager.settings.show import ShownSetting, show_settings
from packager.settings.values_file import read_values

Command = TypeVar("Command", bound=Callable[..., Any])
_INVALID = "not valid YAML"


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


def aws_options(command: Command) -> Command:
    """Add the options that choose whom AWS sees."""
    for decorator in (
        click.option("--region", metavar="NAME", help="The AWS region; AWS_REGION by default."),
        click.option("--profile", metavar="NAME", help="The profile of AWS credentials."),
    ):
        command = decorator(command)
    return command


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
        write_json({"functions": functions, "faults": [diagnostic_facts(f) for f in found.all]})
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
    secret's JSON the keys that FILE has are changed, the others stay. What changes is listed by
    name. If any value is wrong, nothing is written.

    \b
    Examples:
      packager settings push plugins/neko --file values.yaml --dry-run
      sops decrypt values.yaml | packager settings push plugins/neko --file -
    """
    diagnostics = Diagnostics()
    with planned([plugin], diagnostics, {}, host=True) as plans:
        diagnostics.raise_errors()
        chosen = _chosen(plugin, plans, function)
        values = _read_file(source, chosen, diagnostics)
        _push(values, diagnostics, dry_run, lambda: Aws(profile, region), form)


@settings.command()
@plugin_argument
@function_option
@click.option(
    "--language", metavar="NAME", help="The labels' language, such as zh_Hans; by default LANG's."
)
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

    Secrets are not shown as they are typed. An empty answer leaves a value as it is.

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
        _push(values, diagnostics, dry_run, lambda: aws, form)


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


def _read_file(source: str, plans: Sequence[FunctionPlan], diagnostics: Diagnostics) -> list[Value]:
    read = Diagnostics()
    if source == "-":
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError("stdin is not UTF-8 text") from None
        top = parse_yaml(text, "stdin", read)
    else:
        top = read_yaml(Path(source), source, read)
    show_diagnostics(read.warnings)
    for diagnostic in read.errors:
        if diagnostic.code == "invalid-yaml":  # what is written there may be a secret
            diagnostic = replace(diagnostic, message=_INVALID, hint="put values into single quotes")
        diagnostics.add(diagnostic)
    return [] if top is None else read_values(top, plans, diagnostics)


def _push(
    values: Sequence[Value],
    diagnostics: Diagnostics,
    dry_run: bool,
    make_aws: Callable[[], Aws],
    form: str,
) -> None:
    push = Push(values, diagnostics)
    diagnostics.raise_errors()
    aws = make_aws()
    changes = push.compare(aws)
    if not dry_run:
        push.write(aws)
    if form == "json":
        facts = [asdict(change) for change in changes]
        write_json({"region": aws.region, "written": not dry_run, "changes": facts})
    else:
        write(_listing(changes, dry_run))


def _listing(changes: Sequence[Change], dry_run: bool) -> str:
    words = {"create": "created", "change": "changed", "keep": "as it was"}
    if dry_run:
        words = {"create": "would be created", "change": "would be changed", "keep": "as it is"}
    rows = [(each.setting, each.where, words[each.action]) for each in changes]
    return columns(rows) if rows else "nothing to write\n"
