"""Runs the server: its addresses, its end, and everything that lasts as long as it does."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from packager.dataclass import dataclass
from packager.errors import UsageError
from packager.host.cache import cache_folder
from packager.host.scratch import scratch_folder
from packager.local.debugger import Debugger, bring_debugger
from packager.model.progress import SILENT, Progress
from packager.serve.addresses import Addresses
from packager.serve.bench import Api, Bench, Listener, Settings
from packager.serve.builds import Builder, Built
from packager.serve.clock import run_schedules
from packager.serve.deferred.queues import LocalQueues
from packager.serve.deferred.server import queue_server
from packager.serve.deferred.work import DeferredWork
from packager.serve.execution import Start
from packager.serve.front import Door
from packager.serve.reload import Reloader, Reports
from packager.serve.sources import Sources
from packager.serve.state import Workbench

_GRACE_SECONDS = 1  # for connections, once everything else has ended
_THREADS = 16  # that start and end environments

Application = Any  # of ASGI


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of the server. Port 0 is any that is free."""

    host: str = "127.0.0.1"
    port: int = 3000
    console_port: int | None = None  # None: the next
    limit: int = 10  # environments of each function
    api: Api | None = None
    stage: str | None = None
    watch: bool = True
    fake_dify: bool = False
    schedules: bool = False  # by the clock
    debugged: str | None = None  # the function that waits for a debugger
    debug_port: int = 5678


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who takes part. `started` is told the bench and the console's port once both serve;
    `console` makes the application of the page."""

    listener: Listener = field(default_factory=Listener)
    reports: Reports = field(default_factory=Reports)
    progress: Progress = SILENT
    console: Callable[[Workbench], Application] | None = None
    started: Callable[[Bench, int | None], None] = lambda bench, console_port: None


def run_server(sources: Sources, options: Options, hooks: Hooks) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; nothing is left behind.

    Raises `InvalidInput` for what is wrong with the plugins at the start, `UsageError` for an
    address that can't be had, else `PackagerError`.
    """
    with ExitStack() as stack:
        door = stack.enter_context(listening(options.host, options.port))
        page = None
        if hooks.console is not None:
            port = options.console_port
            if port is None:
                port = door.getsockname()[1] + 1 if options.port else 0
            page = stack.enter_context(listening(options.host, port))
        executor = stack.enter_context(ThreadPoolExecutor(_THREADS))
        out = stack.enter_context(_work_folder())
        server = _Serving(sources, options, hooks, executor, stack)
        asyncio.run(server.serve(door, page, out))


@contextmanager
def _work_folder() -> Iterator[Path]:
    """Yield a folder for bundles; those that killed servers have left go."""
    parent = (cache_folder() or Path("/tmp") / "packager") / "serve"  # noqa: S108 - a user without a home
    parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(parent) as folder:
        yield folder.resolve()


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens; raise `UsageError` where it can't be had."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        server = socket.socket(family, kind, number)
    except OSError as error:
        raise UsageError(f"--host {host} can't be used: {error.strerror}") from None
    with server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(address)
            server.listen(128)
        except (OSError, OverflowError) as error:
            problem = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(
                f"{host}:{port} can't be listened on: {problem}",
                hint="another program may have it; choose another --port or --console-port",
            ) from None
        yield server


class _Server(uvicorn.Server):
    """A server that leaves signals to who runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


@dataclass(slots=True)
class _Serving:
    sources: Sources
    options: Options
    hooks: Hooks
    executor: ThreadPoolExecutor
    stack: ExitStack
    work: DeferredWork | None = None

    async def serve(self, door: socket.socket, page: socket.socket | None, out: Path) -> None:
        """Serve until a signal comes."""
        stop = _stopping()
        options, hooks = self.options, self.hooks
        port = door.getsockname()[1]
        name = options.host if options.host not in _HERE else "localhost"
        addresses = Addresses(f"http://{name}:{port}", options.stage)
        settings = Settings(addresses, port, options.api, options.limit, options.fake_dify)
        bench = Bench(settings, self.executor, hooks.listener)
        work = self.work = self._deferred_work(bench)
        builder = Builder(out, hooks.progress)
        reloader = Reloader(bench, self.sources, builder, hooks.reports, self._start)
        tasks: list[asyncio.Task[Any]] = []
        servers: list[uvicorn.Server] = []
        loop = asyncio.get_running_loop()
        try:
            if not await _unless(stop, reloader.begin()):
                return
            self._check_debugged(bench)
            servers = [asgi_server(Door(bench))]
            tasks = [loop.create_task(servers[0].serve([door]))]
            if page is not None and hooks.console is not None:
                servers.append(asgi_server(hooks.console(bench)))
                tasks.append(loop.create_task(servers[1].serve([page])))
            tasks += bench.start_reaping()
            tasks.append(loop.create_task(work.run()))
            if options.watch:
                tasks.append(loop.create_task(reloader.watch()))
            if options.schedules:
                tasks.append(loop.create_task(run_schedules(bench, lambda: datetime.now(UTC))))
            hooks.started(bench, page.getsockname()[1] if page else None)
            waiting = loop.create_task(stop.wait())
            done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {waiting}:
                task.result()  # nothing of it ends by itself
        finally:
            await work.close()
            await bench.close()
            for server in servers:
                server.should_exit = True
            for task in tasks[len(servers) :]:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, built: Built, variables: dict[str, str]) -> Start:
        """Return how environments of a bundle are started."""
        plan, options = built.plan, self.options
        debugger = None
        if plan.logical_id == options.debugged:
            plugin = None if plan.plugin.package else plan.plugin.root
            debugger = Debugger(options.debug_port, plugin)
            bring_debugger(built.interpreter)
        start = Start(built.bundle, built.interpreter, built.client, variables, debugger)
        return start if self.work is None else self.work.prepare(plan, start)

    def _deferred_work(self, bench: Bench) -> DeferredWork:
        """Return what works off deferred requests; its server starts with the first function that
        has any."""

        def log(function_id: str, data: bytes) -> None:
            function = bench.function(function_id)
            if function is not None:
                self.hooks.listener.log(function, data)

        queues = LocalQueues()
        return DeferredWork(
            queues,
            lambda: self.stack.enter_context(queue_server(queues)),
            self.executor,
            self.options.limit,
            log,
            bench.requests,
        )

    def _check_debugged(self, bench: Bench) -> None:
        if self.options.debugged is None:
            return
        function = bench.function(self.options.debugged)
        if function is None:
            names = ", ".join(each.id for each in bench.functions)
            raise UsageError(
                f"--debug {self.options.debugged}: there is no such function",
                hint=f"one of {names}",
            )
        function.debug_port = self.options.debug_port


_HERE = ("127.0.0.1", "0.0.0.0", "::", "::1")  # noqa: S104 - how they are called from here


def asgi_server(application: Application) -> uvicorn.Server:
    """Return a server of an application, as yet without a socket; signals are not its own."""
    return _Server(
        uvicorn.Config(
            application,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=60,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )


def _stopping() -> asyncio.Event:
    """Return what is set by the first signal that ends the program; the second ends it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            sys.exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal, number)
    return stop


async def _unless(stop: asyncio.Event, work: Any) -> bool:
    """Return whether `work` got done before `stop`; raise what it raises."""
    loop = asyncio.get_running_loop()
    task, waiting = loop.create_task(work), loop.create_task(stop.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return False
