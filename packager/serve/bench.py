"""The workbench of one run: requests and events of whatever origin go through here."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import field, replace
from datetime import UTC, datetime

from packager.contract import ENDPOINTS_PATH
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.local.log_paths import RenamedPaths
from packager.local.mapped_event import mapped_event
from packager.local.request_event import Arrival, Front, Header, Payload, make_event
from packager.model.events import EventMapping
from packager.serve.addresses import Addressed, Addresses
from packager.serve.changes import Change, Changes
from packager.serve.cold_start import cold_start_page
from packager.serve.exchange import Exchange
from packager.serve.execution import Start
from packager.serve.pipe import Cut
from packager.serve.pool import Pool
from packager.serve.request_log import Mask, Outgoing, RequestLog, RequestRecord
from packager.serve.state import ServedFunction
from packager.subscriptions.constructor import Constructor

Api = str
PAYLOAD_OF: Mapping[Api, Payload] = {"rest": "1.0", "http": "2.0", "url": "url"}


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what happens, to show it: of what a function writes, and of requests' ends."""

    log: Callable[[ServedFunction, bytes], None] = lambda function, data: None
    done: Callable[[ServedFunction, RequestRecord], None] = lambda function, record: None


@dataclass(frozen=True, slots=True)
class Settings:
    """How functions are served. `api` overrules what they are configured for."""

    addresses: Addresses
    port: int
    api: Api | None = None
    limit: int = 10  # environments of each function
    fake_dify: bool = False


