"""Works off the deferred requests of functions: what Lambda does with a queue and its worker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from packager.contract import (
    DEAD_QUEUE_VARIABLE,
    LOCAL_QUEUE_VARIABLE,
    ORDERED_DEAD_QUEUE_VARIABLE,
    ORDERED_QUEUE_VARIABLE,
    QUEUE_VARIABLE,
    TRIGGER_KEY,
)
from packager.dataclass import dataclass
from packager.plugin.functions import FunctionPlan
from packager.serve.deferred.queues import LocalQueues, QueuedMessage
from packager.serve.execution import FunctionFailed, Start
from packager.serve.pool import Pool
from packager.serve.request_log import Later, LaterState, RequestLog

_LOOK_SECONDS = 0.05  # between two looks at the queues
_DEAD_OF = {False: DEAD_QUEUE_VARIABLE, True: ORDERED_DEAD_QUEUE_VARIABLE}  # if it is ordered
_HIDDEN = 6  # times the worker's timeout, as in the template

OnLog = Callable[[str, bytes], None]  # of a function's id


@dataclass(slots=True)
class _Worker:
    function: str
    pool: Pool
    variables: Mapping[str, str]
    start: Start | None = None  # to be used from the next look on


class DeferredWork:
    """The workers of a run. `serve` has their queues answer, and returns where; `limit` is how many
    messages are in work at a time. All but `prepare` belongs to the event loop."""

    def __init__(
        self,
        queues: LocalQueues,
        serve: Callable[[], str],
        executor: Executor,
        limit: int,
        on_log: OnLog,
        records: RequestLog,
    ) -> None:
        self._queues = queues
        self._serve = serve
        self._url = ""
        self._lock = threading.Lock()  # of `prepare`
        self._executor = executor
        self._limit = limit
        self._on_log = on_log
        self._records = records
        self._workers: dict[str, _Worker] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def prepare(self, plan: FunctionPlan, start: Start) -> Start:
        """Return how a function is started that defers, and have its worker be of this build."""
        if not plan.options.deferred:
            return start
        with self._lock:
            return self._prepare(plan, start)

    def _prepare(self, plan: FunctionPlan, start: Start) -> Start:
        self._url = self._url or self._serve()
        options, name = plan.options.worker, plan.logical_id
        named = self._queues.add(name, _HIDDEN * options.timeout, options.tries)
        shared = {LOCAL_QUEUE_VARIABLE: self._url}
        shared |= {each: named[each] for each in (QUEUE_VARIABLE, ORDERED_QUEUE_VARIABLE)}
        worker = self._workers.get(name)
        if worker is None:
            pool = Pool(self._executor, self._limit, lambda: None)
            worker = self._workers[name] = _Worker(name, pool, named)
        worker.start = replace(
            start,
            variables={**start.variables, **shared, **named},
            bundle=replace(start.bundle, timeout=options.timeout),
        )
        return replace(start, variables={**start.variables, **shared})

    async def run(self) -> None:
        """Work off whatever comes, until this is cancelled."""
        loop = asyncio.get_running_loop()
        self._queues.on_sent = lambda sent: loop.call_soon_threadsafe(self._note, sent, "waiting")
        while True:
            for worker in list(self._workers.values()):
                if worker.start is not None:
                    worker.pool.use(worker.start)
                    worker.start = None
                self._look(worker)
                worker.pool.end_idle(300)
            await asyncio.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """End all workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(worker.pool.close() for worker in self._workers.values()))

    def _look(self, worker: _Worker) -> None:
        """Begin with what can be received, as long as there is room."""
        for variable in (QUEUE_VARIABLE, ORDERED_QUEUE_VARIABLE):
            while len(self._tasks) < self._limit:
                message = self._queues.receive(worker.variables[variable])
                if message is None:
                    break
                queue = worker.variables[variable]
                task = asyncio.get_running_loop().create_task(self._work(worker, queue, message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _work(self, worker: _Worker, queue: str, message: QueuedMessage) -> None:
        """Have a worker take one message, and delete it where that does not name it as failed."""
        event = json.dumps({"Records": [_record(queue, message)]}).encode()
        record_id, _ = _origin(message)

        def log(data: bytes) -> None:
            self._on_log(worker.function, data)
            self._records.add_later_log(record_id, message.id, data)

        self._note(message, "working")
        handle, taken = message.handle, None
        state: LaterState = "again"
        try:
            taken = await worker.pool.take(log)
            answer = await taken.execution.invoke(event, lambda part: None)
            with suppress(ValueError):
                reply: Any = json.loads(answer.payload)
                if isinstance(reply, dict) and not reply.get("batchItemFailures"):
                    self._queues.delete(queue, handle)
                    state = "done"
            await worker.pool.give_back(taken)
        except FunctionFailed as failed:
            log(f"{worker.function}'s worker: {failed}\n".encode())
            if taken is not None:
                await (worker.pool.give_back if failed.reported else worker.pool.drop)(taken)
        dead = _DEAD_OF[queue == worker.variables[ORDERED_QUEUE_VARIABLE]]
        if message.body in self._queues.bodies(worker.variables[dead]):
            state = "dead"
        self._note(message, state)

    def _note(self, message: QueuedMessage, state: LaterState) -> None:
        """Have the request that a message is of tell how it stands."""
        record_id, what = _origin(message)
        self._records.note_later(record_id, Later(message.id, what, state, message.receives))


def _origin(message: QueuedMessage) -> tuple[str, str]:
    """Return the id of the request that a message is of, "" for none, and what of it it is."""
    try:
        document = json.loads(message.body)
        event = document.get("event") or {}
        told = event.get(TRIGGER_KEY)
        what = document["route"] if told is None else f"{told['event']} starts {told['app']}"
        return str(event["requestContext"]["requestId"]), str(what)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def _record(queue: str, message: QueuedMessage) -> dict[str, Any]:
    """Return a message as Lambda hands it on ("Using Lambda with Amazon SQS")."""
    attributes = {"ApproximateReceiveCount": str(message.receives)}
    if message.group is not None:
        attributes["MessageGroupId"] = message.group
    return {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
        "awsRegion": "us-east-1",
    }
