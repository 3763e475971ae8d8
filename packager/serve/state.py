"""What one run of `packager serve` holds, for whoever shows it and acts on it: its workbench."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal, Protocol

from packager.dataclass import dataclass
from packager.endpoints.function import ManagedFunction
from packager.errors import Diagnostic
from packager.model.events import EventMapping
from packager.plugin.functions import FunctionPlan
from packager.plugin.plugin import Plugin
from packager.serve.changes import Change
from packager.serve.request_log import Outgoing, RequestLog, RequestRecord
from packager.subscriptions.constructor import Constructor

FunctionState = Literal["building", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """The last build that succeeded: it is what serves, whatever became of later ones."""

    folder: str
    unzipped_bytes: int
    seconds: float
    finished: datetime
    packages: tuple[tuple[str, str, int], ...] = ()  # name, version, bytes


@dataclass(frozen=True, slots=True)
class EnvironmentCounts:
    """How many execution environments there are, and requests that wait for one.

    Those that are `retiring` finish what they do and end: they are of an earlier build.
    """

    starting: int = 0
    idle: int = 0
    busy: int = 0
    retiring: int = 0
    waiting: int = 0


@dataclass(slots=True, eq=False)
class ServedFunction:
    """A function as it stands. `plan` is that of the last sources that could be read.

    `diagnostics` are of the last attempt to build it; with `failed` the build before stays in use,
    if there is one (`build`). `store` has the managed endpoints of a `managed` function, and
    `declaration` is what `packager.plugin.endpoint_declaration` says of its group; `debug_port` is
    where a debugger can attach.
    """

    plan: FunctionPlan
    state: FunctionState = "building"
    diagnostics: tuple[Diagnostic, ...] = ()
    build: BuildInfo | None = None
    environments: EnvironmentCounts = field(default_factory=EnvironmentCounts)
    store: ManagedFunction | None = None
    declaration: Mapping[str, Any] | None = None
    debug_port: int | None = None

    @property
    def id(self) -> str:
        """Its logical id, which stays the same for the whole run."""
        return self.plan.logical_id

    @property
    def plugin(self) -> Plugin:
        """The plugin it is of."""
        return self.plan.plugin

    @property
    def managed(self) -> bool:
        """Whether it serves endpoints that are made while it runs."""
        return self.plan.options.is_managed

    @property
    def events(self) -> tuple[EventMapping, ...]:
        """The queues, topics, patterns and schedules that can be sent to it by hand."""
        return self.plan.options.events


class Workbench(Protocol):
    """Everything that one run of `packager serve` holds. All of it belongs to one event loop."""

    @property
    def functions(self) -> tuple[ServedFunction, ...]:
        """What is served, in the order of the command line and the manifests."""

    @property
    def requests(self) -> RequestLog:
        """What has come in."""

    @property
    def fake_dify(self) -> bool:
        """Whether Dify's stand-in answers calls: any app id will do then."""

    def function(self, function_id: str) -> ServedFunction | None:
        """Return the function of that logical id."""

    def changes(self) -> AsyncIterator[Change]:
        """Return an iterator of changes of functions, by their ids."""

    def public_base(self, function: ServedFunction) -> str:
        """Return the address that clients use, without a slash at its end.

        What follows is a route's path, or `/e/<hook id>` and then it for managed endpoints.
        """

    async def send(self, function: ServedFunction, outgoing: Outgoing) -> RequestRecord:
        """Send a request as if a client had; return once it is under way, before its answer.

        The record fills as the answer comes: `requests.subscribe()` tells.
        """

    async def send_event(
        self, function: ServedFunction, mapping: EventMapping, payload: object
    ) -> RequestRecord:
        """Send what a queue, topic, pattern or schedule would; return once it is under way.

        `payload` is the message's body (a text, or what becomes JSON) or the event's `detail`.
        """

    async def send_raw(self, function: ServedFunction, event: object) -> RequestRecord:
        """Send an event as it is; return once it is under way."""

    def constructor(self, function: ServedFunction) -> Constructor:
        """Return what calls the constructor of a provider's last build; raise `PackagerError`."""

    async def profile(self, function: ServedFunction) -> str:
        """Measure a cold start; return the page that shows it, as HTML.

        Raises `PackagerError`.
        """
