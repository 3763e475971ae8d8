"""Estimates functions under a load: with several memory sizes, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packager.dataclass import dataclass
from packager.estimate.cost import Item, monthly_cost
from packager.estimate.function import EstimatedFunction
from packager.estimate.model import Limits, Outcome, Times
from packager.estimate.prices import Prices
from packager.estimate.simulate import simulate
from packager.estimate.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Case:
    """One function with one memory size (MiB): what it takes, what came of it, what it costs."""

    memory: int
    times: Times
    outcome: Outcome
    items: tuple[Item, ...]

    @property
    def dollars(self) -> float:
        """What it costs a month."""
        return sum(item.dollars for item in self.items)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A function under a load, with each memory size; `function` is as configured."""

    function: EstimatedFunction
    traffic: Traffic
    limits: Limits
    cases: tuple[Case, ...]
    prices: Prices
    seed: int


def estimate_function(
    function: EstimatedFunction,
    times: Mapping[int, Times],
    traffic: Traffic,
    limits: Limits,
    prices: Prices,
    *,
    seed: int = 1,
) -> Estimate:
    """Simulate the function with each memory size that `times` has, under the same traffic."""
    cases = [
        _case(replace(function, memory=memory), times[memory], traffic, limits, prices, seed)
        for memory in sorted(times)
    ]
    return Estimate(function, traffic, limits, tuple(cases), prices, seed)


def _case(
    function: EstimatedFunction,
    times: Times,
    traffic: Traffic,
    limits: Limits,
    prices: Prices,
    seed: int,
) -> Case:
    if function.api == "url" or function.setup.queue is not None:
        limits = replace(limits, gateway_rate=None)
    if not function.parameters:
        limits = replace(limits, parameter_rate=None)
    outcome = simulate(traffic, times, function.setup, limits, seed=seed)
    return Case(function.memory, times, outcome, monthly_cost(function, outcome, prices))


def memory_sizes(own: int, given: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes to compare: those given, else the function's own and usual ones."""
    return tuple(sorted(set(given))) if given else tuple(sorted({own, *_USUAL}))


_USUAL = (256, 512, 1024, 1769)  # MiB; with the last one there is a whole CPU
