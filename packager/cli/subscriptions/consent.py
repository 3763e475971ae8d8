"""OAuth at a terminal: opens the browser, and waits for it, or for what somebody pastes."""

from __future__ import annotations

import functools
import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import click

from packager.cli.console import echo, say
from packager.dataclass import dataclass
from packager.errors import UsageError
from packager.subscriptions.constructor import Constructor
from packager.subscriptions.oauth import PATH, PORT, Granted, Redirects, begin, finish

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Consent:
    """How the user consents: by a browser that comes back here, or by what is pasted."""

    paste: bool
    browser: bool
    port: int
    redirect_uri: str | None

    def ask(self, constructor: Constructor, client: Mapping[str, Any]) -> tuple[Granted, str]:
        """Return what OAuth gave, and the redirect's address, which a renewal may want to know."""
        with ExitStack() as stack:
            redirects = None
            if not self.paste:
                redirects = stack.enter_context(Redirects(self.port).serving())
            uri = self.redirect_uri or f"http://127.0.0.1:{self.port}{PATH}"
            if redirects is not None and self.redirect_uri is None:
                uri = redirects.redirect_uri
            authorization = begin(constructor, client, uri)
            if redirects is None:
                echo(f"Open this, and consent:\n{authorization.url}")
                echo("Then paste the address that your browser was sent to, or the code in it:")
                came_back = sys.stdin.readline()
            else:
                redirects.expect(authorization.state)
                echo(f"Consent in your browser:\n{authorization.url}")
                if self.browser:
                    webbrowser.open(authorization.url)
                came_back = redirects.wait()
            granted = finish(constructor, client, authorization, came_back)
        say("consented")
        return granted, uri


def consent_options(command: Command) -> Command:
    """Add the options of OAuth; the command gets them as `consent`, None without --oauth."""

    @functools.wraps(command)
    def with_consent(
        *arguments: Any,
        oauth: bool,
        paste: bool,
        no_browser: bool,
        oauth_port: int,
        redirect_uri: str | None,
        **options: Any,
    ) -> Any:
        if redirect_uri is not None and not paste:
            raise UsageError(
                "--redirect-uri is for --paste: else browsers are sent back to this machine",
                hint="add --paste, or choose the port with --oauth-port",
            )
        consent = Consent(paste, not no_browser, oauth_port, redirect_uri)
        return command(*arguments, consent=consent, oauth=oauth or paste, **options)

    decorated: Command = with_consent
    for decorator in (
        click.option(
            "--redirect-uri",
            metavar="URL",
            help="With --paste: the address that the service is to send the browser to, as it "
            "knows it.",
        ),
        click.option(
            "--oauth-port",
            type=click.IntRange(0, 65535),
            default=PORT,
            show_default=True,
            metavar="PORT",
            help=f"Where the browser comes back to: http://127.0.0.1:PORT{PATH}",
        ),
        click.option("--no-browser", is_flag=True, help="Open none: you follow the address."),
        click.option(
            "--paste",
            is_flag=True,
            help="As --oauth, for services that refuse this machine's address: paste on stdin "
            "where the browser was sent to.",
        ),
        click.option("--oauth", is_flag=True, help="Get the credentials by OAuth."),
    ):
        decorated = decorator(decorated)
    return decorated
