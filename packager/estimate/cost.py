"""What a simulated load costs in a month, by item."""

from __future__ import annotations

from collections.abc import Iterator

from packager.dataclass import dataclass
from packager.estimate.function import EstimatedFunction
from packager.estimate.model import Outcome
from packager.estimate.prices import Prices

MONTH_SECONDS = 730 * 3600.0
_GB = 1e9
# X-Ray's default rule: one request a second, and a part of the others ("Configuring sampling").
_TRACED_A_SECOND, _TRACED_PART = 1.0, 0.05
_CALLS_PER_MESSAGE = 3  # of a queue: sent, received, deleted; the latter two once for each batch


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the bill: `dollars` a month, for `units` of what `price` names."""

    name: str
    dollars: float
    units: float
    price: str


def monthly_cost(function: EstimatedFunction, outcome: Outcome, prices: Prices) -> tuple[Item, ...]:
    """Return the items of a month in which the simulated time comes again and again."""
    times = MONTH_SECONDS / outcome.seconds
    memory = function.memory / 1024
    items = []
    before: dict[str, float] = {}  # units by price: the tiers are of all items together
    for name, price, units in (
        *_lambda(function, outcome, times, memory),
        *_around(function, outcome, times),
        *_watching(function, outcome, times),
    ):
        if units:
            start = before.get(price, 0.0)
            before[price] = start + units
            cost = prices.of[price].of(start + units) - prices.of[price].of(start)
            items.append(Item(name, cost, units, price))
    return tuple(items)


def _lambda(
    function: EstimatedFunction, outcome: Outcome, times: float, memory: float
) -> Iterator[tuple[str, str, float]]:
    arch = function.architecture
    yield "requests", "lambda_requests", outcome.batches * times
    duration = (outcome.billed.on_demand - outcome.billed.init) * times * memory
    yield "duration", f"lambda_duration_{arch}", duration
    yield "init phases", f"lambda_duration_{arch}", outcome.billed.init * times * memory
    if function.setup.provisioned:
        kept = function.setup.provisioned * MONTH_SECONDS * memory
        yield "provisioned concurrency", f"provisioned_{arch}", kept
        served = outcome.billed.provisioned * times * memory
        yield "duration, provisioned", f"provisioned_duration_{arch}", served
    if function.setup.snapstart:
        yield "SnapStart, cached", "snapstart_cache", MONTH_SECONDS * memory
        yield "SnapStart, restored", "snapstart_restore", outcome.cold * times * memory


def _around(
    function: EstimatedFunction, outcome: Outcome, times: float
) -> Iterator[tuple[str, str, float]]:
    if function.setup.queue is not None:
        calls = outcome.requests + (_CALLS_PER_MESSAGE - 1) * outcome.batches
        yield "queue", "queue_standard", calls * times
    elif function.api != "url":
        # What the gateway itself refuses is not billed.
        passed = (outcome.requests - outcome.refusals.gateway) * times
        yield "API Gateway", f"gateway_{function.api}", passed
    yield "logs", "logs", outcome.batches * times * function.logged_bytes / _GB
    if function.setup.queue is None:
        yield "data to clients", "transfer_out", outcome.served * times * function.reply_bytes / _GB
    if function.secrets:
        yield "secrets, read", "secrets", outcome.reads.calls * function.secrets * times
        yield "secrets, kept", "secrets_kept", float(function.secrets)


def _watching(
    function: EstimatedFunction, outcome: Outcome, times: float
) -> Iterator[tuple[str, str, float]]:
    watching = function.watching
    yield "alarms", "alarms", float(watching.alarms)
    yield "metrics", "metrics", float(watching.metrics)
    yield "dashboard", "dashboards", float(watching.dashboard)
    if watching.tracing:
        surely = min(outcome.seconds * _TRACED_A_SECOND, outcome.batches)
        traced = surely + _TRACED_PART * (outcome.batches - surely)
        yield "traces", "traces", traced * times
