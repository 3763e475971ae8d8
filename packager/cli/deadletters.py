"""`packager deadletters`: what the functions of a stack failed at for good."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from packager.cli.console import echo, write, write_json
from packager.cli.options import format_option
from packager.errors import UsageError
from packager.formatting import columns, counted

if TYPE_CHECKING:
    from packager.deadletters.letters import Letter
    from packager.settings.aws import Aws


@click.group()
def deadletters() -> None:
    """Look at the dead letters of a stack, try them again, or delete them.

    Dead letters are deferred requests and messages of queues that were tried in vain, and events
    that came to nothing. It takes your AWS credentials.
    """


def _stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--region", metavar="NAME", help="The region of the stack."),
        click.option("--profile", metavar="NAME", help="A profile of AWS's configuration files."),
        click.option("--stack", metavar="NAME", required=True, help="The deployed stack."),
    ):
        command = option(command)
    return command


all_option = click.option("--all", "everything", is_flag=True, help="All letters of the stack.")
ids_argument = click.argument("ids", metavar="[ID]...", nargs=-1)


@deadletters.command("list")
@_stack_options
@format_option
def list_letters(stack: str, profile: str | None, region: str | None, form: str) -> None:
    """List the dead letters of a stack, oldest first.

    Of a FIFO queue's group the first ones are seen: those behind them once these are gone.

    \b
    Examples:
      packager deadletters list --stack bots
      packager deadletters list --stack bots --format json | jq -r '.letters[].id'
    """
    with _letters(stack, profile, region) as (letters, _):
        if form == "json":
            write_json({"letters": [_facts(each) for each in letters]})
            return
        rows = [
            (each.id, each.sent.strftime("%Y-%m-%d %H:%M:%SZ"), _where(each), each.reason)
            for each in letters
        ]
        write(columns([("ID", "SINCE", "OF", "REASON"), *rows]) if rows else "")
        if not rows:
            echo(f"{stack} has no dead letters")


@deadletters.command()
@click.argument("id_", metavar="ID")
@_stack_options
def show(id_: str, stack: str, profile: str | None, region: str | None) -> None:
    """Write what a dead letter holds to stdout, as JSON: its event with all headers, secrets too.

    \b
    Example:
      packager deadletters show --stack bots 5f1c... | jq .event.body
    """
    from packager.deadletters.letters import content

    with _letters(stack, profile, region) as (letters, aws):
        [letter] = _chosen(letters, (id_,), stack, everything=False)
        write(json.dumps(content(letter, aws), ensure_ascii=False, indent=2))


@deadletters.command()
@ids_argument
@all_option
@_stack_options
def retry(
    ids: tuple[str, ...], everything: bool, stack: str, profile: str | None, region: str | None
) -> None:
    """Send dead letters to the queues that they were in, to be tried as often as at first.

    \b
    Examples:
      packager deadletters retry --stack bots 5f1c...
      packager deadletters retry --stack bots --all
    """
    from packager.deadletters import letters as dead

    with _letters(stack, profile, region) as (letters, aws):
        chosen = _chosen(letters, ids, stack, everything=everything)
        dead.retry(chosen, aws)
        echo(f"{counted(len(chosen), 'letter')} sent again")


@deadletters.command()
@ids_argument
@all_option
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@_stack_options
def purge(
    ids: tuple[str, ...],
    everything: bool,
    yes: bool,
    stack: str,
    profile: str | None,
    region: str | None,
) -> None:
    """Delete dead letters, and what is parked of them, once you have agreed.

    \b
    Examples:
      packager deadletters purge --stack bots 5f1c...
      packager deadletters purge --stack bots --all --yes
    """
    from packager.deadletters import letters as dead

    with _letters(stack, profile, region) as (letters, aws):
        chosen = _chosen(letters, ids, stack, everything=everything)
        if not yes and chosen:
            question = f"Delete {counted(len(chosen), 'dead letter')} of {stack}?"
            click.confirm(question, abort=True, err=True)
        dead.purge(chosen, aws)
        echo(f"{counted(len(chosen), 'letter')} deleted")


@contextmanager
def _letters(
    stack: str, profile: str | None, region: str | None
) -> Iterator[tuple[list[Letter], Aws]]:
    """Yield the letters of a stack, which nobody else sees meanwhile, and what they are read by."""
    from packager.deadletters.letters import dead_queues, letters_of
    from packager.settings.aws import Aws  # boto3 takes time to import

    aws = Aws(profile, region)
    queues = dead_queues(stack, aws)
    if not queues:
        raise UsageError(
            f"{stack} has no dead-letter queue",
            hint="stacks with deferred routes or events have",
        )
    with letters_of(queues, aws) as letters:
        yield letters, aws


def _chosen(
    letters: list[Letter], ids: tuple[str, ...], stack: str, *, everything: bool
) -> list[Letter]:
    if everything == bool(ids):
        raise click.UsageError("say which: IDs, or --all")
    known = {each.id for each in letters}
    unknown = [each for each in ids if each not in known]
    if unknown:
        raise UsageError(
            f"{stack} has no dead letter {', '.join(unknown)}",
            hint="`packager deadletters list` has their ids",
        )
    return [each for each in letters if everything or each.id in ids]


def _where(letter: Letter) -> str:
    return letter.route or letter.queue.name


def _facts(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "queue": letter.queue.name,
        "route": letter.route or None,
        "since": letter.sent.isoformat(),
        "reason": letter.reason,
        "tries": letter.tries,
    }
