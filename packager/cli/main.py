"""The `packager` command."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from packager import __version__
from packager.cli.console import show_error
from packager.cli.terminal import shown
from packager.errors import PackagerError, UsageError

INTERRUPTED = 130  # 128 and SIGINT, as shells have it
BROKEN_PIPE = 141  # 128 and SIGPIPE
# What a machine may refuse anywhere, without a bug in the program: room, permission, long paths.
_REFUSALS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE),
    *(errno.ENAMETOOLONG, errno.ELOOP),
)
# Their faults are those of plugins, not of values that somebody gave.
_READ_PLUGINS = ("build", "check", "estimate", "invoke", "list", "profile", "serve", "template")

# Each command in one sentence, the first of its help (a test compares them): to list them, none is
# imported.
_SUMMARIES = {
    "build": "Build the functions of plugins into OUT, with the SAM template that deploys them.",
    "cache": "Show what builds keep for the next ones, or remove it.",
    "check": "Find what is wrong with plugins, without building or fetching anything.",
    "console": "Show and change the endpoints of a deployed stack in the browser.",
    "deadletters": "Look at the dead letters of a stack, try them again, or delete them.",
    "doctor": "Compare deployed functions with what their configuration says.",
    "endpoints": 'Make, show and change the endpoints of functions with `endpoints = "managed"`.',
    "estimate": "Simulate functions on Lambda under a load, and say what that costs.",
    "init": "Make a new plugin in the folder NAME, which checks, builds, serves and also runs in "
    "Dify.",
    "invoke": "Send one event or request to a function, run here as Lambda runs it.",
    "list": "List the functions of plugins, with their routes, settings and events.",
    "logs": "Write the log of deployed functions to stdout.",
    "profile": "Start a function cold, again and again, and show where its time goes.",
    "schema": "Write the JSON Schema of a plugin's files to stdout.",
    "send": "Send an event of a queue, topic, rule or schedule to a function that is served.",
    "serve": "Serve the functions of plugins at an address of this machine, until Ctrl-C.",
    "settings": "Show, check and write the values of settings.",
    "storage": "Look at what plugins have stored, or delete it.",
    "subscriptions": "Make, show, renew and end subscriptions to trigger providers.",
    "template": "Write the SAM template that builds and deploys the functions of plugins.",
}

# What the same is called elsewhere, or is done by.
_OTHERS = {
    "create": "packager init",
    "deploy": "sam deploy",
    "delete": "sam delete",
    "dev": "packager serve",
    "lint": "packager check",
    "new": "packager init",
    "package": "packager build",
    "run": "packager serve",
    "start": "packager serve",
    "validate": "packager check",
}


def _command(name: str) -> click.Command | None:
    """Return the command `name`; each is imported where it is asked for."""
    command: click.Command
    match name:
        case "check":
            from packager.cli.author.check import check as command
        case "init":
            from packager.cli.author.init import init as command
        case "schema":
            from packager.cli.author.schema import schema as command
        case "cache":
            from packager.cli.cache import cache as command
        case "build":
            from packager.cli.build import build as command
        case "deadletters":
            from packager.cli.deadletters import deadletters as command
        case "endpoints":
            from packager.cli.endpoints.commands import endpoints as command
        case "doctor":
            from packager.cli.deployed import doctor as command
        case "logs":
            from packager.cli.deployed import logs as command
        case "estimate":
            from packager.cli.estimate import estimate as command
        case "console":
            from packager.cli.endpoints.stack_console import stack_console as command
        case "invoke":
            from packager.cli.invoke import invoke as command
        case "list":
            from packager.cli.list import list_functions as command
        case "profile":
            from packager.cli.profile import profile as command
        case "send":
            from packager.cli.running.send import send as command
        case "serve":
            from packager.cli.serve import serve as command
        case "settings":
            from packager.cli.settings.commands import settings as command
        case "storage":
            from packager.cli.storage import storage as command
        case "subscriptions":
            from packager.cli.subscriptions.commands import subscriptions as command
        case "template":
            from packager.cli.template import template as command
        case _:
            return None
    return command


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM be an exception, so that no process or half-made folder is left behind."""

    def stop(number: int, frame: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _need_here() -> None:
    """Raise `UsageError` if the working directory is gone: every relative path counts from it."""
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(
            f"the folder you are in can't be used: {error.strerror}",
            hint="it may have been removed: change to another",
        ) from None


class _Commands(click.Group):
    """Turns the errors meant for a user into words on stderr and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_SUMMARIES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; the message about one that is not there names what may be meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if _OTHERS.get(args[0]):
                error.message += f" Use `{_OTHERS[args[0]]}`."
                raise
            from packager.inputs.suggestions import near

            meant = near(args[0], _SUMMARIES)
            error.message += f" Did you mean {meant}?" if meant else ""
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*_SUMMARIES.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _need_here()
            with _stoppable():
                return super().invoke(ctx)
        except click.ClickException as error:  # click shows it: with what was typed in it
            error.message = shown(error.message)
            raise
        except PackagerError as error:
            show_error(error, excerpts=ctx.invoked_subcommand in _READ_PLUGINS)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):  # the latter where a question is not answered
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output went away; the interpreter's last flush must not complain
            # either (Python's documentation, "Note on SIGPIPE").
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(BROKEN_PIPE)
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            where = f"{error.filename}: " if error.filename else ""
            show_error(PackagerError(f"{where}{error.strerror}"))
            ctx.exit(PackagerError.exit_code)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Deploying, following logs and deleting are sam's: sam deploy, sam logs, sam delete.",
)
@click.version_option(__version__, prog_name="packager", message="%(prog)s %(version)s")
def main() -> None:
    """Make AWS Lambda functions of Dify plugins: one for every endpoint group.

    A PLUGIN is a plugin's folder (with manifest.yaml) or its package, a .difypkg file; by default
    it is the folder you are in. Whoever has none begins with `packager init`.
    """
