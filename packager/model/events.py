"""The non-HTTP events that an endpoint takes: what each kind is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar
from urllib.parse import quote

from packager.dataclass import dataclass
from packager.errors import Place

NAMED = "/e/="  # what the name of a managed endpoint follows, in a path that no client can ask for
EVENT_SOURCES = ("sqs", "sns", "eventbridge", "schedule", "any")
# "Amazon SQS queue as an event source for Lambda", "Tutorial", and EventBridge's and Scheduler's
# own defaults ("RetryPolicy").
DEFAULT_BATCH = 10  # messages
DEFAULT_RECEIVES = 5
DEFAULT_RETRIES = 185
DEFAULT_MAX_AGE = 86400  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mapping:
    path: str  # what the request is a POST of
    endpoint: str | None = None  # the name of the managed endpoint that it is for
    # Where the entry was written (""), and each of its keys.
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """What the function takes the path for: that, and the endpoint's name before it."""
        if self.endpoint is None:
            return self.path
        return f"{NAMED}{quote(self.endpoint, safe='')}{self.path}"

    def place(self, key: str = "") -> Place | None:
        """Return where a key was written, or else the entry."""
        return self.places.get(key) or self.places.get("")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvent(_Mapping):
    """Messages of an SQS queue, one request each.

    `queue` is its ARN; where it is None the template makes the queue and its dead-letter queue,
    which is what `fifo`, `visibility_timeout` and `max_receives` are for.
    """

    source: ClassVar[str] = "sqs"
    queue: str | None = None
    batch_size: int = DEFAULT_BATCH
    batch_window: int = 0  # seconds
    max_concurrency: int | None = None
    kms_key: str | None = None  # the ARN of the customer's key that the queue is encrypted with
    fifo: bool = False
    visibility_timeout: int | None = None  # seconds; None follows the function's timeout
    max_receives: int = DEFAULT_RECEIVES
    filters: tuple[Mapping[str, Any], ...] = ()  # patterns, of which a message fits one
    pollers: tuple[int, int] | None = None  # the least and the most that are provisioned


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicEvent(_Mapping):
    """Notifications of an SNS topic; the template makes one where `topic`, its ARN, is None."""

    source: ClassVar[str] = "sns"
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternEvent(_Mapping):
    """Events of an EventBridge bus that match a pattern. `bus` is a name or an ARN."""

    source: ClassVar[str] = "eventbridge"
    pattern: Mapping[str, Any]
    bus: str | None = None
    retries: int = DEFAULT_RETRIES
    max_age: int = DEFAULT_MAX_AGE  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleEvent(_Mapping):
    """A schedule of EventBridge Scheduler. `input` is the event's `detail`."""

    source: ClassVar[str] = "schedule"
    expression: str
    timezone: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    retries: int = DEFAULT_RETRIES
    max_age: int = DEFAULT_MAX_AGE  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyEvent(_Mapping):
    """Whatever comes to the function that is no request and that nothing else maps.

    With `reply` "value" the endpoint's JSON is what the invocation returns.
    """

    source: ClassVar[str] = "any"
    reply: str | None = None


EventMapping = QueueEvent | TopicEvent | PatternEvent | ScheduleEvent | AnyEvent


def event_arn(event: EventMapping) -> str | None:
    """Return the ARN that events of a queue or topic name; None where only a deployment knows
    it."""
    match event:
        case QueueEvent():
            return event.queue
        case TopicEvent():
            return event.topic
        case _:
            return None
