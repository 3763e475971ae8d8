"""Threads beside a build's steps, and their end."""

from __future__ import annotations

import os
from threading import Event, Timer

import pytest

from packager.host.meanwhile import meanwhile, on_all_processors


def test_what_is_done_meanwhile_is_done_by_the_end() -> None:
    done = Event()

    with meanwhile(done.set):
        pass

    assert done.is_set()


def test_what_goes_wrong_meanwhile_is_said_by_who_asks_for_it() -> None:
    def fail() -> None:
        raise OSError("no room")

    with meanwhile(fail):
        pass


def test_what_no_thread_has_begun_ends_with_a_signal() -> None:
    busy, free, begun = Event(), Event(), Event()

    def hold() -> None:
        busy.set()
        free.wait(60)

    with pytest.raises(KeyboardInterrupt), on_all_processors() as pool:
        for _ in range(os.cpu_count() or 1):
            pool.submit(hold)
        waiting = pool.submit(begun.set)
        assert busy.wait(60)
        Timer(0.1, free.set).start()
        raise KeyboardInterrupt

    assert waiting.cancelled() and not begun.is_set()
