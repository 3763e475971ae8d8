"""docs/cli.md is made of --help: `pytest tests/cli/test_docs.py --refresh` writes it anew."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from packager.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
WIDTH = 88
HEAD = """\
# The command line

Generated from `packager --help`: `pytest tests/cli/test_docs.py --refresh` writes it anew.

Results go to stdout; progress, faults and a function's log go to stderr, in colour on a terminal
only, and without colour where `NO_COLOR` is set. Exit codes: 0 done, 1 it failed, 2 wrong usage or
input, 130 interrupted. `packager` is also `python -m packager`.
"""


def commands(group: click.Group = main, before: str = "") -> dict[str, click.Command]:
    """Every command by its whole name, those of a group after it."""
    found: dict[str, click.Command] = {}
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = found[before + name] = group.commands[name]
            if isinstance(command, click.Group):
                found |= commands(command, f"{before}{name} ")
    return found


def help_of(command: click.Command, name: str) -> str:
    context = click.Context(
        command,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    with context:
        return command.get_help(context)


def page() -> str:
    sections = [HEAD, f"```\n{help_of(main, 'packager')}\n```\n"]
    for name, command in commands().items():
        text = help_of(command, f"packager {name}")
        sections.append(f"## `packager {name}`\n\n```\n{text}\n```\n")
    return "\n".join(sections)


def test_the_page_is_up_to_date(refresh: bool) -> None:
    if refresh:
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("name", [*commands()])
def test_every_option_says_what_it_does(name: str) -> None:
    command = commands()[name]
    assert command.help
    undocumented = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert undocumented == []
