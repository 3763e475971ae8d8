"""Reads what requests came: times, counts of stretches of time, or CloudWatch's own answers."""

from __future__ import annotations

import json
import math
import re
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from packager.errors import Diagnostics, Place
from packager.estimate.traffic import MOST_REQUESTS, Traffic, requests
from packager.inputs.bounded_file import read_bounded

_HEADER = re.compile(r"\s*time\s*(,\s*requests\s*)?")
# Later than any time in seconds: it is one in milliseconds.
_MILLISECONDS = 100_000_000_000
_LAST = 253_402_300_800  # seconds: the year 10000 begins
_MOST_BYTES = 1 << 30
_MOST_FAULTS = 20

Count = tuple[float, float]  # a time in seconds, and how many requests came then or from then on


def read_traffic(path: Path, diagnostics: Diagnostics, *, seed: int = 1) -> Traffic | None:
    """Return the requests that the file at `path` tells of; None after a fault.

    It has one time on each line (one request each), or lines `time,requests` (so many from that
    time to the next), under a heading that says so or not; or it is the JSON that `aws cloudwatch
    get-metric-statistics` or `get-metric-data` write of a sum. A time is ISO 8601, or seconds
    since 1970 or any other moment, or milliseconds since 1970.
    """
    content = read_bounded(path, str(path), diagnostics, _MOST_BYTES)
    if content is None:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        diagnostics.error("not-utf8", "is not UTF-8", Place(str(path), line))
        return None
    before = len(diagnostics.errors)
    if text.lstrip().startswith("{"):
        counts, single = _from_json(text, path, diagnostics), False
    else:
        counts, single = _from_lines(text, path, diagnostics)
    if len(diagnostics.errors) > before:
        return None
    counts.sort()
    total = round(sum(count for _, count in counts))
    if not total or total > MOST_REQUESTS:
        what = "tells of no request" if not total else f"tells of {requests(total)}"
        hint = None if not total else f"{MOST_REQUESTS:,} can be simulated: take a part of it"
        diagnostics.error("invalid-value", what, Place(str(path)), hint=hint)
        return None
    label = f"{requests(total)} of {path.name}"
    return _single(counts, label) if single else _spread(counts, label, seed)


def _single(counts: Sequence[Count], label: str) -> Traffic:
    start = counts[0][0]
    times = array("d", (at - start for at, _ in counts))
    # The last one comes as long before the end as they are apart.
    seconds = times[-1] + (times[-1] / (len(times) - 1) if times[-1] else 1.0)
    return Traffic(times, seconds, label)


def _spread(counts: Sequence[Count], label: str, seed: int) -> Traffic:
    """Return the requests of each stretch at random moments of it."""
    random = Random(f"arrivals {seed}")  # noqa: S311 - not for secrets
    start = counts[0][0]
    gaps = [b[0] - a[0] for a, b in pairwise(counts) if b[0] > a[0]]
    usual = min(gaps, default=60.0)
    times: list[float] = []
    due = 0.0  # averages need not be whole: a part of a request is one later
    for number, (at, count) in enumerate(counts):
        length = counts[number + 1][0] - at if number + 1 < len(counts) else usual
        # A gap in a file that leaves out stretches without requests is not one long stretch.
        length = min(length, usual)
        due += count
        whole = round(due) - len(times)
        times += [at - start + random.random() * length for _ in range(whole)]
    times.sort()
    return Traffic(array("d", times), counts[-1][0] - start + usual, label)


def _from_lines(text: str, path: Path, diagnostics: Diagnostics) -> tuple[list[Count], bool]:
    counts: list[Count] = []
    fields = None
    faults = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#") or (not counts and _HEADER.fullmatch(line)):
            continue
        parts = [part.strip() for part in line.split(",")]
        fields = fields or len(parts)
        at = _time(parts[0])
        count = _count(parts[1]) if len(parts) == 2 else 1.0
        if at is None or count is None or len(parts) != fields or fields > 2:
            faults += 1
            if faults <= _MOST_FAULTS:
                diagnostics.error(
                    "invalid-value",
                    f"is neither a time nor `time,requests`: {line[:60]!r}",
                    Place(str(path), number, 1),
                    hint="a time is 2026-11-29T08:00:00Z, or seconds, or milliseconds since 1970",
                )
            continue
        counts.append((at, count))
    return counts, fields != 2


def _from_json(text: str, path: Path, diagnostics: Diagnostics) -> list[Count]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
        diagnostics.error("invalid-value", "is not valid JSON", Place(str(path), line, column))
        return []
    counts: list[Count] = []
    for at, count in _points(values):
        when, many = _time(at), _count(count)
        if when is None or many is None:
            diagnostics.error(
                "invalid-value",
                f"has a time or a sum that is none: {str(at)[:40]!r}, {str(count)[:40]!r}",
                Place(str(path)),
            )
            return []
        counts.append((when, many))
    if not counts:
        diagnostics.error(
            "invalid-value",
            "is not what CloudWatch answers with a sum: it has no Datapoints or MetricDataResults",
            Place(str(path)),
            hint="aws cloudwatch get-metric-statistics --metric-name Invocations --statistics Sum",
        )
    return counts


def _points(values: Any) -> Iterator[tuple[Any, Any]]:
    """Yield times and sums of what `get-metric-statistics` or `get-metric-data` answers."""
    for point in _list(values, "Datapoints"):
        if isinstance(point, dict):
            yield point.get("Timestamp"), point.get("Sum")
    for result in _list(values, "MetricDataResults"):
        yield from zip(_list(result, "Timestamps"), _list(result, "Values"), strict=False)


def _list(parent: Any, key: str) -> list[Any]:
    found = parent.get(key) if isinstance(parent, dict) else None
    return found if isinstance(found, list) else []


def _time(value: Any) -> float | None:
    """Return a time in seconds; None for what is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        pass
    else:
        seconds = number / 1000 if abs(number) >= _MILLISECONDS else number
        return seconds if abs(seconds) <= _LAST else None  # nan is none either
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _count(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
