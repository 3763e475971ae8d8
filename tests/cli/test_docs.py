"""docs/cli.md is made of --help: `pytest tests/cli/test_docs.py --refresh` writes it again."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from packager.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cli.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("plugins/*/*.md")])
WIDTH = 88
HEAD = """\
# The command line

Generated from `packager --help`: `pytest tests/cli/test_docs.py --refresh` writes it again.

Results go to stdout; progress, diagnostics and a function's log go to stderr, in colour on a
terminal only, and without colour where `NO_COLOR` is set. Exit codes: 0 done, 1 it failed, 2 wrong
usage or input, 130 interrupted. `packager` is also `python -m packager`.
"""


def commands(group: click.Group = main, before: str = "") -> dict[str, click.Command]:
    """Every command by its whole name, those of a group after it."""
    found: dict[str, click.Command] = {}
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found[before + name] = command
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


def test_commands_are_listed_by_the_first_sentence_of_their_help() -> None:
    listed = re.search(r"\nCommands:\n(.+?)\n\n", help_of(main, "packager"), re.DOTALL)
    assert listed
    assert " ".join(listed[1].split()) == " ".join(
        f"{name} {command.get_short_help_str(1000)}"
        for name, command in commands().items()
        if " " not in name
    )


def test_every_command_there_is_is_listed() -> None:
    source = (ROOT / "packager/cli/main.py").read_text("utf-8")
    there = re.findall(r'^        case "(\w+)":$', source, re.MULTILINE)
    assert sorted(there) == [name for name in commands() if " " not in name]


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


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have on GitHub."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if link.startswith(("https:", "http:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_the_readme_lists_each_page_once() -> None:
    listed = re.findall(r"\]\((docs/[a-z-]+\.md)\): ", (ROOT / "README.md").read_text("utf-8"))
    assert sorted(listed) == sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md"))
