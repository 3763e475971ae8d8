"""Keeps what is served up to date with the files of its plugins."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TypeVar

from packager.dataclass import dataclass
from packager.errors import Diagnostic, InvalidInput, PackagerError
from packager.local.log_paths import names_of_paths
from packager.plugin.endpoint_declaration import endpoint_declaration
from packager.plugin.functions import FunctionPlan
from packager.serve.bench import Bench
from packager.serve.builds import Builder, Built
from packager.serve.execution import Start
from packager.serve.managed import LocalEndpoints
from packager.serve.masking import mask_of
from packager.serve.sources import Reading, Sources
from packager.serve.state import ServedFunction

Result = TypeVar("Result")
_STEP = 20  # ms of quiet after which what was saved is taken for whole
_DEBOUNCE = 500  # ms after which it is taken without


@dataclass(frozen=True, slots=True)
class Reports:
    """Who is told how builds end: `built` with the seconds it took, `failed` with the faults."""

    built: Callable[[ServedFunction, float], None] = lambda function, seconds: None
    failed: Callable[[Sequence[Diagnostic]], None] = lambda diagnostics: None
    said: Callable[[str], None] = lambda text: None


@dataclass(slots=True)
class Reloader:
    """Reads and builds, first and whenever a file changes; an older build serves until then."""

    bench: Bench
    sources: Sources
    builder: Builder
    reports: Reports
    starts: Callable[[Built, dict[str, str]], Start]
    endpoints: LocalEndpoints = field(default_factory=LocalEndpoints)
    _secrets: set[str] = field(default_factory=set)
    _current: dict[str, tuple[Built, Start]] = field(default_factory=dict)
    _removals: set[asyncio.Task[None]] = field(default_factory=set)

    async def begin(self) -> None:
        """Read and build everything; raise `PackagerError` for whatever is wrong."""
        reading = await beside(lambda: self.sources.read(self.sources.paths))
        settings = self.bench.settings
        settings.addresses.check(reading.plans, settings.api)
        several = len(reading.plans) > 1
        for plan in reading.plans:
            here = self.bench.settings.addresses.planned(plan, several)
            self.bench.add(ServedFunction(here))
        self.endpoints.changed = self._mask
        self.bench.owned_by(self.endpoints.owner)
        self._know(reading.plans)
        self.reports.failed(reading.notes)
        for plan in reading.plans:
            await self._build(plan, reading, several)

    async def watch(self) -> None:
        """Read and build again whatever a saved file concerns, again and again."""
        from watchfiles import DefaultFilter, awatch

        storage = self.sources.given.storage
        kept = None if storage is None else str(storage.resolve())

        def wanted(change: object, path: str) -> bool:
            return (kept is None or not path.startswith(kept)) and usual(change, path)  # type: ignore[arg-type]

        usual = DefaultFilter()
        while True:
            plans = [function.plan for function in self.bench.functions]
            paths = self.sources.watched(plans)
            folders = {path if path.is_dir() else path.parent for path in paths}
            async for changes in awatch(
                *folders, watch_filter=wanted, step=_STEP, debounce=_DEBOUNCE
            ):
                files = {Path(path) for _, path in changes}
                files = {each for each in files if any(each.is_relative_to(p) for p in paths)}
                if files:
                    await self.reload(self.sources.concerned(files))
                if self.sources.watched([each.plan for each in self.bench.functions]) != paths:
                    break

    async def reload(self, paths: Iterable[Path]) -> None:
        """Read the plugins at `paths` again, and build what they have become."""
        for path in paths:
            displayed = str(path)
            concerned = [e for e in self.bench.functions if e.plugin.display == displayed]
            for function in concerned:
                function.state = "building"
                self.bench.changed(function)
            try:
                reading = await beside(partial(self.sources.read, [path]))
            except PackagerError as error:
                self._fail(concerned, error)
                continue
            ids = {plan.logical_id for plan in reading.plans}
            if ids != {function.id for function in concerned}:
                self.reports.said(f"{path} has other functions now: start again to serve them")
            self._know(reading.plans)
            for plan in reading.plans:
                if self.bench.function(plan.logical_id) is not None:
                    with suppress(PackagerError):
                        await self._build(plan, reading, len(self.bench.functions) > 1)

    async def _build(self, plan: FunctionPlan, reading: Reading, several: bool) -> None:
        function = self.bench.function(plan.logical_id)
        assert function is not None  # noqa: S101 - it was added
        started = time.monotonic()
        plan = self.bench.settings.addresses.planned(plan, several)
        function.plan = plan
        before = self._current.get(plan.logical_id)
        try:
            built = await beside(lambda: self.builder.build(plan))
            variables = await beside(lambda: self.sources.variables(plan, built.bundle))
            start = await beside(lambda: self.starts(built, variables))
        except PackagerError as error:
            self._fail([function], error)
            raise
        function.build = built.info
        function.diagnostics = (*reading.notes, *built.notes)
        function.state = "ready"
        self.reports.failed(built.notes if before is None else function.diagnostics)
        same = before is not None and not built.changed and _runs_alike(before[1], start)
        if before is None or not same:
            self._current[plan.logical_id] = built, start
            where = None if plan.plugin.package else plan.plugin.display
            self.bench.use(function, start, names_of_paths(built.bundle.folder, where))
            self.reports.built(function, time.monotonic() - started)
            if before is not None:
                self._remove_once_unused(function, before[0])
        self.bench.changed(function)

    def _fail(self, functions: Sequence[ServedFunction], error: PackagerError) -> None:
        diagnostics: tuple[Diagnostic, ...]
        if isinstance(error, InvalidInput):
            diagnostics = error.diagnostics
        else:
            diagnostics = (Diagnostic("import-fails", str(error), hint=error.hint),)
        for function in functions:
            function.state = "failed"
            function.diagnostics = diagnostics
            self.bench.changed(function)
        self.reports.failed(diagnostics)

    def _know(self, plans: Sequence[FunctionPlan]) -> None:
        """Take up what plans say of endpoints and of secrets, which nobody forgets again."""
        for plan in plans:
            function = self.bench.function(plan.logical_id)
            if function is not None and plan.options.is_managed:
                base = self.bench.public_base(function)
                function.store = self.endpoints.add(plan, base)
                function.declaration = endpoint_declaration(plan)
        self._secrets |= self.sources.secrets(plans)
        self._mask()

    def _mask(self) -> None:
        self._secrets |= set(self.endpoints.secrets())
        self.bench.mask_with(mask_of(self._secrets))

    def _remove_once_unused(self, function: ServedFunction, built: Built) -> None:
        async def remove() -> None:
            while function.environments.retiring:
                await asyncio.sleep(_LOOK_SECONDS)
            await beside(lambda: self.builder.forget(built))

        task = asyncio.get_running_loop().create_task(remove())
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)


_LOOK_SECONDS = 1.0


def _runs_alike(one: Start, other: Start) -> bool:
    return one.variables == other.variables and one.interpreter == other.interpreter


async def beside(work: Callable[[], Result]) -> Result:
    """Return what `work` does, on a thread that nobody waits for when the program ends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def finish(result: Result | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: Result | None = None
        error: BaseException | None = None
        try:
            result = work()
        except BaseException as fault:
            error = fault
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await done
