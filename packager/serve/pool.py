"""The execution environments of one function: made when all are busy, up to a limit, and reaped."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

from packager.serve.execution import Execution, FunctionFailed, OnLog, Start
from packager.serve.state import EnvironmentCounts

IDLE_SECONDS = 300.0  # after that an environment is ended
_REAP_SECONDS = 5.0


class Taken:
    """An environment that answers one invocation. `cold` tells that it has been made for it."""

    def __init__(self, execution: Execution, cold: bool) -> None:
        self.execution = execution
        self.cold = cold


class Pool:
    """Environments, started from whatever `use` was last told; requests that find none wait.

    `changed` is told whenever the counts may have.
    """

    def __init__(self, executor: Executor, limit: int, changed: Callable[[], None]) -> None:
        self._executor = executor
        self._limit = limit
        self._changed = changed
        self._start: Start | None = None
        self._idle: list[Execution] = []
        self._starting: set[Execution] = set()
        self._busy: set[Execution] = set()
        self._retired: set[Execution] = set()  # of an earlier build, still at work
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closings: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def start(self) -> Start | None:
        """What environments are started from; None before the first build."""
        return self._start

    @property
    def counts(self) -> EnvironmentCounts:
        """How many there are of each kind."""
        return EnvironmentCounts(
            starting=len(self._starting),
            idle=len(self._idle),
            busy=len(self._busy),
            retiring=len(self._retired),
            waiting=len(self._waiting),
        )

    def use(self, start: Start) -> None:
        """Start environments from this from now on; earlier ones end once they are idle."""
        self._start = start
        self._retired |= self._busy | self._starting
        self._busy.clear()
        self._starting.clear()
        for execution in self._idle:
            self._end(execution)
        self._idle.clear()
        self._wake(self._limit)
        self._changed()

    async def take(self, on_log: OnLog) -> Taken:
        """Return an environment that has nothing to do; `on_log` gets what it writes.

        Raises `FunctionFailed` where one that had to be made could not be.
        """
        again = False
        while (self._waiting and not again) or not self._has_room():
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            # Who was woken and finds that another was quicker is the next all the same.
            (self._waiting.appendleft if again else self._waiting.append)(turn)
            again = True
            self._changed()
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake(1)  # it was another's turn
                raise
            finally:
                if turn in self._waiting:
                    self._waiting.remove(turn)
        while self._idle:
            execution = self._idle.pop()
            if execution.alive:
                self._busy.add(execution)
                execution.on_log = on_log
                self._changed()
                return Taken(execution, cold=False)
            self._end(execution)
        return Taken(await self._make(on_log), cold=True)

    async def give_back(self, taken: Taken) -> None:
        """Wait for what the environment does after its answer, then let others have it.

        One that is late, or gone, ends.
        """
        execution = taken.execution
        try:
            sound = await execution.settle()
        except asyncio.CancelledError:
            sound = False
            raise
        finally:
            execution.on_log = _nobody
            current = execution in self._busy
            self._busy.discard(execution)
            self._retired.discard(execution)
            if sound and current and not self._closed:
                self._idle.append(execution)
            else:
                self._end(execution)
            self._wake(1)
            self._changed()

    async def drop(self, taken: Taken) -> None:
        """End an environment that has failed or was left."""
        execution = taken.execution
        self._busy.discard(execution)
        self._retired.discard(execution)
        await execution.close()
        execution.on_log = _nobody
        self._wake(1)
        self._changed()

    async def reap(self) -> None:
        """End, again and again, what was idle for `IDLE_SECONDS` or has ended by itself."""
        while True:
            await asyncio.sleep(_REAP_SECONDS)
            self.end_idle(IDLE_SECONDS)

    def end_idle(self, seconds: float) -> None:
        """End what was idle for that long, or has ended by itself."""
        before = time.monotonic() - seconds
        over = [each for each in self._idle if each.used <= before or not each.alive]
        for execution in over:
            self._idle.remove(execution)
            self._end(execution)
        if over:
            self._changed()

    async def close(self) -> None:
        """End all of them, whatever they do."""
        self._closed = True
        self._start = None
        for execution in (*self._idle, *self._busy, *self._starting, *self._retired):
            self._end(execution)
        self._idle.clear()
        while self._closings:
            await asyncio.gather(*self._closings, return_exceptions=True)

    def _has_room(self) -> bool:
        made = len(self._idle) + len(self._busy) + len(self._starting)
        debugged = self._start is not None and not self._start.limited
        # A debugger comes to one process, which has the port until it ends.
        limit = 1 - len(self._retired) if debugged else self._limit
        return bool(self._idle) or made < limit

    async def _make(self, on_log: OnLog) -> Execution:
        if self._start is None or self._closed:
            raise FunctionFailed("the function has not been built")
        execution = Execution(self._start, self._executor)
        execution.on_log = on_log
        self._starting.add(execution)
        self._changed()
        try:
            await execution.start()
        except BaseException:
            self._starting.discard(execution)
            self._retired.discard(execution)
            self._end(execution)
            self._wake(1)
            self._changed()
            raise
        if execution in self._starting:  # else there is a newer build, and it is among the retired
            self._starting.discard(execution)
            self._busy.add(execution)
        self._changed()
        return execution

    def _wake(self, number: int) -> None:
        """Let requests that wait look again."""
        while number and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                number -= 1

    def _end(self, execution: Execution) -> None:
        task = asyncio.get_running_loop().create_task(execution.close())
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)


def _nobody(data: bytes) -> None:
    pass
