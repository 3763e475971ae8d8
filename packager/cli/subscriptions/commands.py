"""`packager subscriptions`: the group of commands."""

from __future__ import annotations

import click

from packager.cli.subscriptions.make import create, update
from packager.cli.subscriptions.show import list_subscriptions, show
from packager.cli.subscriptions.switch import delete, disable, enable, refresh


@click.group()
def subscriptions() -> None:
    """Make, show, renew and end subscriptions to trigger providers.

    A subscription has a name, an address that a service sends its webhooks to, and workflows that
    their events start. With --stack it is one of a deployed function; without, one of this
    machine. What makes it at the service is the plugin's own code, which runs here. Secrets are
    never shown, and never taken from the command line.
    """


for _command in (create, list_subscriptions, show, update, enable, disable, refresh, delete):
    subscriptions.add_command(_command)
