"""`packager endpoints create` and `edit`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import click

from packager.cli.endpoints.asking import ask_given, ask_name
from packager.cli.endpoints.target import Target, id_option, name_option, one_of, target_options
from packager.cli.endpoints.telling import effect, tell
from packager.cli.options import format_option, language_option
from packager.cli.values_input import read_values_yaml
from packager.endpoints import manage
from packager.endpoints.endpoint import name_problem
from packager.endpoints.function import ManagedFunction
from packager.endpoints.given import Given, read_given, unset
from packager.endpoints.manage import Wanted, note_taken
from packager.errors import Diagnostics, Place, UsageError
from packager.settings.language import language_of

file_option = click.option(
    "--file",
    "source",
    metavar="FILE",
    help="Values by the settings' names, as YAML; - is stdin. {ssm: /name} and {secret: name, key: "
    "k} say where a value is kept.",
)


@click.command()
@target_options
@name_option
@file_option
@click.option("--root", is_flag=True, help="Let it answer at the function's root, too.")
@click.option("--disabled", is_flag=True, help="Make it, and let it answer 404 until `enable`.")
@language_option
@format_option
def create(
    target: Target,
    name: str | None,
    source: str | None,
    root: bool,
    disabled: bool,
    language: str | None,
    form: str,
) -> None:
    """Make an endpoint, and write its addresses.

    On a terminal the settings are asked for one by one, by the plugin's own labels; with --file
    they are read, and without a terminal those that are not given have none. Everything is checked
    before anything is written.

    \b
    Examples:
      packager endpoints create plugins/neko
      packager endpoints create --stack prod --name Pepper
      sops decrypt pepper.yaml | packager endpoints create --stack prod --name Pepper --file -
    """
    function = target.function()
    diagnostics = Diagnostics()
    asks = source is None and sys.stdin.isatty()
    if name is None:
        if not asks:
            raise UsageError("say how the endpoint is to be called: --name NAME")
        name = ask_name(function)
    elif asks:
        _check_name(function, name)  # before anybody types
    given, place = _given(function, source, diagnostics)
    if asks:
        given = ask_given(function, None, language or language_of(os.environ))
    wanted = Wanted(name, given, enabled=not disabled, root=root, place=place)
    done = manage.create(function, wanted, diagnostics)
    when = "it answers once it is enabled" if disabled else "it answers from now on"
    tell(function, done.endpoint, f"created {name}: {when}", form, diagnostics)


@click.command()
@target_options
@name_option
@id_option
@file_option
@click.option(
    "--unset",
    "removed",
    metavar="SETTING",
    multiple=True,
    help="Remove the value of an optional setting; may be repeated.",
)
@click.option("--rename", metavar="NAME", help="Call it so.")
@click.option(
    "--root/--no-root", default=None, help="Let it answer at the function's root, too, or no more."
)
@language_option
@format_option
def edit(
    target: Target,
    name: str | None,
    hook_id: str | None,
    source: str | None,
    removed: tuple[str, ...],
    rename: str | None,
    root: bool | None,
    language: str | None,
    form: str,
) -> None:
    """Change an endpoint's settings or its name.

    On a terminal the settings are asked for one by one: what there is, is shown, but for secrets,
    and stays where nothing is answered. With --file those change that it has; a null removes an
    optional one. The address stays, whatever changes.

    \b
    Examples:
      packager endpoints edit --stack prod --name Pepper
      packager endpoints edit --stack prod --name Pepper --unset greeting --rename Salt
      echo "greeting: Miau" | packager endpoints edit plugins/neko --name Pepper --file -
    """
    looked_for = one_of(name, hook_id)
    function = target.function()
    before = function.find(**looked_for)
    diagnostics = Diagnostics()
    given, place = _given(function, source, diagnostics)
    given |= unset(removed, function.declaration, diagnostics)
    wanted = Wanted(rename, given, root=root, place=place)
    if source is None and not removed and rename is None and root is None:
        if not sys.stdin.isatty():
            raise UsageError(
                "say what to change: edit asks on a terminal, and there is none",
                hint="--file FILE, or --file - for stdin; --unset, --rename, --root",
            )
        answers = ask_given(function, function.values(before), language or language_of(os.environ))
        wanted = replace(wanted, given=answers)
    done = manage.edit(function, before, wanted, diagnostics)
    said = f"changed {done.endpoint.name}: {effect(function)}"
    if done.action == "keep":
        said = f"{before.name} is as it was"
    tell(function, done.endpoint, said, form, diagnostics, addressed=False)


def _given(
    function: ManagedFunction, source: str | None, diagnostics: Diagnostics
) -> tuple[dict[str, Given], Place | None]:
    """Return what a file says of settings, and where it starts."""
    top = None if source is None else read_values_yaml(source, diagnostics)
    diagnostics.raise_errors()
    if top is None:
        return {}, None
    if top.kind == "nothing":
        return {}, top.place
    return read_given(top, function.declaration, diagnostics), top.place


def _check_name(function: ManagedFunction, name: str) -> None:
    diagnostics = Diagnostics()
    problem = name_problem(name)
    if problem:
        diagnostics.error("invalid-value", problem, key="name")
    elif function.store.named(name) is not None:
        note_taken(name, None, diagnostics, "choose another")
    diagnostics.raise_errors()