@dataclass(slots=True)
class _Served:
    function: ServedFunction
    pool: Pool
    paths: tuple[tuple[bytes, bytes], ...] = ()  # what its log calls its files
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Bench:
    """What `state.Workbench` says, over environments on this machine."""

    def __init__(self, settings: Settings, executor: Executor, listener: Listener) -> None:
        self.settings = settings
        self.requests = RequestLog()
        self._executor = executor
        self._listener = listener
        self._served: dict[str, _Served] = {}
        self._changes = Changes()
        self._owners: Callable[[str], tuple[str, str] | None] = lambda hook_id: None

    @property
    def functions(self) -> tuple[ServedFunction, ...]:
        """What is served."""
        return tuple(each.function for each in self._served.values())

    @property
    def fake_dify(self) -> bool:
        """Whether Dify's stand-in answers calls."""
        return self.settings.fake_dify

    def function(self, function_id: str) -> ServedFunction | None:
        """Return the function of that logical id."""
        served = self._served.get(function_id)
        return served.function if served else None

    def changes(self) -> AsyncIterator[Change]:
        """Return an iterator of changes of functions."""
        return self._changes.listen()

    def add(self, function: ServedFunction) -> None:
        """Serve a function, once there is a build of it."""

        def count() -> None:
            function.environments = served.pool.counts
            self.changed(function)

        pool = Pool(self._executor, self.settings.limit, count)
        served = self._served[function.id] = _Served(function, pool)
        self._changes.say(Change("added", function.id))

    def use(
        self, function: ServedFunction, start: Start, paths: tuple[tuple[bytes, bytes], ...]
    ) -> None:
        """Serve a function from this build on."""
        served = self._served[function.id]
        served.paths = paths
        served.pool.use(start)

    def changed(self, function: ServedFunction) -> None:
        """Say that a function stands otherwise now."""
        self._changes.say(Change("changed", function.id))

    def mask_with(self, mask: Mask) -> None:
        """Mask what is remembered from now on with this."""
        self.requests.mask = mask

    def owned_by(self, owners: Callable[[str], tuple[str, str] | None]) -> None:
        """Ask `owners` for the function, and the name, of a hook id."""
        self._owners = owners

    def public_base(self, function: ServedFunction) -> str:
        """Return the address that clients use."""
        return self.settings.addresses.base(function, len(self._served) > 1)

    def resolve(self, target: str) -> Addressed | None:
        """Return which function a target is for."""
        return self.settings.addresses.resolve(target, self.functions, self._owner_of)

    def _owner_of(self, hook_id: str) -> str | None:
        found = self._owners(hook_id)
        return found[0] if found else None

    def payload_of(self, function: ServedFunction) -> Payload:
        """Return what requests to a function come through."""
        return PAYLOAD_OF[self.settings.api or function.plan.options.api]

    def open(
        self, addressed: Addressed, outgoing: Outgoing, front: Front | None = None
    ) -> Exchange:
        """Begin to send a request; its target is as clients have it."""
        function = addressed.function
        payload = self.payload_of(function)
        request_id = str(uuid.uuid4())
        front = front or Front("http", self.settings.port)
        event = make_event(
            outgoing.method,
            addressed.target,
            outgoing.headers,
            outgoing.body,
            payload,
            Arrival(time.time(), request_id, replace(front, stage=self.settings.addresses.stage)),
        )
        record = RequestRecord(request_id, function.id, outgoing.method, outgoing.target)
        record.endpoint = self._endpoint_of(addressed.target)
        return self._begin(function, record, outgoing, event, payload)

    async def send(self, function: ServedFunction, outgoing: Outgoing) -> RequestRecord:
        """Send a request as if a client had."""
        sent = self.requests.as_sent(outgoing)
        host: Header = ("Host", f"localhost:{self.settings.port}")
        if not any(name.lower() == "host" for name, _ in sent.headers):
            sent = replace(sent, headers=(host, *sent.headers))
        several = len(self._served) > 1
        base = function.plan.options.base_path if several and not function.managed else ""
        target = sent.target if base and sent.target.startswith(base + "/") else base + sent.target
        whole = replace(sent, target=target)
        exchange = self.open(Addressed(function, target), whole)
        self._drain(function, exchange)
        return exchange.record

    async def send_event(
        self, function: ServedFunction, mapping: EventMapping, payload: object
    ) -> RequestRecord:
        """Send what a queue, topic, pattern or schedule would."""
        place = function.events.index(mapping)
        event = mapped_event(function.id, function.events, place, payload, datetime.now(UTC))
        return self._send_event(function, event, mapping.source, mapping.path)

    async def send_raw(self, function: ServedFunction, event: object) -> RequestRecord:
        """Send an event as it is."""
        return self._send_event(function, event, "event", "")

    def constructor(self, function: ServedFunction) -> Constructor:
        """Return what calls the constructor of a provider's last build."""
        start = self._served[function.id].pool.start
        if start is None:
            raise PackagerError(f"{function.id} has not been built")
        log = self._listener.log
        return Constructor(start.bundle, start.variables, lambda data: log(function, data))

    async def profile(self, function: ServedFunction) -> str:
        """Measure a cold start; return the page that shows it."""
        start = self._served[function.id].pool.start
        if start is None:
            raise PackagerError(f"{function.id} has not been built")
        return await asyncio.to_thread(cold_start_page, start)

    async def close(self) -> None:
        """End everything that runs."""
        for served in self._served.values():
            for task in served.tasks:
                task.cancel()
        await asyncio.gather(*(served.pool.close() for served in self._served.values()))

    def start_reaping(self) -> list[asyncio.Task[None]]:
        """End environments that are idle for long, from now on."""
        pools = [served.pool for served in self._served.values()]
        return [asyncio.get_running_loop().create_task(pool.reap()) for pool in pools]

    def _send_event(
        self, function: ServedFunction, event: object, source: str, path: str
    ) -> RequestRecord:
        record = RequestRecord(str(uuid.uuid4()), function.id, "POST" if path else "", path, source)
        exchange = self._begin(function, record, Outgoing("POST", path), event, None)
        self._drain(function, exchange)
        return record

    def _begin(
        self,
        function: ServedFunction,
        record: RequestRecord,
        sent: Outgoing,
        event: object,
        payload: Payload | None,
    ) -> Exchange:
        served = self._served[function.id]
        self.requests.begin(record, sent, event)

        def say(data: bytes) -> None:
            self._listener.log(function, data)
            self.requests.add_log(record, data)

        log = RenamedPaths(served.paths, say)
        exchange = Exchange(self.requests, record, payload, log)

        async def run() -> None:
            try:
                await exchange.run(served.pool, event)
            finally:
                log.end()
                self._listener.done(function, record)

        task = asyncio.get_running_loop().create_task(run())
        served.tasks.add(task)
        task.add_done_callback(served.tasks.discard)
        return exchange

    def _drain(self, function: ServedFunction, exchange: Exchange) -> None:
        """Read an answer that nobody else does: it is on record."""

        async def read() -> None:
            with suppress(Cut):
                async for _ in exchange.body.read():
                    pass

        served = self._served[function.id]
        task = asyncio.get_running_loop().create_task(read())
        served.tasks.add(task)
        task.add_done_callback(served.tasks.discard)

    def _endpoint_of(self, target: str) -> str | None:
        path = target.partition("?")[0]
        if not path.startswith(ENDPOINTS_PATH):
            return None
        found = self._owners(path[len(ENDPOINTS_PATH) :].partition("/")[0])
        return found[1] if found else None
