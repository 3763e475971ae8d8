"""Starts functions cold and warm in an account, and reads how long Lambda says it took."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from benchmarks.aws.stack import settled
from packager.estimate.report_lines import Report, reports_in

Reports = dict[str, list[Report]]
WARM = 10  # requests after each cold one


class NoReport(RuntimeError):
    """An invocation failed, or its log has no REPORT line."""


def force_cold(client: Any, function: str, number: int) -> None:
    """Change a function's description: Lambda gives it new environments."""
    client.update_function_configuration(FunctionName=function, Description=f"start {number}")
    settled(client, function)


def invoke(client: Any, function: str, event: Any) -> Report:
    """Invoke a function and return what the REPORT line of its log says."""
    answer = client.invoke(
        FunctionName=function, LogType="Tail", Payload=json.dumps(event).encode()
    )
    tail = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    if answer.get("FunctionError"):
        raise NoReport(f"{function} failed: {answer['Payload'].read()[:300]!r}\n{tail}")
    reports = [*reports_in(tail)]
    if not reports:
        raise NoReport(f"the log of {function} has no REPORT line: {tail!r}")
    return reports[-1]


def measure(
    client: Any,
    functions: Mapping[str, str],
    events: Mapping[str, Any],
    *,
    starts: int,
    say: Callable[[str], None] = lambda message: None,
) -> Reports:
    """Start each of `functions` (names by contender) cold `starts` times, in turn.

    After each cold request come `WARM` others. One whose environment was not new after all does not
    count as cold.
    """
    found: Reports = {name: [] for name in functions}
    for number in range(starts):
        for name, function in functions.items():
            say(f"start {number + 1} of {starts}: {name}")
            force_cold(client, function, number)
            found[name] += [invoke(client, function, events[name]) for _ in range(1 + WARM)]
    return found


def table(reports: Reports, baseline: str) -> str:
    """Return the medians as a table of Markdown, the ratio to that of `baseline`."""
    lines = [
        "| | init, ms | first request, ms | cold, ms | ratio | warm, ms | memory, MB | starts |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    base = _cold(reports[baseline]) if reports.get(baseline) else 0.0
    for name, found in sorted(reports.items(), key=lambda each: _cold(each[1])):
        cold = [each for each in found if each.is_cold]
        warm = [each.duration for each in found if not each.is_cold]
        if not cold:
            lines.append(f"| {name} | - | - | - | - | {_said(warm)} | - | 0 |")
            continue
        ratio = f"{_cold(found) / base:.2f}" if base else "-"
        used = max(each.used or 0 for each in found)
        lines.append(
            f"| {name} | {_said([each.init or 0 for each in cold])} | "
            f"{_said([each.duration for each in cold])} | {_cold(found):.1f} | {ratio} | "
            f"{_said(warm)} | {used} | {len(cold)} |"
        )
    return "\n".join(lines) + "\n"


def _cold(reports: list[Report]) -> float:
    times = [(each.init or 0.0) + each.duration for each in reports if each.is_cold]
    return median(times) if times else float("inf")


def _said(times: list[float]) -> str:
    return f"{median(times):.1f}" if times else "-"
