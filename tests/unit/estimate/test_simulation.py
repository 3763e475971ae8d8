"""The simulation against what queueing theory says in closed form, within confidence intervals."""

from __future__ import annotations

import math
from random import Random

import pytest

from packager.estimate.durations import Constant, Exponential, LogNormal, Measured
from packager.estimate.model import Limits, Outcome, Queue, Reads, Setup, Times
from packager.estimate.simulate import simulate
from packager.estimate.traffic import Traffic

FREE = Limits(None, None, None, None, parameter_rate=None, idle=math.inf, life=math.inf)
PLAIN = Setup()
RUNS = 10


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    random, at, found = Random(seed), 0.0, []
    while (at := at + random.expovariate(rate)) < seconds:
        found.append(at)
    return found


def runs(times: Times, limits: Limits, setup: Setup = PLAIN) -> list[Outcome]:
    seconds, rate = 1100.0, 8.0
    return [
        simulate(
            Traffic(arrivals(rate, seconds, seed), seconds),
            times,
            setup,
            limits,
            seed=seed,
            settled=100,
        )
        for seed in range(RUNS)
    ]


def assert_agrees(samples: list[float], expected: float) -> None:
    mean = sum(samples) / len(samples)
    deviation = math.sqrt(sum((each - mean) ** 2 for each in samples) / (len(samples) - 1))
    # Student's t with 9 degrees of freedom, 99.9 %, in place of the normal distribution's.
    assert abs(mean - expected) <= 4.781 * deviation / math.sqrt(len(samples)), (mean, expected)
    assert deviation < expected, "an interval that holds anything proves nothing"


def erlang_b(load: float, servers: int) -> float:
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_c(load: float, servers: int) -> float:
    blocked = erlang_b(load, servers)
    return servers * blocked / (servers - load * (1 - blocked))


@pytest.mark.parametrize("duration", [Exponential(1000), Constant(1000), LogNormal(700, 5000)])
def test_refused_requests_are_those_of_erlang_b(
    duration: Exponential | Constant | LogNormal,
) -> None:
    limits = Limits(10, None, None, None, parameter_rate=None, idle=math.inf, life=math.inf)
    found = runs(Times(duration), limits)
    assert all(each.refused == each.refusals.concurrency for each in found)
    expected = erlang_b(8.0 * duration.mean / 1000, 10)
    assert_agrees([each.refused / each.requests for each in found], expected)


def test_waiting_requests_are_those_of_erlang_c() -> None:
    limits = Limits(10, None, None, None, parameter_rate=None, idle=math.inf, life=math.inf)
    found = runs(Times(Exponential(1000)), limits, Setup(queue=Queue(start=None)))
    assert all(each.served == each.requests for each in found)
    waits = erlang_c(8.0, 10)
    assert_agrees([each.waited / each.requests for each in found], waits)
    # M/M/c: the mean wait is C / (c * mu - lambda).
    times = [sum(each.latencies) / each.served for each in found]
    assert_agrees(times, 1 + waits / (10 - 8))


def test_environments_at_work_are_those_of_m_m_infinity() -> None:
    found = runs(Times(Exponential(1000)), FREE)
    assert not any(each.refused for each in found)
    assert_agrees([each.mean_busy for each in found], 8.0)


def test_what_is_at_work_at_the_end_counts_up_to_there() -> None:
    found = simulate(Traffic([0.0, 1.0], 2), Times(Constant(10_000)), Setup(), FREE)
    assert (found.mean_busy, found.most_busy) == (1.5, 2)


def test_a_seed_gives_the_same_outcome_again() -> None:
    times = arrivals(50, 20, 1)
    load = Times(LogNormal(40, 300), Measured((80.0, 90.0))), Setup(settings_ttl=5)
    one, other = (simulate(Traffic(times, 20), *load, Limits(), seed=3) for _ in range(2))
    assert one == other
    assert simulate(Traffic(times, 20), *load, Limits(), seed=4) != one


def test_a_first_request_is_cold_and_later_ones_are_not() -> None:
    load = Times(Constant(10), Constant(100), first=Constant(30)), Setup()
    found = simulate(Traffic([0.0, 1.0, 2.0], 3), *load, Limits())
    assert (found.cold, found.most_environments) == (1, 1)
    assert found.latencies == pytest.approx([0.01, 0.01, 0.13])
    assert found.billed.on_demand == pytest.approx(0.15)
    assert found.billed.init == pytest.approx(0.1)


def test_a_restored_snapshot_is_not_billed_as_an_init() -> None:
    load = Times(Constant(10), Constant(100)), Setup(snapstart=True)
    found = simulate(Traffic([0.0], 1), *load, Limits())
    assert found.billed.on_demand == pytest.approx(0.01)
    assert found.billed.init == 0


def test_environments_are_given_up_when_they_are_idle_or_old() -> None:
    load = Times(Constant(10), Constant(100)), Setup()
    idle = Limits(idle=5, life=math.inf)
    assert simulate(Traffic([0, 4, 12], 20), *load, idle).cold == 2
    old = Limits(idle=math.inf, life=10)
    assert simulate(Traffic([0, 4, 9, 12], 20), *load, old).cold == 2


def test_concurrency_grows_by_a_thousand_every_ten_seconds() -> None:
    load = Times(Constant(60_000)), Setup()
    limits = Limits(10_000, 1000, None, None)
    found = simulate(Traffic([0.0] * 1500 + [5.0] * 600, 60), *load, limits)
    assert (found.most_busy, found.refusals.growth) == (1500, 600)


def test_requests_a_second_are_ten_times_the_concurrency() -> None:
    times = [number / 500 for number in range(1000)]
    found = simulate(Traffic(times, 2), Times(Constant(1)), Setup(), Limits(10, idle=math.inf))
    assert found.served in (299, 300)  # a second's worth at once, and then as it comes back
    assert found.refused == found.refusals.rate


def test_the_gateway_refuses_what_is_over_its_rate_and_burst() -> None:
    limits = Limits(gateway_rate=10, gateway_burst=5)
    found = simulate(Traffic([0.0] * 8 + [1.0] * 8, 2), Times(Constant(1)), Setup(), limits)
    assert (found.refusals.gateway, found.served) == (6, 10)


def test_provisioned_environments_are_never_cold_and_others_come_after_them() -> None:
    load = Times(Constant(500), Constant(100)), Setup(provisioned=2)
    found = simulate(Traffic([0.0, 0.1, 0.2, 1.0], 2), *load, Limits())
    assert (found.cold, found.on_provisioned) == (1, 3)
    assert found.billed.provisioned == pytest.approx(1.5)
    assert found.billed.on_demand == pytest.approx(0.6)


def test_settings_are_read_by_each_environment_and_when_they_are_old() -> None:
    load = Times(Constant(100)), Setup(settings_ttl=10)
    found = simulate(Traffic([0.0, 0.05, 1.0, 11.0], 12), *load, Limits(parameter_rate=1))
    assert found.reads == Reads(calls=3, peak=2, refused=1)


def test_a_queue_gives_batches_to_few_environments_at_first() -> None:
    load = Times(Constant(1000)), Setup(queue=Queue(batch=10, growth=0))
    found = simulate(Traffic([0.0] * 100, 1), *load, Limits())
    assert (found.most_busy, found.batches, found.served) == (5, 15, 100)
    assert found.refused == 0
    assert found.latencies[0] == pytest.approx(1.0)


def test_a_queue_grows_while_requests_wait() -> None:
    load = Times(Constant(30_000)), Setup(queue=Queue())
    found = simulate(Traffic([0.0] * 400, 1), *load, Limits())
    assert found.most_busy > 150
