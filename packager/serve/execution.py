"""An execution environment that stays: a process behind the Runtime API, one invocation at a time.

What waits for a process in a thread (its start, its end, its requests to the Runtime API) is told
to the event loop; nothing here blocks that.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, suppress
from pathlib import Path

from packager.bundle.read import BuiltBundle
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.host.interpreter import Interpreter
from packager.local.confined import Tether, confined_command
from packager.local.debugger import GRACE, Debugger, waiting_interpreter
from packager.local.debugger import SECONDS as DEBUG_SECONDS
from packager.local.function_process import end_process
from packager.local.function_start import REGION, function_command, function_environment
from packager.local.invoke import INIT_SECONDS
from packager.local.runtime_api_server import Answer, Failure, Outcome, Ready, RuntimeApi
from packager.local.streamed_reply import Part

_READ = 65536  # bytes of the log at once
_LAST_WORD = 0.1  # seconds that an answer may come after its process has ended
_POLL_SECONDS = 0.1  # of an idle Runtime API

OnLog = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Start:
    """What an environment is started with. With a `debugger` it waits for one, and nothing that
    it does has a time limit."""

    bundle: BuiltBundle
    interpreter: Interpreter
    client: Path | None
    variables: Mapping[str, str]
    debugger: Debugger | None = None

    @property
    def limited(self) -> bool:
        """Whether time limits hold."""
        return self.debugger is None


@dataclass(frozen=True, slots=True)
class Ended:
    """The process is gone; `code` is what it ended with, as subprocess has it."""

    code: int


class FunctionFailed(PackagerError):
    """An environment could not be started, or gave no answer.

    Where the function `reported` its failure itself, its environment goes on.
    """

    def __init__(self, message: str, *, hint: str | None = None, reported: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.reported = reported


class Execution:
    """One environment. All methods belong to the event loop; `executor` runs what would block."""

    def __init__(self, start: Start, executor: Executor) -> None:
        self._start = start
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._outcomes: asyncio.Queue[Outcome | Ended] = asyncio.Queue()
        self._stack = ExitStack()
        self._turn = threading.Lock()  # what starts and what ends it never run at once
        self._over = False
        self._api = RuntimeApi(on_outcome=self._tell, poll_seconds=_POLL_SECONDS)
        self._process: subprocess.Popen[bytes] | None = None
        self._tether: Tether | None = None
        self._log = -1  # the descriptor that its log is read from
        self.on_log: OnLog = lambda data: None
        self.alive = False
        self.init_ms = 0.0
        self.used = time.monotonic()  # last
        self._closing: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Start the process; return when it asks for work. Raises `FunctionFailed`."""
        try:
            process = await self._loop.run_in_executor(self._executor, self._spawn)
        except OSError as error:
            problem = f"the function's process can't be started: {error.strerror or error}"
            raise FunctionFailed(problem) from error
        started = time.monotonic()
        self.alive = True
        assert process.stdout is not None  # noqa: S101 - for the type checker
        self._log = process.stdout.fileno()
        os.set_blocking(self._log, False)
        self._loop.add_reader(self._log, self._read_log)
        threading.Thread(target=self._wait_for, args=(process,), daemon=True).start()
        seconds = max(INIT_SECONDS, self._start.bundle.timeout)
        outcome = await self._outcome(seconds if self._start.limited else None)
        if isinstance(outcome, Failure):
            raise FunctionFailed(f"the function failed in its init phase: {words(outcome)}")
        if not isinstance(outcome, Ready):
            raise self._no_outcome(outcome, "in its init phase", seconds)
        self.init_ms = (outcome.at - started) * 1000

    async def invoke(self, event: bytes, on_part: Callable[[Part], None]) -> Answer:
        """Have it answer one event; `on_part` gets a streamed answer as it comes, on a thread.

        Raises `FunctionFailed`. What it still does after its answer is what `settle` waits for.
        """
        self._api.on_part = on_part
        bundle, request_id = self._start.bundle, str(uuid.uuid4())
        seconds = float(bundle.timeout) if self._start.limited else DEBUG_SECONDS
        self._deadline = time.monotonic() + seconds
        self._api.offer(
            event,
            request_id=request_id,
            deadline_ms=int((time.time() + seconds) * 1000),
            arn=f"arn:aws:lambda:{REGION}:123456789012:function:{bundle.function}",
            trace_id=f"Root=1-{int(time.time()):08x}-{request_id.replace('-', '')[:24]};Sampled=0",
        )
        outcome = await self._outcome(seconds)
        if isinstance(outcome, Failure):
            raise FunctionFailed(f"the function failed: {words(outcome)}", reported=True)
        if not isinstance(outcome, Answer):
            raise self._no_outcome(outcome, "before it answered", seconds)
        return outcome

    async def settle(self) -> bool:
        """Wait until it asks for more work; return whether it does, in the function's time."""
        if self.alive:
            outcome = await self._outcome(max(0.0, self._deadline - time.monotonic()))
            self._read_log()
            self.used = time.monotonic()
            return isinstance(outcome, Ready)
        return False

    async def close(self) -> None:
        """End the process, and all that it has started."""
        if self._closing is None:
            self._closing = self._loop.create_future()
            self.alive = False
            await self._loop.run_in_executor(self._executor, self._end)
            self._end_log()
            self._closing.set_result(None)
        await asyncio.shield(self._closing)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the process; on a thread of the executor."""
        with self._turn:
            if self._over:
                raise OSError("it is to end")
            return self._spawned()

    def _spawned(self) -> subprocess.Popen[bytes]:
        begin = self._start
        self._stack.enter_context(self._api)
        environment = function_environment(
            begin.bundle, begin.variables, self._api.address, begin.client
        )
        python = self._stack.enter_context(
            waiting_interpreter(begin.debugger, begin.bundle, begin.interpreter)
        )
        command = function_command(begin.bundle, python, begin.client)
        line, tether = self._stack.enter_context(
            confined_command(
                command,
                python.path,
                begin.bundle.folder,
                environment,
                0.0 if begin.limited else GRACE,
            )
        )
        process = subprocess.Popen(
            line,
            cwd=begin.bundle.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tether.descriptors,
        )
        self._process, self._tether = process, tether
        tether.wait()  # what has got it ready is not part of the init phase
        return process

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        """Tell of the process's end; on a thread of its own."""
        self._tell(Ended(process.wait()))

    def _tell(self, outcome: Outcome | Ended) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._outcomes.put_nowait, outcome)

    async def _outcome(self, seconds: float | None) -> Outcome | Ended | None:
        """Wait for what the process says next; None if `seconds` were over first."""
        try:
            async with asyncio.timeout(seconds):
                outcome = await self._outcomes.get()
        except TimeoutError:
            return None
        if isinstance(outcome, Ended):
            self.alive = False
            self._read_log()
            with suppress(TimeoutError):  # its last words come by another way
                async with asyncio.timeout(_LAST_WORD):
                    last = await self._outcomes.get()
                    return outcome if isinstance(last, Ready) else last
        return outcome

    def _no_outcome(
        self, outcome: Outcome | Ended | None, when: str, seconds: float
    ) -> FunctionFailed:
        if outcome is None:
            return FunctionFailed(
                f"the function timed out after {seconds:g} s",
                hint="`timeout` in the plugin's configuration says how long it may take",
            )
        how = "it asked for more work"
        if isinstance(outcome, Ended):
            how = f"exit status {outcome.code}"
            if outcome.code < 0:
                with suppress(ValueError):
                    how = signal.Signals(-outcome.code).name
        return FunctionFailed(f"the function's process ended {when}: {how}")

    def _end(self) -> None:
        """End all that runs; on a thread of the executor."""
        with self._turn:
            self._over = True
            if self._process is not None:
                end_process(self._process, self._tether)
            self._stack.close()

    def _read_log(self) -> None:
        """Hand on what the process has written so far."""
        while self._log >= 0:
            try:
                data = os.read(self._log, _READ)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._end_log()
                return
            # The stock client ends the lines of a traceback with carriage returns.
            self.on_log(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))

    def _end_log(self) -> None:
        if self._log >= 0:
            self._loop.remove_reader(self._log)
            self._log = -1
            if self._process is not None and self._process.stdout is not None:
                self._process.stdout.close()


def words(failure: Failure) -> str:
    """Return what a function says of its failure."""
    return ": ".join(part for part in (failure.error_type, failure.message) if part) or "no reason"
