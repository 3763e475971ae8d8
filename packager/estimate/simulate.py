"""Simulates a function on Lambda under a load: each request, each environment.

Lambda's rules are those of "Lambda scaling behavior" and "Understanding Lambda function scaling":
an environment serves one request at a time; there are at most as many as the concurrency allows;
1,000 more of them every 10 seconds; ten requests a second for each that is allowed.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Sequence
from random import Random

from packager.estimate.durations import Draw
from packager.estimate.environments import Allowance, Environment, Environments, is_kept
from packager.estimate.model import (
    Billed,
    Bucket,
    Limits,
    Outcome,
    Queue,
    Reads,
    Refusals,
    Setup,
    Times,
)
from packager.estimate.traffic import Traffic

BUCKETS = 240
_MINUTE = 60


def simulate(
    traffic: Traffic,
    times: Times,
    setup: Setup,
    limits: Limits,
    *,
    seed: int = 1,
    settled: float = 0.0,
) -> Outcome:
    """Return what becomes of the requests of `traffic`.

    With a queue they wait for an environment, else they are refused where there is none. The same
    seed gives the same outcome. Requests before `settled` are simulated, and not counted.
    """
    # Not the numbers that the arrivals were drawn with: times would depend on each other.
    random = Random(f"times {seed}")  # noqa: S311 - not for secrets
    run = _Run(traffic.seconds, times, setup, limits, random, settled)
    if setup.queue is None:
        _serve(traffic.times, run)
    else:
        _serve_queue(traffic.times, run, setup.queue)
    return run.outcome()


class _Run:
    """One simulation: what it draws from, and what it counts."""

    def __init__(
        self,
        seconds: float,
        times: Times,
        setup: Setup,
        limits: Limits,
        random: Random,
        settled: float,
    ) -> None:
        self.seconds = seconds
        self.init_billed = not setup.snapstart
        self.limits = limits
        self.settled = settled
        self.duration: Draw = times.duration.draw(random)
        self.first: Draw = self.duration if times.first is None else times.first.draw(random)
        self.init: Draw = times.init.draw(random)
        self.environments = Environments(limits, setup.provisioned)
        self.refusals = self.environments.refusals
        self.latencies = array("d")
        self.buckets = [Bucket() for _ in range(BUCKETS)]
        self.scale = BUCKETS / seconds if seconds else 0.0
        self.requests = self.cold = self.on_provisioned = self.batches = self.waited = 0
        self.busy = 0.0
        self.billed = Billed()
        self.most_busy = 0
        self.parameters = _Parameters(setup.settings_ttl, limits.parameter_rate)

    def bucket(self, now: float) -> Bucket:
        """Return the stretch of time that `now` is in."""
        return self.buckets[min(int(now * self.scale), BUCKETS - 1)]

    def begin(self, now: float, environment: Environment, requests: Sequence[float]) -> None:
        """Let an environment work off requests that came at these times, one after another."""
        done, made, due = environment
        ready = is_kept(environment)
        is_cold = done == made == now and not ready
        bucket = self.bucket(now)
        init = self.init() if is_cold else 0.0
        at = now + init
        counted = requests[0] >= self.settled
        for number, came in enumerate(requests):
            at += self.first() if is_cold and not number else self.duration()
            if came >= self.settled:
                self.latencies.append(at - came)
        if now >= due:
            due = self.parameters.read(now, counted)
        self.environments.start(at, made, due)
        busy = len(self.environments.busy)
        bucket.busy = max(bucket.busy, busy)
        bucket.cold += is_cold
        if counted:
            self.most_busy = max(self.most_busy, busy)
            self.busy += self._simulated(at) - self._simulated(now)
            self._bill(at - now - init, init, ready)
            self.cold += is_cold
            self.batches += 1

    def _simulated(self, at: float) -> float:
        """Return the part of a time that is simulated: what is at work at the end goes on."""
        return min(at, self.seconds)

    def _bill(self, duration: float, init: float, ready: bool) -> None:
        if ready:
            self.on_provisioned += 1
            self.billed.provisioned += _billed(duration)
        elif self.init_billed:
            self.billed.on_demand += _billed(duration + init)
            self.billed.init += init
        else:
            self.billed.on_demand += _billed(duration)

    def outcome(self) -> Outcome:
        """Return what was counted."""
        return Outcome(
            seconds=self.seconds - self.settled,
            requests=self.requests,
            served=len(self.latencies),
            cold=self.cold,
            refusals=self.refusals,
            on_provisioned=self.on_provisioned,
            batches=self.batches,
            waited=self.waited,
            latencies=sorted(self.latencies),
            busy_seconds=self.busy,
            billed=self.billed,
            most_busy=self.most_busy,
            most_environments=self.environments.most_made,
            reads=self.parameters.reads,
            buckets=self.buckets,
        )


def _billed(seconds: float) -> float:
    """Return what is billed: whole ms, rounded up, but for what adding up floats brings."""
    return math.ceil(seconds * 1000 - 1e-6) / 1000


class _Parameters:
    """Calls for settings: one of each environment at its first request, and when they get old."""

    def __init__(self, ttl: float | None, rate: float | None) -> None:
        self._ttl = ttl
        self._allowance = None if rate is None else Allowance(rate, rate)
        self._second, self._in_second = -1, 0
        self.reads = Reads()

    def read(self, now: float, counted: bool) -> float:
        """Read the settings, and return when they are read again."""
        if self._ttl is None:
            return math.inf
        allowed = self._allowance is None or self._allowance.take(now)
        if counted:
            second = int(now)
            self._in_second = self._in_second + 1 if second == self._second else 1
            self._second = second
            self.reads.peak = max(self.reads.peak, self._in_second)
            self.reads.calls += 1
            self.reads.refused += not allowed
        return now + self._ttl


def _serve(arrivals: Sequence[float], run: _Run) -> None:
    """Serve each request at once, or refuse it."""
    limits, environments = run.limits, run.environments
    gateway = None
    if limits.gateway_rate is not None:
        gateway = Allowance(limits.gateway_rate, limits.gateway_burst)
    rate = None
    if limits.concurrency is not None and limits.requests_per_environment is not None:
        most = limits.concurrency * limits.requests_per_environment
        rate = Allowance(most, most)
    for now in arrivals:
        if now >= run.settled:
            if not run.requests:  # what was refused before does not count
                run.refusals = environments.refusals = Refusals()
            run.requests += 1
        environments.finish(now)
        bucket = run.bucket(now)
        bucket.requests += 1
        if gateway is not None and not gateway.take(now):
            run.refusals.gateway += 1
        elif rate is not None and not rate.take(now):
            run.refusals.rate += 1
        else:
            environment = environments.take(now)
            if environment is not None:
                run.begin(now, environment, (now,))
                continue
        bucket.refused += 1


def _serve_queue(arrivals: Sequence[float], run: _Run, queue: Queue) -> None:
    """Let each request wait for an environment, as Lambda takes them from a queue."""
    environments = run.environments
    pollers = _Pollers(queue)
    waiting: deque[float] = deque()

    def take_from_queue(now: float) -> None:
        while waiting and len(environments.busy) < pollers.allowed(now, len(environments.busy)):
            environment = environments.take(now)
            if environment is None:
                break
            batch = [waiting.popleft() for _ in range(min(queue.batch, len(waiting)))]
            run.waited += sum(run.settled <= came < now for came in batch)
            run.begin(now, environment, batch)
        pollers.waits(now, bool(waiting))

    def finish_until(now: float) -> None:
        while environments.busy and environments.busy[0][0] <= now:
            done = environments.busy[0][0]
            environments.finish(done)
            take_from_queue(done)

    for now in arrivals:
        finish_until(now)
        run.requests += now >= run.settled
        run.bucket(now).requests += 1
        waiting.append(now)
        take_from_queue(now)
    now = run.seconds
    while waiting:
        finish_until(math.inf if environments.busy else now)
        if waiting:  # none at work, and no new one allowed yet
            now += 1.0
            take_from_queue(now)
    run.refusals = Refusals()  # they waited


class _Pollers:
    """How many batches Lambda takes from a queue at once: more, as long as requests wait."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._level = float(queue.start or 0)
        self._since: float | None = None

    def allowed(self, now: float, busy: int) -> float:
        """Return how many batches may be worked off at once; it starts anew when none is."""
        if self._queue.start is None:
            return math.inf
        if not busy and self._since is None:
            self._level = float(self._queue.start)
        grown = 0.0
        if self._since is not None:
            grown = (now - self._since) * self._queue.growth / _MINUTE
        return min(self._queue.most, self._level + grown)

    def waits(self, now: float, are_waiting: bool) -> None:
        """Take note of whether requests wait, now that what may be begun is."""
        if are_waiting and self._since is None:
            self._since = now
        elif not are_waiting and self._since is not None:
            self._level = self.allowed(now, 1)
            self._since = None
