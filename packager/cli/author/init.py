"""`packager init`: a new plugin."""

from __future__ import annotations

import getpass
import re
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from packager.cli.author.schema import SCHEMAS, schema_text
from packager.cli.console import show_error, shown_prompt, write
from packager.cli.options import RUNTIME
from packager.contract import LOCAL_SETTINGS
from packager.errors import Diagnostics, UsageError
from packager.formatting import counted
from packager.model.options import Options
from packager.plugin.load import load_plugin
from packager.plugin.new_plugin import (
    AUTHOR,
    TEMPLATES,
    NewPlugin,
    check_author,
    check_label,
    check_name,
    write_new,
)
from packager.settings.unset import toml_key

_IGNORED = f"{LOCAL_SETTINGS}\n.env\nbuild/\n__pycache__/\n"
_LOCAL = "# Values for `packager serve` and `packager invoke`: never in a bundle, nor in git.\n"


@click.command()
@click.argument("name", required=False)
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    help="What it begins as: a webhook of GitHub's, a bot in Slack or Telegram that a Dify app "
    "answers for, an app as a tool of the Model Context Protocol, or behind OpenAI's API, or what "
    "happens at GitHub as the start of workflows. "
    "Without a terminal: webhook.",
)
@click.option("--here", is_flag=True, help="Write into the folder you are in, which names it.")
@click.option("--label", metavar="TEXT", help="What people call it; made of NAME by default.")
@click.option("--author", metavar="NAME", help="Who publishes it in Dify: a-z, 0-9, _ and -.")
@click.option("--runtime", type=RUNTIME, help="The Python it is for, in Dify and on Lambda.")
def init(
    name: str | None,
    template: str | None,
    here: bool,
    label: str | None,
    author: str | None,
    runtime: str | None,
) -> None:
    """Make a new plugin in the folder NAME, which checks, builds, serves and also runs in Dify.

    On a terminal what is not said is asked for. The plugin is an example's own code: it has tests,
    a README, an icon, and labels in two languages. settings.local.toml, which stays on this
    machine, gets secrets to try it with. Files that are there already are never overwritten.

    \b
    Examples:
      packager init my_hooks
      packager init my_bot --template telegram --author me
      mkdir my_bot && cd my_bot && packager init --here --template slack
    """
    if name is None:
        name = _own_name() if here else _asked("The plugin's name", None, check_name)
    check_name(name)
    plugin = NewPlugin(
        name=name,
        template=template or _asked_template(),
        label=label
        or _asked("What people call it", re.sub(r"[_-]+", " ", name).title(), check_label),
        author=author or _asked("Author, in Dify", _user(), check_author),
        runtime=runtime or Options().runtime,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    folder = Path() if here else Path(name)
    files = write_new(plugin, folder, {each: schema_text(each) for each in SCHEMAS})
    _write_local(folder)
    write(f"{folder / 'manifest.yaml'} and {counted(len(files) - 1, 'other file')}\n")
    write(
        ("" if here else f"\n  cd {name}\n")
        + ("\n" if here else "")
        + "  packager check              # what is wrong, with file and line\n"
        "  packager serve --fake-dify  # on this machine\n"
        "  packager build -o build     # for Lambda: README.md and docs/tutorial.md go on\n"
    )


def _write_local(folder: Path) -> None:
    """Write what stays on this machine: secrets to try the plugin with, and that git ignores it."""
    plugin = load_plugin(folder, Diagnostics())
    if plugin is None:  # an example is at fault, and `packager check` says which way
        return
    lines = [
        f'{toml_key(setting.name)} = "{secrets.token_hex(16)}"\n'
        for group in plugin.groups
        for setting in group.settings
        if setting.type == "secret-input"
    ]
    local = folder / LOCAL_SETTINGS
    if not local.exists():
        local.write_text(f"{_LOCAL}[settings]\n{''.join(lines)}", "utf-8")
        local.chmod(0o600)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text(_IGNORED, "utf-8")


def _own_name() -> str:
    return re.sub(r"[^a-z0-9_-]+", "_", Path.cwd().name.lower()).strip("_-")


def _title(name: str) -> str:
    return re.sub(r"[_-]+", " ", name).title()


def _user() -> str:
    try:
        user = re.sub(r"[^a-z0-9_-]+", "-", getpass.getuser().lower()).strip("-")
    except (KeyError, OSError):  # an id without a name
        user = ""
    return user if AUTHOR.fullmatch(user) else "me"


def _asked_template() -> str:
    first = next(iter(TEMPLATES))
    if not sys.stdin.isatty():
        return first
    text = f"What it begins as ({', '.join(TEMPLATES)})"
    while (answer := shown_prompt(text, first)) not in TEMPLATES:
        text = f"One of {', '.join(TEMPLATES)}"
    return answer


def _asked(text: str, default: str | None, check: Callable[[str], None]) -> str:
    """Ask for what was not said, again where `check` raises `UsageError` for the answer; without a
    terminal it is `default`, or a wrong use."""
    if not sys.stdin.isatty():
        if default is None:
            raise UsageError("say the plugin's name: packager init NAME, or --here")
        return default
    while True:
        answer = shown_prompt(text, default)
        try:
            check(answer)
        except UsageError as refused:
            show_error(refused)
        else:
            return answer
