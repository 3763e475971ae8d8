"""Any event at all, in the short: tests/soak/test_events.py does it a million times."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.runtime.event_fuzz import LARGE, Event, Fuzz, events, large

FUZZ = Fuzz()


@settings(deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
@given(event=events())
def test_any_event(event: Event) -> None:
    FUZZ.check(event)


@pytest.mark.parametrize("title", LARGE)
def test_a_large_event_is_answered_in_time(title: str) -> None:
    """A second for 100 KB, whatever of it is large."""
    FUZZ.check(large(title, 100_000))
