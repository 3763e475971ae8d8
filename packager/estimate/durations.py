"""How long something takes, one time and another: distributions, and how to draw from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from packager.dataclass import dataclass
from packager.errors import UsageError

Draw = Callable[[], float]
_Z99 = 2.3263478740408408  # the normal distribution's 0.99 quantile
SHORTEST, LONGEST = 0.001, 1_800_000.0  # ms: Lambda lets nothing run longer ("Lambda quotas")
_FACTORS = 4093  # prime: how many factors of a log-normal are drawn beforehand


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same time, in ms."""

    ms: float

    @property
    def mean(self) -> float:
        """The mean, in ms."""
        return self.ms

    def scaled(self, factor: float) -> Constant:
        """Return the same, `factor` times as long."""
        return Constant(self.ms * factor)

    def draw(self, random: Random) -> Draw:
        """Return what gives the next time, in seconds."""
        seconds = self.ms / 1000
        return lambda: seconds


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponentially distributed times with this mean, in ms: the M of queueing theory."""

    ms: float

    @property
    def mean(self) -> float:
        """The mean, in ms."""
        return self.ms

    def scaled(self, factor: float) -> Exponential:
        """Return the same, `factor` times as long."""
        return Exponential(self.ms * factor)

    def draw(self, random: Random) -> Draw:
        """Return what gives the next time, in seconds."""
        rate, uniform, log = 1000 / self.ms, random.random, math.log
        return lambda: -log(1.0 - uniform()) / rate


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Times, in ms, with this median and 99th percentile: few are long, as of most services."""

    median: float
    p99: float

    @property
    def _sigma(self) -> float:
        return math.log(self.p99 / self.median) / _Z99

    @property
    def mean(self) -> float:
        """The mean, in ms."""
        return self.median * math.exp(self._sigma**2 / 2)

    def scaled(self, factor: float) -> LogNormal:
        """Return the same, `factor` times as long."""
        return LogNormal(self.median * factor, self.p99 * factor)

    def draw(self, random: Random) -> Draw:
        """Return what gives the next time, in seconds.

        A factor of a list that is drawn once, times another of it, costs less than a normal one.
        """
        spread = self._sigma / math.sqrt(2)
        factors = [math.exp(spread * random.gauss(0, 1)) for _ in range(_FACTORS)]
        median, uniform = self.median / 1000, random.random

        def next_one() -> float:
            at = uniform() * _FACTORS
            whole = int(at)
            return median * factors[whole] * factors[int((at - whole) * _FACTORS)]

        return next_one


@dataclass(frozen=True, slots=True)
class Measured:
    """Times that were measured, in ms: each as likely as any other."""

    samples: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean, in ms."""
        return math.fsum(self.samples) / len(self.samples)

    def scaled(self, factor: float) -> Measured:
        """Return the same, `factor` times as long."""
        return Measured(tuple(each * factor for each in self.samples))

    def draw(self, random: Random) -> Draw:
        """Return what gives the next time, in seconds."""
        seconds = [each / 1000 for each in self.samples]
        uniform, count = random.random, len(seconds)
        return lambda: seconds[int(uniform() * count)]


Duration = Constant | Exponential | LogNormal | Measured


def read_duration(text: str) -> Duration:
    """Return what `40` (ms, always) or `40,200` (median and 99th percentile) means.

    Raises `UsageError` for anything else.
    """
    try:
        numbers = [float(each) for each in text.split(",")]
    except ValueError:
        numbers = []
    sound = all(SHORTEST <= each <= LONGEST for each in numbers)
    if sound and len(numbers) == 1:
        return Constant(numbers[0])
    if sound and len(numbers) == 2 and numbers[0] <= numbers[1]:
        return LogNormal(*numbers) if numbers[0] < numbers[1] else Constant(numbers[0])
    raise UsageError(
        f"a time is milliseconds, or a median and a 99th percentile, not {text!r}",
        hint=f"for example 40, or 40,200; at most {LONGEST:,.0f}, as Lambda allows",
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that `share` of `ordered`, ascending, are at most; nan of nothing."""
    if not ordered:
        return math.nan
    return ordered[min(max(math.ceil(share * len(ordered)) - 1, 0), len(ordered) - 1)]
