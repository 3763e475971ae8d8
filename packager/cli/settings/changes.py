"""Writes values to AWS, and tells what that changes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from packager.cli.console import write, write_json
from packager.errors import Diagnostics
from packager.formatting import columns
from packager.settings.aws import Aws
from packager.settings.push import Push
from packager.settings.writes import Change, Value


def push_values(
    values: Sequence[Value],
    diagnostics: Diagnostics,
    dry_run: bool,
    make_aws: Callable[[], Aws],
    form: str,
) -> None:
    """Write `values` unless it is a `dry_run`; return what changes, raise what is wrong first."""
    push = Push(values, diagnostics)
    diagnostics.raise_errors()
    aws = make_aws()
    changes = push.compare(aws)
    if not dry_run:
        push.write(aws)
    if form == "json":
        facts = [asdict(change) for change in changes]
        write_json({"region": aws.region, "written": not dry_run, "changes": facts})
    else:
        write(_listing(changes, dry_run))


def _listing(changes: Sequence[Change], dry_run: bool) -> str:
    words = {"create": "created", "change": "changed", "keep": "as it was", "remove": "removed"}
    if dry_run:
        words = {action: f"would be {word}" for action, word in words.items()}
        words["keep"] = "as it is"
    rows = [(each.setting, each.where, words[each.action]) for each in changes]
    return columns(rows) if rows else "nothing to write\n"
