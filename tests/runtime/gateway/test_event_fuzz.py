"""Any event at all, in the short: tests/soak/test_events.py does it a million times."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings

from endpoint_runtime.gateway.environ import environ_of
from endpoint_runtime.gateway.unknown_events import source_of
from tests.support.event_fuzz import LARGE, Event, Fuzz, events, large

FUZZ = Fuzz()


@settings(max_examples=300)
@given(event=events())
def test_any_event(event: Event) -> None:
    FUZZ.check(event)


@pytest.mark.parametrize("title", LARGE)
def test_a_large_event_is_answered_in_time(title: str) -> None:
    """A second for 100 KB, whatever of it is large."""
    FUZZ.check(large(title, 100_000))


def test_a_resource_is_not_filled_in_to_any_length() -> None:
    """Of 100 KB it once made 140 MB, of a megabyte 14 GB."""
    event = large("resource", 100_000)
    tracemalloc.start()
    try:
        environ_of(event, None, source_of(event))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 5_000_000
