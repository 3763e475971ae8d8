"""`packager endpoints list` and `show`."""

from __future__ import annotations

from dataclasses import asdict

import click

from packager.cli.console import say, warn, write, write_json
from packager.cli.endpoints.target import Target, id_option, name_option, one_of, target_options
from packager.cli.endpoints.telling import addresses, effect
from packager.cli.options import format_option
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction, Values
from packager.endpoints.shown import listed_facts, shown_settings
from packager.errors import PackagerError
from packager.formatting import columns


@click.command("list")
@target_options
@format_option
def list_endpoints(target: Target, form: str) -> None:
    """List endpoints, of all groups unless --group says which.

    \b
    Examples:
      packager endpoints list plugins/neko
      packager endpoints list --stack prod --format json | jq -r '.endpoints[].urls[].url'
    """
    found = [
        (function, endpoint)
        for function in target.functions()
        for endpoint in sorted(function.store.all(), key=lambda each: each.name)
    ]
    if form == "json":
        write_json({"endpoints": [listed_facts(*each) for each in found]})
        return
    heading = ("NAME", "GROUP", "STATE", "HOOK ID", "VERSION", "UPDATED")
    write(columns([heading, *(_row(*each) for each in found)]) if found else "")
    if not found:
        say("there is no endpoint yet; `packager endpoints create` makes one")


@click.command()
@target_options
@name_option
@id_option
@format_option
def show(target: Target, name: str | None, hook_id: str | None, form: str) -> None:
    """Show an endpoint's settings and addresses, no secrets.

    \b
    Examples:
      packager endpoints show plugins/neko --name Pepper
      packager endpoints show --stack prod --id 5bxqk2vdm7ohw3tapzre4l6c
    """
    looked_for = one_of(name, hook_id)
    function = target.function()
    endpoint = function.find(**looked_for)
    try:
        values = function.values(endpoint)
    except PackagerError as error:  # who may see the table need not be allowed to read its key
        warn(f"secrets are left out: {error}")
        values = Values(endpoint.settings, endpoint.references)
    settings = shown_settings(function, values)
    if form == "json":
        shown = [asdict(each) for each in settings]
        write_json(listed_facts(function, endpoint) | {"settings": shown})
        return
    rows = [
        (
            each.name,
            each.type,
            "required" if each.required else "optional",
            each.source or "not set",
            each.value or "",
        )
        for each in settings
    ]
    write(
        f"{endpoint.name}  {function.declaration.group}, {function.where}\n"
        f"  {_state(function, endpoint)}, version {endpoint.version} of {endpoint.updated}\n"
        + (f"  settings\n{columns(rows, '    ')}" if rows else "")
        + f"  addresses\n{addresses(function, endpoint, '    ')}"
    )
    say(f"of what is changed: {effect(function)}")


def _row(function: ManagedFunction, endpoint: Endpoint) -> tuple[str, ...]:
    return (
        endpoint.name,
        function.declaration.group,
        _state(function, endpoint),
        endpoint.hook_id,
        str(endpoint.version),
        endpoint.updated,
    )


def _state(function: ManagedFunction, endpoint: Endpoint) -> str:
    if not function.takes(endpoint):
        return "another stack's: rotate it"
    state = "enabled" if endpoint.enabled else "disabled"
    return f"{state}, also at the root" if endpoint.root else state
