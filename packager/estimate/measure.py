"""Measures how long a function's init phase and requests take on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from packager.estimate.durations import Measured
from packager.estimate.model import Times
from packager.profile.cpu_share import Limit, Unlimited, cpu_share
from packager.profile.facts import WHOLE_CPU_MIB
from packager.profile.run import status_of
from packager.profile.start import Function, served_requests

STARTS = 5
REQUESTS = 21  # of each start, the first among them

_Start = tuple[float, list[float], bytes]  # of `served_requests`
_Requests = tuple[Measured, Measured]  # the first one of an environment, and those after it


def measure_times(
    function: Function,
    memories: Sequence[int],
    progress: Callable[[str], None] = lambda message: None,
) -> tuple[dict[int, Times], int | None]:
    """Return what the function takes with each memory size (MiB), and the status of its reply.

    The init phase has a whole CPU, as on Lambda; requests are held to the share of one that the
    memory size brings (one CPU at most), where this machine can. Else they are scaled by it, as if
    all of it were CPU. Raises `InvocationFailed` if there is no reply.
    """
    served_requests(function, 1)  # fills the page cache
    # In a group of its own, as those with less are: on a busy machine such a group has more of it.
    served = _served(function, WHOLE_CPU_MIB, progress) or _starts(function, None, progress)
    starts = [times for _, times, _ in served]
    payload = served[-1][2]
    inits = Measured(tuple(init for init, _, _ in served))
    whole = _requests(starts)
    found: dict[int, Times] = {}
    for memory in memories:
        progress(f"with the CPU share of {memory} MB")
        (first, rest), how = _with_share(function, memory, whole)
        says = {"init": f"measured here, {STARTS} starts", "duration": how, "first": how}
        found[memory] = Times(rest, inits, first, says)
    return found, status_of(payload)


def _starts(
    function: Function, limit: Limit | None, progress: Callable[[str], None]
) -> list[_Start]:
    """Start a function `STARTS` times; return what each start and its requests took."""
    found = []
    for number in range(STARTS):
        progress(f"cold start {number + 1} of {STARTS}")
        found.append(served_requests(function, REQUESTS, limit))
    return found


def _served(
    function: Function, memory: int, progress: Callable[[str], None] = lambda message: None
) -> list[_Start]:
    """Do the same with the CPU share of a memory size; return nothing where there is no such."""
    try:
        with cpu_share(memory) as limit:
            if limit.prefix and memory == WHOLE_CPU_MIB:  # the init phase would be held to it, too
                return []
            return _starts(function, limit, progress)
    except Unlimited:
        return []


def cpu_part(memory: int) -> float:
    """Return how much of one CPU a function with `memory` MiB has; more than one counts as one."""
    return min(memory / WHOLE_CPU_MIB, 1.0)


def _requests(starts: Sequence[Sequence[float]]) -> _Requests:
    rest = tuple(time for times in starts for time in times[1:])
    return Measured(tuple(times[0] for times in starts)), Measured(rest)


def _with_share(function: Function, memory: int, whole: _Requests) -> tuple[_Requests, str]:
    """Return the times with the CPU share of a memory size, and how they were found."""
    if cpu_part(memory) == 1.0:
        return whole, f"measured here, {STARTS} x {REQUESTS} requests"
    served = _served(function, memory)
    if not served:
        factor = 1 / cpu_part(memory)
        scaled = whole[0].scaled(factor), whole[1].scaled(factor)
        return scaled, f"measured here with a whole CPU, times {factor:.1f}"
    share = f"{cpu_part(memory):.0%} of a CPU"
    starts = [times for _, times, _ in served]
    return _requests(starts), f"measured here with {share}, {STARTS} x {REQUESTS} requests"
