"""How the console's page is reached: options of the commands that have it."""

from __future__ import annotations

import atexit
import functools
import html
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.dataclass import dataclass

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from packager.console.source import StackView
    from packager.serve.state import Workbench

Command = Callable[..., Any]

# A browser is not to end with this command, nor to write to its terminal: it is nobody's child.
_OPEN = """\
import subprocess, sys
nothing = subprocess.DEVNULL
subprocess.Popen([sys.executable, "-m", "webbrowser", sys.argv[1]], start_new_session=True,
                 stdin=nothing, stdout=nothing, stderr=nothing)
"""


@dataclass(frozen=True, slots=True)
class Page:
    """The page, as the command line wants it: `token` is asked for where others could come by."""

    host: str
    allowed_hosts: tuple[str, ...]
    opens: bool
    token: str | None

    def application(self, source: Workbench | StackView) -> ASGIApp:
        """Return the console of a workbench or of a stack."""
        from packager.console.app import make_app

        # A name that it is bound by is its own; for an address the guard sees that itself.
        return make_app(source, token=self.token, allowed_hosts=(*self.allowed_hosts, self.host))

    def address(self, port: int) -> str:
        """Return what to open in a browser."""
        from packager.console.address import address

        return address(self.host, port, self.token)

    def open(self, port: int) -> None:
        """Open it in the browser, if that is wished."""
        if self.opens:
            url = self.address(port)
            # What a process is started with, others on this machine can read.
            shown = url if self.token is None else _page_that_leads_to(url)
            subprocess.run([sys.executable, "-c", _OPEN, shown], check=False)


def _page_that_leads_to(url: str) -> str:
    """Return the address of a file that only this user can read, until the command ends."""
    descriptor, name = tempfile.mkstemp(prefix="packager-", suffix=".html")

    def remove() -> None:
        with suppress(OSError):
            Path(name).unlink()

    atexit.register(remove)
    with os.fdopen(descriptor, "w") as file:
        file.write(f'<meta http-equiv="refresh" content="0; url={html.escape(url)}">\n')
    return Path(name).as_uri()


def page_options(command: Command) -> Command:
    """Add the options of the page; the command gets `host`, and them as `page`."""

    @functools.wraps(command)
    def with_page(
        *arguments: Any, host: str, allowed_hosts: tuple[str, ...], opens: bool, **options: Any
    ) -> Any:
        from packager.console.address import is_loopback

        alone = is_loopback(host) and not allowed_hosts
        token = None if alone else secrets.token_urlsafe(24)
        page = Page(host, allowed_hosts, opens, token)
        return command(*arguments, host=host, page=page, **options)

    decorated: Command = with_page
    for decorator in (
        click.option("--open", "opens", is_flag=True, help="Open the console in the browser."),
        click.option(
            "--allow-host",
            "allowed_hosts",
            metavar="NAME",
            multiple=True,
            help="A name that browsers reach the console by, of a container or a remote machine; "
            "may be repeated.",
        ),
    ):
        decorated = decorator(decorated)
    return decorated
