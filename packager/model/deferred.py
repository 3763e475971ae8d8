"""Routes that are acknowledged at once and worked off a queue: what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from packager.dataclass import dataclass
from packager.errors import Place

# What is never deferred: these ask for an answer and change nothing (RFC 9110, "Safe Methods").
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class RequestValue:
    """Where a value is in a request: a header's, or the one that a JSON pointer (RFC 6901) names
    in the body. One of the two is None."""

    header: str | None = None
    pointer: str | None = None


@dataclass(frozen=True, slots=True)
class InlineRule:
    """Which requests of a deferred route are answered at once: all that is said holds for them.

    `equals` are the values that `value` has one of; None: it only has to be there.
    """

    method: str | None = None
    value: RequestValue | None = None
    equals: tuple[Scalar, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredRoute:
    """A declared `path` whose requests are acknowledged with `status`, `body` and `content_type`.

    `verify` is `module:function` of the plugin, which says whether a request is to be taken.
    `dedupe` names what a delivery is known by, `dedupe_for` the seconds that it stays known;
    requests with one value of `order_by` are worked off in the order that they came in.
    """

    path: str
    status: int = 200
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    inline_when: tuple[InlineRule, ...] = ()
    verify: str | None = None
    dedupe: RequestValue | None = None
    dedupe_for: int = 86400  # seconds
    order_by: RequestValue | None = None
    places: Mapping[str, Place] = field(default_factory=dict, compare=False)

    def place(self, key: str = "") -> Place | None:
        """Return where a key was written, or else the entry."""
        return self.places.get(key) or self.places.get("")

    @property
    def verify_module(self) -> str | None:
        """The dotted name of the module that `verify` is in."""
        return self.verify.partition(":")[0] if self.verify else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerOptions:
    """What a delivery to a trigger provider is known by, and what its events are in order by."""

    dedupe: RequestValue | None = None
    dedupe_for: int = 86400  # seconds
    order_by: RequestValue | None = None

    @property
    def route(self) -> DeferredRoute:
        """The provider's one route, whose requests its Trigger verifies and acknowledges."""
        return DeferredRoute(
            path="/",
            dedupe=self.dedupe,
            dedupe_for=self.dedupe_for,
            order_by=self.order_by,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How the worker of a function with deferred routes works. `None` is as the function has it.

    A message that fails is tried again after `first_wait` seconds, then after twice as many, up to
    `longest_wait`, until it was tried `tries` times. `received_clock` names the modules whose clock
    says when the request came in.
    """

    timeout: int = 300  # seconds
    memory: int | None = None  # MiB
    batch_size: int = 1  # messages
    max_concurrency: int | None = None
    tries: int = 8
    first_wait: int = 30  # seconds
    longest_wait: int = 900  # seconds
    alarm_topic: str | None = None  # the ARN of an SNS topic
    received_clock: tuple[str, ...] = ()  # dotted names of modules
