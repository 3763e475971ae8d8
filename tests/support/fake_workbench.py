"""A workbench without functions behind it: what the console shows and does, at its own pace."""

from __future__ import annotations

import asyncio
import json
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packager.contract import ENDPOINTS_PATH
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.file_store import FileStore
from packager.endpoints.function import ManagedFunction
from packager.endpoints.local import local_function
from packager.errors import Diagnostics
from packager.model.events import EventMapping
from packager.plugin.functions import FunctionPlan, plan_functions
from packager.plugin.load import load_plugin
from packager.serve.changes import Change, Changes
from packager.serve.request_log import Outgoing, RequestLog, RequestRecord
from packager.serve.state import BuildInfo, ServedFunction
from packager.subscriptions.constructor import Constructor

ROOT = Path(__file__).resolve().parents[2]
BASE = "http://127.0.0.1:3000"


def managed_copy(name: str, folder: Path, *, more: str = "") -> Path:
    """Copy an example plugin, configured for endpoints that are made while it runs."""
    copy = folder / name
    shutil.copytree(ROOT / "plugins" / name, copy)
    (copy / "packager.toml").write_text(f'endpoints = "managed"\n{more}', "utf-8")
    return copy


def plans_of(*folders: Path) -> tuple[FunctionPlan, ...]:
    """Plan the functions of plugins for this machine."""
    diagnostics = Diagnostics()
    plugins = [load_plugin(each, diagnostics, display=each.name) for each in folders]
    diagnostics.raise_errors()
    return plan_functions([each for each in plugins if each], diagnostics, host=True)


def managed_in(plan: FunctionPlan, file: Path) -> ManagedFunction:
    """The function of a plan with its endpoints in a file of the test's own."""
    function = local_function(plan)
    name = f"{function.declaration.plugin}/{function.declaration.group}"
    store = FileStore(file, name)
    return ManagedFunction(function.declaration, store, key=store.key, where="this machine")


Answer = Callable[[Outgoing], Sequence[bytes]]


@dataclass
class FakeWorkbench:
    """Answers requests of enabled endpoints with `answer`, `pause` seconds between chunks."""

    functions: tuple[ServedFunction, ...]
    requests: RequestLog = field(default_factory=RequestLog)
    fake_dify: bool = True
    answer: Answer = lambda outgoing: (b"Nyan ", outgoing.target.encode())
    pause: float = 0.0
    makes: Constructor | None = None  # what calls a provider's constructor
    events: list[Any] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    _changes: Changes = field(default_factory=Changes)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def function(self, function_id: str) -> ServedFunction | None:
        return next((each for each in self.functions if each.id == function_id), None)

    def changes(self) -> AsyncIterator[Change]:
        return self._changes.listen()

    def changed(self, function: ServedFunction) -> None:
        self._changes.say(Change("changed", function.id))

    def public_base(self, function: ServedFunction) -> str:
        return BASE

    async def send(self, function: ServedFunction, outgoing: Outgoing) -> RequestRecord:
        sent = self.requests.as_sent(outgoing)
        self.sent.append(sent)
        record = RequestRecord(str(uuid.uuid4()), function.id, sent.method, sent.target)
        record.cold = not self.requests.records()
        status = 200
        if function.store is not None and sent.target.startswith(ENDPOINTS_PATH):
            hook_id = sent.target.removeprefix(ENDPOINTS_PATH).partition("/")[0]
            endpoint = function.store.store.get(hook_id)
            record.endpoint = endpoint.name if endpoint else None
            status = 200 if endpoint is not None and endpoint.enabled else 404
        event = {
            "rawPath": sent.target,
            "headers": dict(sent.headers),
            "body": sent.body.decode("latin-1"),
        }
        self.requests.begin(record, sent, event)
        chunks = self.answer(sent) if status == 200 else (b"Not found",)
        self._start(self._answer(record, status, chunks))
        return record

    async def send_event(
        self, function: ServedFunction, mapping: EventMapping, payload: object
    ) -> RequestRecord:
        self.events.append((mapping, payload))
        return await self._event(function, mapping.source, mapping.path, {"detail": payload})

    async def send_raw(self, function: ServedFunction, event: object) -> RequestRecord:
        self.events.append(event)
        return await self._event(function, "sqs", "", event)

    def constructor(self, function: ServedFunction) -> Constructor:
        assert self.makes is not None
        return self.makes

    async def profile(self, function: ServedFunction) -> str:
        return f"<!doctype html><title>Profile</title><p>cold start of {function.id}</p>"

    async def _event(
        self, function: ServedFunction, source: str, path: str, event: object
    ) -> RequestRecord:
        record = RequestRecord(str(uuid.uuid4()), function.id, "POST", path, source)
        self.requests.begin(record, Outgoing("POST", path), event)
        self._start(self._answer(record, None, (json.dumps({"ok": True}).encode(),)))
        return record

    def _start(self, answer: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(answer)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(
        self, record: RequestRecord, status: int | None, chunks: Sequence[bytes]
    ) -> None:
        self.requests.answered(record, status, (("Content-Type", "text/plain; charset=utf-8"),))
        for index, chunk in enumerate(chunks):
            if index or self.pause:
                await asyncio.sleep(self.pause)
            self.requests.add_chunk(record, chunk)
        record.duration_ms = 3.4
        self.requests.add_log(record, b"[INFO] answered\n")
        self.requests.finish(record)


def managed_of(workbench: FakeWorkbench, function_id: str) -> ManagedFunction:
    """The managed function of a workbench."""
    function = workbench.function(function_id)
    assert function is not None
    assert function.store is not None
    return function.store


def endpoint_of(workbench: FakeWorkbench, function_id: str, name: str) -> Endpoint:
    """An endpoint that is there."""
    found = managed_of(workbench, function_id).store.named(name)
    assert found is not None
    return found


def served(plan: FunctionPlan, file: Path) -> ServedFunction:
    """A function that is ready, with its endpoints in a file if it has such."""
    build = BuildInfo(
        "build", 3_001_000, 0.412, datetime.now(UTC), (("werkzeug", "3.1.4", 412_000),)
    )
    store = managed_in(plan, file) if plan.options.is_managed else None
    return ServedFunction(plan, "ready", build=build, store=store)


def workbench_of(folder: Path, *names: str, **more: str) -> FakeWorkbench:
    """A workbench of managed copies of example plugins; `more` is further configuration by name."""
    copies = [managed_copy(name, folder, more=more.get(name, "")) for name in names]
    return FakeWorkbench(
        tuple(served(plan, folder / "endpoints.sqlite") for plan in plans_of(*copies))
    )
