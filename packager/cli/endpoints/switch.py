"""`packager endpoints enable`, `disable`, `rotate` and `delete`."""

from __future__ import annotations

import click

from packager.cli.console import say, write_json
from packager.cli.endpoints.target import (
    Target,
    ask_to_delete,
    found_by,
    id_option,
    name_option,
    one_of,
    one_or_all,
    target_options,
)
from packager.cli.endpoints.telling import effect, tell
from packager.cli.options import format_option
from packager.endpoints import manage
from packager.endpoints.manage import Wanted
from packager.errors import Diagnostics


@click.command()
@target_options
@name_option
@id_option
@format_option
def enable(target: Target, name: str | None, hook_id: str | None, form: str) -> None:
    """Let an endpoint answer again.

    \b
    Example:
      packager endpoints enable --stack prod --name Pepper
    """
    _switch(target, one_of(name, hook_id), True, form)


@click.command()
@target_options
@name_option
@id_option
@format_option
def disable(target: Target, name: str | None, hook_id: str | None, form: str) -> None:
    """Let an endpoint answer 404, until it is enabled again.

    \b
    Example:
      packager endpoints disable --stack prod --name Pepper
    """
    _switch(target, one_of(name, hook_id), False, form)


@click.command()
@target_options
@name_option
@id_option
@format_option
def rotate(target: Target, name: str | None, hook_id: str | None, form: str) -> None:
    """Give an endpoint another address; the old one is answered 404.

    \b
    Example:
      packager endpoints rotate --stack prod --name Pepper
    """
    looked_for = one_of(name, hook_id)
    function = target.function()
    after = manage.rotate(function, function.find(**looked_for))
    said = (
        f"rotated {after.name}: it answers at its new address from now on, and no more at the old"
    )
    tell(function, after, f"{said}: {effect(function)}", form, Diagnostics())


@click.command()
@target_options
@name_option
@id_option
@click.option("--all", "every", is_flag=True, help="Every endpoint of the group.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@format_option
def delete(
    target: Target, name: str | None, hook_id: str | None, every: bool, yes: bool, form: str
) -> None:
    """Delete an endpoint, with its settings and its address.

    It is asked for on a terminal; elsewhere --yes says so. To keep it for later, `disable` it, or
    `export` it before.

    \b
    Examples:
      packager endpoints delete --stack prod --name Pepper
      packager endpoints delete plugins/neko --all --yes
    """
    looked_for = one_or_all(name, hook_id, every, "endpoint")
    function = target.function()
    found = found_by(function, looked_for)
    names = ", ".join(sorted(each.name for each in found))
    if found and not yes:
        ask_to_delete(function, names)
    for each in found:
        manage.delete(function, each)
    say(f"deleted {names}: {effect(function)}" if found else "there is nothing to delete")
    if form == "json":
        write_json({"deleted": [{"name": each.name, "hook_id": each.hook_id} for each in found]})


def _switch(target: Target, looked_for: dict[str, str | None], enabled: bool, form: str) -> None:
    function = target.function()
    diagnostics = Diagnostics()
    before = function.find(**looked_for)
    done = manage.edit(function, before, Wanted(enabled=enabled), diagnostics)
    word = "enabled" if enabled else "disabled"
    said = f"{word} {before.name}: {effect(function)}"
    if done.action == "keep":
        said = f"{before.name} is {word} already"
    tell(function, done.endpoint, said, form, diagnostics, addressed=False)
