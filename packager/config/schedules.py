"""Checks when a schedule runs: rate(...), cron(...) or at(...), as EventBridge Scheduler has them.

Source: EventBridge Scheduler's user guide, "Schedule types".
"""

from __future__ import annotations

import re
from datetime import datetime

_MAX_LENGTH = 256  # characters (EventBridge Scheduler, CreateSchedule, ScheduleExpression)
_RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)s?|(?!1 )[1-9]\d{0,8} (?:minutes|hours|days))\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
# Each field: its name, the names it takes besides numbers, its lowest and highest number, and
# whatever else one part of it may be.
_FIELDS = (
    ("minutes", "", 0, 59, r"(?!)"),
    ("hours", "", 0, 23, r"(?!)"),
    ("day-of-month", "", 1, 31, r"\?|L|L-\d+|LW|\d+W"),
    ("month", _MONTHS, 1, 12, r"(?!)"),
    ("day-of-week", _DAYS, 1, 7, rf"\?|L|(?:\d|{_DAYS})L|(?:\d|{_DAYS})#[1-5]"),
    ("year", "", 1970, 2199, r"(?!)"),
)


def expression_problem(text: str) -> str | None:
    """Return what is wrong with a schedule's expression; None if nothing is."""
    if len(text) > _MAX_LENGTH:
        return f"expected at most {_MAX_LENGTH} characters, not {len(text)}"
    if text.startswith("rate("):
        if _RATE.fullmatch(text):
            return None
        return "expected a rate such as rate(1 hour) or rate(5 minutes)"
    if text.startswith("at("):
        at = _AT.fullmatch(text)
        try:
            datetime.fromisoformat(at[1] if at else "")
        except ValueError:
            return "expected a time such as at(2030-01-31T08:00:00)"
        return None
    cron = _CRON.fullmatch(text)
    if cron is None:
        return "expected rate(...), cron(...) or at(...)"
    return _cron_problem(cron[1].split())


def _cron_problem(parts: list[str]) -> str | None:
    if len(parts) != len(_FIELDS):
        names = ", ".join(name for name, *_ in _FIELDS)
        return f"expected six fields in cron(...), {names}, not {len(parts)}"
    for text, (name, words, low, high, special) in zip(parts, _FIELDS, strict=True):
        for part in text.upper().split(","):
            if re.fullmatch(special, part):
                continue
            one = rf"(?:\d+|{words})" if words else r"\d+"
            found = re.fullmatch(rf"(\*|{one}(?:-{one})?)(?:/(\d+))?", part)
            numbers = [int(number) for number in re.findall(r"\d+", found[1])] if found else []
            if found is None or found[2] == "0" or not all(low <= n <= high for n in numbers):
                return f"{part!r} is not valid as {name} of a cron expression"
    if (parts[2] == "?") == (parts[4] == "?"):
        return "expected ? for exactly one of day-of-month and day-of-week in cron(...)"
    return None
