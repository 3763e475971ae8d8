"""The requests that come: a synthetic load, or a file of what came once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from packager.dataclass import dataclass
from packager.errors import UsageError

MOST_REQUESTS = 20_000_000
_USUAL_REQUESTS = 1_000_000
_DAY = 86_400.0
_LEAST_SECONDS = 60.0
_MOST_BURSTS = 100_000  # that are simulated


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests: when each comes, in seconds from the start, of `seconds`, ascending and below
    it; `label` says whence."""

    times: Sequence[float]
    seconds: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Burst:
    """`rps` requests a second for `seconds`: every `every` seconds, or once, in the middle."""

    rps: float
    seconds: float
    every: float | None = None


def read_burst(text: str) -> Burst:
    """Return what `500:10` or `500:10:300` means; raise `UsageError` for anything else."""
    try:
        numbers = [float(each) for each in text.split(":")]
    except ValueError:
        numbers = []
    sound = all(math.isfinite(each) and each > 0 for each in numbers)
    if not sound or len(numbers) not in (2, 3):
        raise UsageError(
            f"a burst is requests a second and seconds, not {text!r}",
            hint="500:10 for 500 a second during 10 s; 500:10:300 for that every 300 s",
        )
    if numbers[2:] and numbers[2] <= numbers[1]:
        raise UsageError(f"the burst {text!r} comes again before it is over")
    return Burst(*numbers)


def synthetic_traffic(
    rps: float, bursts: Sequence[Burst] = (), *, seconds: float | None = None, seed: int = 1
) -> Traffic:
    """Return requests that come independently of each other (a Poisson process), `rps` on average.

    During a burst there are the burst's. Without `seconds` they are a day's, or as many seconds as
    a million requests take, whichever is shorter. Raises `UsageError` for too many.
    """
    if seconds is None:
        seconds = min(_DAY, max(_USUAL_REQUESTS / rps, _LEAST_SECONDS))
        bursting = max((each.every or each.seconds * 4 for each in bursts), default=0.0)
        seconds = max(seconds, bursting)
    pieces = _pieces(rps, bursts, seconds)
    expected = sum((end - start) * rate for start, end, rate in pieces)
    if expected > MOST_REQUESTS:
        raise UsageError(
            f"those are some {requests(expected)}; {MOST_REQUESTS:,} can be simulated",
            hint=f"take less time: --for {max(int(seconds * MOST_REQUESTS / expected), 1)}",
        )
    random = Random(f"arrivals {seed}")  # noqa: S311 - not for secrets
    times = array("d")
    uniform, log = random.random, math.log
    for start, end, rate in pieces:
        at = start - log(1.0 - uniform()) / rate
        while at < end:
            times.append(at)
            at -= log(1.0 - uniform()) / rate
    if not times:
        raise UsageError(
            f"no request comes in {_span(seconds)}",
            hint=f"take more time: --for {math.ceil(min(10 / rps, 1e15))}, say",
        )
    label = f"{rps:,g} {'request' if rps == 1 else 'requests'} a second for {_span(seconds)}"
    for burst in bursts:
        often = f" every {_span(burst.every)}" if burst.every else " once"
        label += f", {burst.rps:,g} for {_span(burst.seconds)}{often}"
    return Traffic(times, seconds, label)


def _pieces(
    rps: float, bursts: Sequence[Burst], seconds: float
) -> list[tuple[float, float, float]]:
    """Return stretches of time (start, end, requests a second), one after another."""
    raised: list[tuple[float, float]] = []
    for burst in bursts:
        every = burst.every or seconds
        if seconds / every > _MOST_BURSTS:
            raise UsageError(
                f"those are more than {_MOST_BURSTS:,} bursts, one every {every:g} s",
                hint="let them come less often, or give a higher --rps",
            )
        start = (every - burst.seconds) / 2
        while start < seconds:
            raised.append((max(start, 0.0), min(start + burst.seconds, seconds)))
            start += every
    edges = sorted({0.0, seconds, *(edge for each in raised for edge in each)})
    pieces = []
    for start, end in pairwise(edges):
        middle = (start + end) / 2
        rates = [each.rps for each in bursts if _is_raised(each, middle, seconds)]
        pieces.append((start, end, max(rates, default=rps)))
    return pieces


def _is_raised(burst: Burst, at: float, seconds: float) -> bool:
    since = at - ((burst.every or seconds) - burst.seconds) / 2
    return 0 <= (since % burst.every if burst.every else since) < burst.seconds


def requests(count: float) -> str:
    """Return `1 request`, `2,000 requests`; of very many about how many."""
    said = f"{count:,.0f}" if count < 1e15 else f"{count:.3g}"
    return f"{said} request{'' if said == '1' else 's'}"


def _span(seconds: float) -> str:
    for name, size in (("day", _DAY), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= size and seconds % size == 0:
            number = int(seconds // size)
            return f"{number} {name}{'' if number == 1 else 's'}"
    return f"{seconds:,.6g} s"
