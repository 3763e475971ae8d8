"""`packager endpoints`: the group of commands."""

from __future__ import annotations

import click

from packager.cli.endpoints.exchange import export_, import_
from packager.cli.endpoints.make import create, edit
from packager.cli.endpoints.show import list_endpoints, show
from packager.cli.endpoints.switch import delete, disable, enable, rotate


@click.group()
def endpoints() -> None:
    """Make, show and change the endpoints of functions with `endpoints = "managed"`.

    An endpoint has a name, settings and an address of its own. With --stack it is one of a deployed
    function, found through CloudFormation alone; without, one of this machine, for `packager
    invoke`. Secrets are never shown, and never taken from the command line.
    """


for _command in (create, list_endpoints, show, edit, enable, disable, rotate, delete):
    endpoints.add_command(_command)
endpoints.add_command(export_)
endpoints.add_command(import_)
