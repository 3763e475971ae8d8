"""The options that commands share which send a request to a function."""

from __future__ import annotations

import click

from packager.cli.plugins import PATH

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
env_file_option = click.option(
    "--env-file",
    type=PATH,
    metavar="FILE",
    help="The function's environment variables, as NAME=VALUE lines.",
)
