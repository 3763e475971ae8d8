"""Says when schedules are due, and sends what they send while a server runs.

Source: EventBridge Scheduler's user guide, "Schedule types" and "Time zones".
"""

from __future__ import annotations

import asyncio
import calendar
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packager.model.events import ScheduleEvent
from packager.serve.bench import Bench

_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def is_due(event: ScheduleEvent, before: datetime, now: datetime, started: datetime) -> bool:
    """Whether a schedule has a time after `before`, and no later than `now`.

    All three have a time zone; a rate counts from `started`. Times that a change of clocks leaves
    out come right after it.
    """
    kind, _, rest = event.expression.rstrip(")").partition("(")
    if kind == "rate":
        number, unit = rest.split()
        period = timedelta(seconds=int(number) * _SECONDS[unit.removesuffix("s")])
        return (now - started) // period > max(timedelta(), before - started) // period
    zone = _zone(event.timezone)
    if kind == "at":
        at = datetime.fromisoformat(rest).replace(tzinfo=zone)
        return before < at <= now
    return any(_matches(rest.split(), minute) for minute in _minutes(before, now, zone))


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _minutes(before: datetime, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the whole minutes after `before` and up to `now`, as clocks there show them."""
    minute = before.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= now:
        yield minute.astimezone(zone)
        minute += timedelta(minutes=1)


def _matches(fields: list[str], when: datetime) -> bool:
    minutes, hours, day, month, weekday, year = (field.upper() for field in fields)
    return (
        _has(minutes, when.minute)
        and _has(hours, when.hour)
        and _has(month, when.month, _MONTHS, 1)
        and _has(year, when.year)
        and (day == "?" or any(_is_day(part, when) for part in day.split(",")))
        and (weekday == "?" or any(_is_weekday(part, when) for part in weekday.split(",")))
    )


def _has(field: str, value: int, words: tuple[str, ...] = (), first: int = 0) -> bool:
    """Whether one of a field's parts (`5`, `1-5`, `*/10`, `MON-FRI`) has the value."""

    def number(text: str) -> int:
        return words.index(text) + first if text in words else int(text)

    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            low, high = first, value
        else:
            start, dash, end = span.partition("-")
            low = number(start)
            high = number(end) if dash else (value if step else low)
        wraps = low > high  # FRI-MON
        within = (value >= low or value <= high) if wraps else low <= value <= high
        if within and (value - low) % int(step or 1) == 0:
            return True
    return False


def _is_day(part: str, when: datetime) -> bool:
    last = calendar.monthrange(when.year, when.month)[1]
    if part == "L":
        return when.day == last
    if part.startswith("L-"):
        return when.day == last - int(part[2:])
    if part == "LW":
        return when.day == _nearest_weekday(when, last)
    if re.fullmatch(r"\d+W", part):
        wanted = int(part[:-1])
        return wanted <= last and when.day == _nearest_weekday(when, wanted)
    return _has(part, when.day, (), 1)


def _nearest_weekday(when: datetime, day: int) -> int:
    """Return the day from Monday to Friday that is nearest to a day, in its month."""
    last = calendar.monthrange(when.year, when.month)[1]
    weekday = when.replace(day=day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _is_weekday(part: str, when: datetime) -> bool:
    """Whether a part of the field day-of-week, where Sunday is 1, has the day."""
    today = (when.weekday() + 1) % 7 + 1
    last = calendar.monthrange(when.year, when.month)[1]
    if part == "L":
        return today == 7
    if part.endswith("L"):
        name = part[:-1]
        wanted = _DAYS.index(name) + 1 if name in _DAYS else int(name)
        return today == wanted and when.day + 7 > last
    if "#" in part:
        name, _, nth = part.partition("#")
        wanted = _DAYS.index(name) + 1 if name in _DAYS else int(name)
        return today == wanted and (when.day - 1) // 7 + 1 == int(nth)
    return _has(part, today, _DAYS, 1)


async def run_schedules(bench: Bench, now: Callable[[], datetime], seconds: float = 1.0) -> None:
    """Send what schedules send, whenever they are due, looking every `seconds`."""
    started = before = now()
    while True:
        await asyncio.sleep(seconds)
        moment = now()
        for function in bench.functions:
            for event in function.events:
                if isinstance(event, ScheduleEvent) and is_due(event, before, moment, started):
                    await bench.send_event(function, event, None)
        before = moment
