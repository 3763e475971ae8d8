"""`packager console`."""

from __future__ import annotations

import click

from packager.cli.console import say
from packager.cli.endpoints.page import Page, page_options
from packager.cli.options import aws_options


@click.command("console")
@click.option("--stack", metavar="NAME", required=True, help="The stack with the endpoints.")
@aws_options
@click.option(
    "--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to listen."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=3001,
    show_default=True,
    help="The port; 0 takes any that is free.",
)
@page_options
def stack_console(
    stack: str,
    profile: str | None,
    region: str | None,
    host: str,
    port: int,
    page: Page,
) -> None:
    """Show and change the endpoints of a deployed stack in the browser.

    The pages are those of `packager serve`, over the stack's own store and with your AWS
    credentials: whoever can open them acts as you. It listens on loopback; with another --host, or
    with --allow-host, the address has a token in it.

    \b
    Examples:
      packager console --stack prod --open
      packager console --stack prod --profile work --region eu-west-1
    """
    from packager.console.server import run
    from packager.console.source import StackView
    from packager.endpoints.stack import stack_functions
    from packager.serve.run import listening
    from packager.settings.aws import Aws

    aws = Aws(profile, region)
    functions = tuple(stack_functions(stack, aws))
    with listening(host, port) as door:
        at = door.getsockname()[1]
        view = StackView(stack, aws.region, functions)

        def started() -> None:
            where = f"the stack {stack} in {aws.region}"
            say(f"endpoints of {where}: {page.address(at)} (Ctrl-C ends it)")
            page.open(at)

        run(page.application(view), door, started)
