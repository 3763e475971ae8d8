"""Reads the log of deployed functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packager.dataclass import dataclass
from packager.deployed.stack import Stack
from packager.sam.names import ResourceNames
from packager.settings.aws import Aws, error_code, explained


@dataclass(frozen=True, slots=True)
class LogLine:
    """An event of the log: `time` in ms since 1970; `group` is whose it is."""

    time: int
    group: str
    id: str
    text: str


def read_logs(
    groups: Sequence[str], aws: Aws, since: int, pattern: str | None = None
) -> Iterator[LogLine]:
    """Yield what log groups have since a moment (ms since 1970), in the order of time.

    `pattern` is CloudWatch's ("Filter pattern syntax"). A group that does not exist yet has none.
    """
    found: list[LogLine] = []
    for group in groups:
        with explained(f"the log group {group} can't be read"):
            try:
                found += _events(group, aws, since, pattern)
            except Exception as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise
    yield from sorted(found, key=lambda line: (line.time, line.group))


def _events(group: str, aws: Aws, since: int, pattern: str | None) -> Iterator[LogLine]:
    asked: dict[str, Any] = {"logGroupName": group, "startTime": since, "interleaved": True}
    if pattern:
        asked["filterPattern"] = pattern
    pages = aws.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(**asked):
        for event in page["events"]:
            yield LogLine(event["timestamp"], group, event["eventId"], event["message"])


def log_groups(stack: Stack, function: str | None) -> dict[str, str]:
    """Return the log groups of a stack's functions, by what they are called in the template."""
    groups = {
        name: physical
        for name, (physical, _) in stack.resources.items()
        if name.endswith("LogGroup")
    }
    if function is None:
        return groups
    own = ResourceNames(function).log_group
    if function == ResourceNames(front := function.removesuffix("Worker")).worker:
        own = ResourceNames(front).worker_log_group
    if function == ResourceNames(front := function.removesuffix("Renewer")).renewer:
        own = ResourceNames(front).renewer_log_group
    return {name: group for name, group in groups.items() if name == own}
