"""`packager storage`: what plugins have stored, on this machine and in AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from packager.cli.console import echo, write, write_bytes, write_json
from packager.cli.options import PATH, format_option
from packager.cli.plans import planned
from packager.errors import Diagnostics, UsageError
from packager.formatting import byte_size, columns, counted
from packager.local.environment import storage_file
from packager.plugin.functions import FunctionPlan
from packager.sam.names import makes_storage, storage_name
from packager.storage.local_file import FileValues
from packager.storage.stored import Values


@click.group()
def storage() -> None:
    """Look at what plugins have stored, or delete it.

    Without --stack it is what functions have stored on this machine (`invoke`, `serve`); with it,
    that of a deployed plugin, with your AWS credentials.
    """


plugin_argument = click.argument("plugin", metavar="PLUGIN", type=PATH)
stack_option = click.option("--stack", metavar="NAME", help="The stack that it is deployed in.")
profile_option = click.option(
    "--profile", metavar="NAME", help="A profile of AWS's configuration files."
)
region_option = click.option("--region", metavar="NAME", help="The region of the stack.")
file_option = click.option(
    "--storage",
    "file",
    type=PATH,
    metavar="FILE",
    help="The SQLite file of `invoke --storage`; by default the one of all invocations.",
)


@storage.command("list")
@click.argument("plugin", metavar="[PLUGIN]", default=Path(), type=PATH)
@stack_option
@profile_option
@region_option
@file_option
@format_option
def list_keys(
    plugin: Path,
    stack: str | None,
    profile: str | None,
    region: str | None,
    file: Path | None,
    form: str,
) -> None:
    """List the keys of a plugin's values, and their sizes.

    \b
    Examples:
      packager storage list
      packager storage list plugins/slack_bot
      packager storage list plugins/slack_bot --stack bots --region eu-west-1 --format json
    """
    with _values(plugin, file, stack, profile, region) as values:
        found = sorted(values.all())
        if form == "json":
            write_json({"values": [{"key": each.key, "bytes": each.size} for each in found]})
            return
        rows = [(each.key, "" if each.size is None else byte_size(each.size)) for each in found]
        write(columns([("KEY", "SIZE"), *rows]) if rows else "")
        if not rows:
            echo(f"{values.label} has nothing of this plugin")


@storage.command()
@plugin_argument
@click.argument("key")
@stack_option
@profile_option
@region_option
@file_option
def show(
    plugin: Path,
    key: str,
    stack: str | None,
    profile: str | None,
    region: str | None,
    file: Path | None,
) -> None:
    """Write the value of KEY to stdout, as it is.

    \b
    Example:
      packager storage show plugins/slack_bot conversations/C042 | jq .
    """
    with _values(plugin, file, stack, profile, region) as values:
        value = values.get(key)
        if value is None:
            raise UsageError(f"{values.label} has no value of {key} for this plugin")
        write_bytes(value)


@storage.command()
@plugin_argument
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Delete all values of the plugin.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@stack_option
@profile_option
@region_option
@file_option
def delete(
    plugin: Path,
    keys: tuple[str, ...],
    everything: bool,
    yes: bool,
    stack: str | None,
    profile: str | None,
    region: str | None,
    file: Path | None,
) -> None:
    """Delete the values of KEYs, or all of a plugin's, once you have agreed.

    \b
    Examples:
      packager storage delete plugins/slack_bot conversations/C042
      packager storage delete plugins/slack_bot --all --yes
    """
    if everything == bool(keys):
        raise click.UsageError("say which: KEYs, or --all")
    with _values(plugin, file, stack, profile, region) as values:
        known = {each.key for each in values.all()}
        unknown = [key for key in keys if key not in known]
        if unknown:
            raise UsageError(f"{values.label} has no value of {', '.join(unknown)}")
        chosen = sorted(known) if everything else list(dict.fromkeys(keys))
        if not yes and chosen:
            question = f"Delete {counted(len(chosen), 'value')} of {values.label}?"
            click.confirm(question, abort=True, err=True)
        for key in chosen:
            values.delete(key)
        echo(f"{counted(len(chosen), 'value')} deleted")


@contextmanager
def _values(
    plugin: Path, file: Path | None, stack: str | None, profile: str | None, region: str | None
) -> Iterator[Values]:
    """Yield what keeps the values of a plugin."""
    if stack is None and (profile or region):
        raise click.UsageError("--profile and --region are for a --stack")
    if stack is not None and file is not None:
        raise click.UsageError("--storage is of this machine, --stack is not")
    diagnostics = Diagnostics()
    with planned([plugin], diagnostics, {}, host=True) as plans:
        diagnostics.raise_errors()
        if stack is None:
            yield FileValues(storage_file(file), plans[0].plugin.name)
        else:
            yield _deployed(plans, stack, profile, region)


def _deployed(
    plans: tuple[FunctionPlan, ...], stack: str, profile: str | None, region: str | None
) -> Values:
    from packager.settings.aws import Aws  # boto3 takes time to import
    from packager.storage.deployed import DeployedValues, place_in_stack

    plan = next((each for each in plans if each.storage in ("dynamodb", "s3")), None)
    if plan is None:
        raise UsageError(
            f"{plans[0].plugin.name} keeps nothing in AWS",
            hint='a function that stores has storage = "dynamodb", or "s3"',
        )
    aws = Aws(profile, region)
    name = storage_name(plan) if makes_storage(plan) else None
    return DeployedValues(place_in_stack(plan, stack, name, aws), aws)
