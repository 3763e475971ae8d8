"""Reads Lambda's REPORT lines: how long requests and inits took in an account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packager.dataclass import dataclass
from packager.errors import Diagnostics, Place
from packager.estimate.durations import LONGEST
from packager.inputs.bounded_file import read_bounded

# "Using CloudWatch Logs with Lambda": fields are apart by tabs, in a file also by spaces.
_FIELD = re.compile(
    r"(?<!Billed )(?<!Init )(?<!Restore )"
    r"(Duration|Billed Duration|Init Duration|Restore Duration|Memory Size|Max Memory Used)"
    r": ([0-9]+(?:\.[0-9]+)?) (?:ms|MB)"
)
_REPORT = re.compile(r"REPORT RequestId: (\S+)([^\n]*)")
_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Report:
    """What one invocation took, in ms, and MiB; `init` of a cold start, `restore` of SnapStart's.

    `billed` contains the init, since August 2025.
    """

    duration: float
    billed: float | None
    memory: int | None
    used: int | None
    init: float | None = None
    restore: float | None = None

    @property
    def is_cold(self) -> bool:
        """Whether it began with a new environment."""
        return self.init is not None or self.restore is not None


def read_reports(path: Path, diagnostics: Diagnostics) -> tuple[Report, ...]:
    """Return the REPORT lines in the file at `path`, as text or as JSON log events hold them.

    A file without any is an error.
    """
    content = read_bounded(path, str(path), diagnostics, _MOST_BYTES)
    if content is None:
        return ()
    reports = tuple(reports_in(content.decode("utf-8", "replace")))
    if not reports:
        diagnostics.error(
            "invalid-value",
            "holds no REPORT line of Lambda's",
            Place(str(path)),
            hint="packager logs --stack NAME --report > FILE writes them",
        )
    return reports


def reports_in(text: str) -> Iterator[Report]:
    """Yield what Lambda's log says of invocations, with log format Text or JSON."""
    for match in _REPORT.finditer(text):
        fields = {name: float(value) for name, value in _FIELD.findall(match[2])}
        if "Duration" in fields:
            yield from _report(
                fields["Duration"],
                fields.get("Billed Duration"),
                fields.get("Memory Size"),
                fields.get("Max Memory Used"),
                fields.get("Init Duration"),
                fields.get("Restore Duration"),
            )
    for line in text.splitlines():
        if "platform.report" in line:
            yield from _from_json(line)


def _from_json(line: str) -> Iterator[Report]:
    """Yield the report in a line of log format JSON ("platform.report" of the Telemetry API)."""
    start = line.find("{")
    try:
        event, _ = json.JSONDecoder().raw_decode(line[max(start, 0) :])
    except (ValueError, RecursionError):
        return
    record = event.get("record") if isinstance(event, dict) else None
    metrics = record.get("metrics") if isinstance(record, dict) else None
    if not isinstance(metrics, dict):
        return
    numbers: dict[str, Any] = {
        name: value
        for name, value in metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if "durationMs" in numbers:
        yield from _report(
            numbers["durationMs"],
            numbers.get("billedDurationMs"),
            numbers.get("memorySizeMB"),
            numbers.get("maxMemoryUsedMB"),
            numbers.get("initDurationMs"),
            numbers.get("restoreDurationMs"),
        )


def _report(
    duration: float,
    billed: float | None,
    memory: float | None,
    used: float | None,
    init: float | None,
    restore: float | None,
) -> Iterator[Report]:
    """Yield the report; nothing for one with a number that Lambda never writes."""
    numbers = (duration, billed, memory, used, init, restore)
    if all(each is None or 0 <= each <= LONGEST for each in numbers):
        yield Report(
            float(duration),
            billed,
            None if memory is None else int(memory),
            None if used is None else int(used),
            init,
            restore,
        )
