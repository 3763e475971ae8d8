"""`packager check`: everything that can be known without building."""

from __future__ import annotations

import os
from pathlib import Path

import click

from packager.cli.console import (
    diagnostic_facts,
    echo,
    show_diagnostics,
    write,
    write_json,
)
from packager.cli.faults.github import github_commands
from packager.cli.options import (
    override_options,
    overrides,
    plugins_argument,
    strict_option,
)
from packager.cli.plans import plan_facts, planned
from packager.errors import Diagnostics, InvalidInput
from packager.formatting import counted
from packager.model.permissions import Permissions
from packager.plugin.build_asks import warn_of_asks
from packager.plugin.ignored_warnings import drop_ignored
from packager.settings.choices import warn_of_choices
from packager.settings.unset import warn_of_inner_api, warn_of_visible


@click.command()
@plugins_argument
@override_options
@strict_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How the result is written; json and github (annotations of a workflow) go to stdout.",
)
def check(
    plugins: tuple[Path, ...],
    runtime: str | None,
    arch: str | None,
    memory: int | None,
    timeout: int | None,
    strict: bool,
    form: str,
) -> None:
    """Find what is wrong with plugins, without building or fetching anything.

    What a build refuses until an option of `packager build` allows it is a warning.

    Faults are written as FILE:LINE:COLUMN to stderr, on a terminal with the line. The exit code is
    2 if there is an error, and 0 if there are warnings alone, unless --strict. A comment
    `# packager: ignore[CODE]` at its line silences a warning; docs/diagnostics.md has the codes.

    \b
    Examples:
      packager check plugins/neko
      packager check plugins/*/ --format json
      packager check --strict --format github    # for CI
    """
    diagnostics = Diagnostics()
    with planned(plugins, diagnostics, overrides(runtime, arch, memory, timeout)) as plans:
        warn_of_visible(plans, diagnostics)
        warn_of_inner_api(plans, diagnostics)
        warn_of_choices(plans, diagnostics)
        warn_of_asks(plans, Permissions.of_environment(os.environ), diagnostics)
        drop_ignored(diagnostics, (plan.plugin.folder for plan in plans))
        diagnostics.refuse_broken()
        if form == "json":
            facts = [diagnostic_facts(diagnostic) for diagnostic in diagnostics.all]
            write_json({"functions": [plan_facts(plan) for plan in plans], "diagnostics": facts})
        elif form == "github":
            write(github_commands(diagnostics.all))
        else:
            show_diagnostics(diagnostics.all, excerpts=True)
    if diagnostics.errors or (strict and diagnostics.warnings):
        if form == "text":
            found = counted(len(diagnostics.errors), "error")
            echo(f"{found}, {counted(len(diagnostics.warnings), 'warning')}")
        click.get_current_context().exit(InvalidInput.exit_code)
    if form == "text":
        routes = sum(len(plan.group.endpoints) for plan in plans)
        write(
            f"{counted(len(plugins), 'plugin')}, {counted(len(plans), 'function')}, "
            f"{counted(routes, 'route')}: no errors, "
            f"{counted(len(diagnostics.warnings), 'warning')}\n"
        )
