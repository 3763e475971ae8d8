"""The options that commands share which send a request to a function."""

from __future__ import annotations

import click

from packager.cli.options import PATH

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
