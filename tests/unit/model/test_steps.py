from __future__ import annotations

import pytest

from packager.model.steps import Stopwatch, measured, step


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("packager.model.steps.time.perf_counter", lambda: now[0])
    return now


def test_a_step_in_another_counts_for_itself(clock: list[float]) -> None:
    told: list[str] = []
    with measured(Stopwatch(told.append, began=0.0)) as stopwatch:
        clock[0] = 1.0
        for _ in range(2):
            with step("outer"):
                clock[0] += 1.0
                with step("inner"):
                    clock[0] += 10.0
                clock[0] += 100.0
    assert stopwatch.seconds == {"outer": 202.0, "inner": 20.0}
    assert stopwatch.rest == 1.0
    assert told == ["outer", "inner", "outer"] * 2


def test_a_step_that_fails_is_measured_too(clock: list[float]) -> None:
    with measured(Stopwatch(began=0.0)) as stopwatch, pytest.raises(KeyError), step("failing"):
        clock[0] = 3.0
        raise KeyError
    with step("measured by nobody"):
        clock[0] = 5.0
    assert stopwatch.seconds == {"failing": 3.0}
