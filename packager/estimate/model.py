"""What is simulated, and what comes of it, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from packager.dataclass import dataclass
from packager.estimate.durations import Constant, Duration

# "Lambda quotas" and "Lambda scaling behavior", seen 2026-11-29.
ACCOUNT_CONCURRENCY = 1000  # environments that an account may have at once, until it asks for more
GROWTH = 1000  # environments that one function may get at once; they come back within
GROWTH_SECONDS = 10
REQUESTS_PER_ENVIRONMENT = 10  # and second: what concurrency allows in requests
# "Amazon API Gateway quotas": of an account and region.
GATEWAY_RATE = 10_000  # requests a second
GATEWAY_BURST = 5_000
# "AWS Systems Manager endpoints and quotas": calls a second, without higher throughput.
PARAMETER_RATE = 40
# "Configuring scaling behavior for SQS event source mappings"
QUEUE_START = 5  # batches at once
QUEUE_GROWTH = 300  # more of them each minute
QUEUE_MOST = 1250
# AWS says neither of the two. Measured by others: 5 to 60 minutes, and some hours.
IDLE_SECONDS = 600.0
LIFE_SECONDS = 7200.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What AWS allows a function; None is no limit."""

    concurrency: int | None = ACCOUNT_CONCURRENCY
    growth: int | None = GROWTH
    requests_per_environment: int | None = REQUESTS_PER_ENVIRONMENT
    gateway_rate: float | None = GATEWAY_RATE
    gateway_burst: int = GATEWAY_BURST
    parameter_rate: float | None = PARAMETER_RATE
    idle: float = IDLE_SECONDS  # seconds that an idle environment is kept
    life: float = LIFE_SECONDS  # seconds after which one is not used again


@dataclass(frozen=True, slots=True)
class Queue:
    """Requests wait in a queue instead of being refused: how Lambda takes them from it."""

    batch: int = 1
    start: int | None = QUEUE_START  # batches at once, at first; None: as many as allowed
    growth: int = QUEUE_GROWTH  # more of them each minute
    most: int = QUEUE_MOST


@dataclass(frozen=True, slots=True)
class Times:
    """How long a function takes with one memory size; `says` names where that is from."""

    duration: Duration  # of a request that finds an environment
    init: Duration = field(default_factory=lambda: Constant(0.0))  # of a new environment
    first: Duration | None = None  # of the first request of an environment; None: like the others
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a function has besides its code, as far as its environments depend on it."""

    provisioned: int = 0  # environments kept ready
    # New environments are restored: that has a price of its own, where AWS bills other inits with
    # the duration since August 2025.
    snapstart: bool = False
    settings_ttl: float | None = None  # seconds that values of AWS are kept; None: it has none
    queue: Queue | None = None  # None: a request that finds no environment is refused


@dataclass(slots=True)
class Bucket:
    """A stretch of the simulated time."""

    requests: int = 0
    cold: int = 0
    refused: int = 0
    busy: int = 0  # environments at work at once, at most


@dataclass(slots=True)
class Refusals:
    """Requests that were refused, by what refused them."""

    gateway: int = 0
    concurrency: int = 0
    growth: int = 0
    rate: int = 0

    @property
    def total(self) -> int:
        """Whoever did."""
        return self.gateway + self.concurrency + self.growth + self.rate


@dataclass(slots=True)
class Billed:
    """Seconds that are billed, each invocation's rounded up to ms."""

    on_demand: float = 0.0  # inits included
    provisioned: float = 0.0
    init: float = 0.0  # what of `on_demand` inits are


@dataclass(slots=True)
class Reads:
    """Calls for settings: how many, in the busiest second, and those over the rate."""

    calls: int = 0
    peak: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a simulation: counts, and times in seconds."""

    seconds: float  # simulated
    requests: int
    served: int
    cold: int
    refusals: Refusals
    on_provisioned: int
    batches: int  # invocations: of a queue fewer than requests
    waited: int  # requests that waited in the queue
    latencies: Sequence[float]  # ascending: wait, init and duration, without the network
    busy_seconds: float  # of inits and durations, all environments together, up to the end
    billed: Billed
    most_busy: int
    most_environments: int
    reads: Reads
    buckets: Sequence[Bucket]

    @property
    def refused(self) -> int:
        """Requests that were refused, whoever did."""
        return self.refusals.total

    @property
    def mean_busy(self) -> float:
        """Environments at work, on average."""
        return self.busy_seconds / self.seconds if self.seconds else 0.0
