"""Whether something takes too long, on whatever machine, and however busy it is.

What is measured is the CPU time of this thread. Other processes cost some of it, too, by caches and
cores that are shared, and other machines by a processor that is: hence the comparison with a
reference, which is taken on both sides of a call, as what else runs comes and goes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

REFERENCE = 0.03  # seconds of `_reference` on a quiet machine
TRIES = 3  # what is slow by itself is so each time


class TooSlow(AssertionError):
    """Something takes longer than it may."""


def soon(allowed: float, what: str, call: Callable[[], object]) -> None:
    """Make a call that may be repeated; raise `TooSlow` if each time it takes too long.

    `allowed` are seconds of CPU time on a quiet machine.
    """
    took, before = 0.0, 1.0
    for _ in range(TRIES):
        took = _time_of(call)
        after = slowness(took > allowed)
        if took <= allowed * max(before, after):
            return
        before = after
        gc.collect()  # what earlier calls have left is not this one's to pay for
    raise TooSlow(f"{what} took {took:.1f} s, and may take {allowed:.1f}")


def slowness(measure: bool = True) -> float:
    """Return how many times longer than a quiet one this machine takes now, at least 1."""
    return max(1.0, _time_of(_reference) / REFERENCE) if measure else 1.0


def _time_of(call: Callable[[], object]) -> float:
    started = time.thread_time()
    call()
    return time.thread_time() - started


def _reference() -> None:
    total, table = 0, {}
    for number in range(250_000):
        total += number % 7
        table[number & 1023] = total
