"""When schedules are due, as EventBridge Scheduler has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from packager.model.events import ScheduleEvent
from packager.serve.clock import is_due

START = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def due(expression: str, timezone: str | None = None, days: int = 70) -> list[str]:
    """The days (or times) on which it is, of the first ones of 2026."""
    event = ScheduleEvent(path="/tick", expression=expression, timezone=timezone)
    hours = (START + timedelta(hours=hour) for hour in range(24 * days))
    return [
        f"{hour:%m-%dT%H}"
        for hour in hours
        if is_due(event, hour - timedelta(minutes=1), hour, START)
    ]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("cron(0 8 1 * ? *)", ["01-01T08", "02-01T08", "03-01T08"]),
        ("cron(0 8 L * ? *)", ["01-31T08", "02-28T08"]),
        ("cron(0 8 L-2 * ? *)", ["01-29T08", "02-26T08"]),
        ("cron(0 8 LW * ? *)", ["01-30T08", "02-27T08"]),
        ("cron(0 8 1W * ? *)", ["01-01T08", "02-02T08", "03-02T08"]),
        ("cron(0 8 ? * 6#1 *)", ["01-02T08", "02-06T08", "03-06T08"]),
        ("cron(0 8 ? * FRIL *)", ["01-30T08", "02-27T08"]),
        ("cron(0 0,12 ? JAN MON-TUE *)", [
            f"01-{day:02}T{hour:02}" for day in (5, 6, 12, 13, 19, 20, 26, 27) for hour in (0, 12)
        ]),
        ("cron(0 */12 31 1 ? 2026)", ["01-31T00", "01-31T12"]),
        ("cron(30 8 * * ? *)", []),
        ("cron(0 8 * * ? 2027)", []),
        ("at(2026-02-03T04:00:00)", ["02-03T04"]),
    ],
)  # fmt: skip
def test_due(expression: str, wanted: list[str]) -> None:
    assert due(expression) == wanted


def test_in_a_time_zone() -> None:
    assert due("cron(0 8 1 * ? *)", "Europe/Berlin") == ["01-01T07", "02-01T07", "03-01T07"]
    assert due("at(2026-02-03T04:00:00)", "Asia/Tokyo") == ["02-02T19"]


def test_a_rate_counts_from_the_start() -> None:
    event = ScheduleEvent(path="/tick", expression="rate(5 minutes)")
    times = [START + timedelta(seconds=second) for second in range(0, 1000, 10)]
    found = [
        (now - START).seconds
        for now in times[1:]
        if is_due(event, now - timedelta(seconds=10), now, START)
    ]
    assert found == [300, 600, 900]
    assert is_due(event, START, START + timedelta(hours=1), START)  # after a sleep: once
