"""Where tests keep files, and what garbage collection passes over: both cost CPU in every test."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis.strategies import none

FREE = 6 << 30  # bytes; a run of everything takes some 3 GB
SELDOM = 20_000  # objects that came since garbage was collected last; 700 took a tenth of the time


def temporary_root() -> Path | None:
    """Return a folder in memory for temporary files, if the machine has one with room.

    A run makes half a million small files, and removes them again: on a disk that is a quarter of
    its CPU time.
    """
    folder = Path("/dev/shm")
    try:
        system = os.statvfs(folder)
    except OSError:
        return None
    if system.f_flag & (os.ST_NOEXEC | os.ST_RDONLY) or not os.access(folder, os.W_OK):
        return None
    return folder if system.f_bavail * system.f_frsize >= FREE else None


def collect_nothing_yet() -> None:
    """Look for no garbage while modules are imported and tests made: a fifth of that time."""
    gc.disable()


@settings(max_examples=1, database=None, deadline=None)
@given(none())
def _begin_hypothesis(_: None) -> None:
    """Have Hypothesis make its generator of random numbers, and look who else has it."""


def keep_out_of_collections() -> None:
    """Let garbage collections pass over what is there now: modules and thousands of tests.

    Hypothesis asks the collector who refers to its generator, when it uses it first, and warns if
    nobody does. What is passed over is not found, so that is done before. (Before Python 3.14 it
    was found: a dict of None and texts was not the collector's until something else came into it.)
    """
    _begin_hypothesis()  # which collects garbage, too
    gc.freeze()
    gc.set_threshold(SELDOM)
    gc.enable()
