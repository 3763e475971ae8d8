"""`packager doctor` and `packager logs`: functions as they are deployed."""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from packager.cli.console import say, write, write_exactly, write_json
from packager.cli.options import aws_options, format_option, plugins_argument
from packager.cli.plans import planned
from packager.cli.terminal import shown
from packager.deployed.drift import find_drift
from packager.deployed.logs import LogLine, log_groups, read_logs
from packager.deployed.stack import read_stack
from packager.errors import Diagnostics, PackagerError, UsageError
from packager.formatting import counted
from packager.settings.aws import Aws

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_POLL_SECONDS = 2.0
_LATE_MS = 10_000  # that an event may come after later ones
stack_option = click.option("--stack", metavar="NAME", required=True, help="The deployed stack.")


@click.command()
@plugins_argument
@stack_option
@aws_options
@format_option
def doctor(
    plugins: tuple[Path, ...], stack: str, profile: str | None, region: str | None, form: str
) -> None:
    """Compare deployed functions with what their configuration says.

    Found are properties that differ, variables, parameters and secrets that are missing, runtimes
    that end, function URLs that lack a permission or can't stream, and roles that were widened by
    hand. Nothing is changed, and no secret is read. Exit code 1 if anything is found.

    \b
    Examples:
      packager doctor plugins/neko --stack prod
      packager doctor plugins/* --stack prod --format json
    """
    diagnostics = Diagnostics()
    with planned(plugins, diagnostics, {}) as plans:
        diagnostics.raise_errors()
        aws = Aws(profile, region)
        found = find_drift(plans, read_stack(stack, aws), aws, datetime.now(UTC).date())
        functions = len(plans)
    if form == "json":
        write_json({"stack": stack, "findings": [asdict(each) for each in found]})
    for each in found if form == "text" else ():
        hint = f"\n  {each.hint}" if each.hint else ""
        write(f"{each.function}: {each.message} [{each.kind}]{hint}\n")
    if found:
        raise PackagerError(f"{counted(len(found), 'finding')} in the stack {stack}")
    say(f"{counted(functions, 'function')} as configured in the stack {stack}")


@click.command()
@stack_option
@click.option("--function", metavar="ID", help="One function's; by default all of the stack's.")
@click.option(
    "--since", default="10m", show_default=True, metavar="SPAN", help="From how long ago: 30s, 2h."
)
@click.option("--filter", "pattern", metavar="PATTERN", help="CloudWatch's filter pattern.")
@click.option("--report", is_flag=True, help="Lambda's REPORT lines alone, for estimate.")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@aws_options
def logs(
    stack: str,
    function: str | None,
    since: str,
    pattern: str | None,
    report: bool,
    follow: bool,
    profile: str | None,
    region: str | None,
) -> None:
    """Write the log of deployed functions to stdout.

    \b
    Examples:
      packager logs --stack prod --since 1h --filter ERROR
      packager logs --stack prod --function NekoFunction --follow
      packager logs --stack prod --since 7d --report > lambda.log
    """
    start = int((time.time() - read_span(since)) * 1000)
    if report:
        if pattern:
            raise UsageError("--report is a filter itself", hint="leave out --filter")
        pattern = '?"REPORT RequestId" ?"platform.report"'
    aws = Aws(profile, region)
    groups = log_groups(read_stack(stack, aws), function)
    if not groups:
        what = f"the function {function}" if function else "functions"
        raise UsageError(f"the stack {stack} has no log group of {what}")
    names = list(groups.values())
    seen: set[str] = set()
    while True:
        for line in read_logs(names, aws, start, pattern):
            if line.id not in seen:
                seen.add(line.id)
                start = max(start, line.time - _LATE_MS)
                _show(line, several=len(names) > 1)
        if not follow:
            if not seen:
                what = f" that fits {pattern}" if pattern else ""
                say(f"there is no line{what} of the last {since}")
            return
        time.sleep(_POLL_SECONDS)


def read_span(text: str) -> float:
    """Return the seconds that `30s`, `10m`, `2h` or `7d` are; raise `UsageError` for else."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([smhd])", text.strip())
    if not match:
        raise UsageError(f"a span is a number and s, m, h or d, not {text!r}", hint="30s, 10m, 2h")
    return float(match[1]) * _UNITS[match[2]]


def _show(line: LogLine, *, several: bool) -> None:
    group = f"{line.group.rpartition('/')[2]} " if several else ""
    write_exactly(shown(f"{group}{line.text.rstrip()}") + "\n")
