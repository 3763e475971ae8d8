"""The execution environments of one simulated function: who is idle, at work, or may be made."""

from __future__ import annotations

import math
from heapq import heappop, heappush

from packager.estimate.model import GROWTH_SECONDS, Limits, Refusals

# When it is (or was) done, when it was made, and when it reads its settings again. One that is
# kept ready was made at no time, so that it never gets too old.
Environment = tuple[float, float, float]
_KEPT = math.inf


class Environments:
    """What Lambda has of one function; times are seconds since the simulation's start.

    One that became idle last is taken first, as long as it was idle for less than `idle`.
    """

    __slots__ = (
        "_growth",
        "_idle",
        "_kept",
        "_last",
        "_limits",
        "_most",
        "_rate",
        "_tokens",
        "busy",
        "made",
        "most_made",
        "refusals",
    )

    def __init__(self, limits: Limits, provisioned: int) -> None:
        self._limits = limits
        self._most = math.inf if limits.concurrency is None else limits.concurrency
        self._growth = math.inf if limits.growth is None else float(limits.growth)
        self._rate = self._growth / GROWTH_SECONDS
        self._tokens = self._growth
        self._last = 0.0
        self._idle: list[Environment] = []
        self._kept: list[Environment] = [(0.0, _KEPT, 0.0)] * provisioned
        self.busy: list[Environment] = []
        self.made = provisioned
        self.most_made = provisioned
        self.refusals = Refusals()

    def finish(self, now: float) -> None:
        """Let everything that is done by now be idle."""
        busy = self.busy
        while busy and busy[0][0] <= now:
            done = heappop(busy)
            (self._kept if done[1] == _KEPT else self._idle).append(done)

    def start(self, until: float, made: float, settings_due: float) -> None:
        """Let an environment work until then."""
        heappush(self.busy, (until, made, settings_due))

    def take(self, now: float) -> Environment | None:
        """Return an idle environment, or one made now; None where AWS gives none, which counts.

        One made now has been made and is done now.
        """
        if len(self.busy) >= self._most:
            self.refusals.concurrency += 1
            return None
        if self._kept:
            return self._kept.pop()
        idle = self._idle
        while idle:
            found = idle.pop()
            if now - found[0] >= self._limits.idle:  # and all below it have been idle longer
                self.made -= len(idle) + 1
                idle.clear()
            elif now - found[1] >= self._limits.life:
                self.made -= 1
            else:
                return found
        if self._growth != math.inf:
            self._tokens = min(self._growth, self._tokens + (now - self._last) * self._rate)
            self._last = now
            if self._tokens < 1:
                self.refusals.growth += 1
                return None
            self._tokens -= 1
        self.made += 1
        self.most_made = max(self.most_made, self.made)
        return now, now, now


def is_kept(environment: Environment) -> bool:
    """Return whether it is one that provisioned concurrency keeps ready."""
    return environment[1] == _KEPT


class Allowance:
    """A rate of AWS's with a burst: a bucket of tokens that refills all the time."""

    __slots__ = ("_burst", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = self._tokens = burst
        self._last = 0.0

    def take(self, now: float) -> bool:
        """Return whether one more is allowed now."""
        tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
        self._last = now
        self._tokens = tokens - 1 if tokens >= 1 else tokens
        return tokens >= 1
