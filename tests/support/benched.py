"""A function behind the door of `packager serve`, in a thread: of a bundle that is there."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packager.bundle.read import read_bundle
from packager.host.interpreter import find_interpreter
from packager.local.http_reply import HttpReply
from packager.local.stock_client import client_folder
from packager.plugin.functions import FunctionPlan
from packager.serve.addresses import Addresses
from packager.serve.bench import Bench, Listener, Settings
from packager.serve.execution import Start
from packager.serve.front import Door
from packager.serve.run import asgi_server
from packager.serve.state import BuildInfo, ServedFunction


@dataclass
class Benched:
    """A function that is served at a port, and what it got."""

    port: int
    bench: Bench

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpReply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, body, dict(headers))
            got = connection.getresponse()
            return HttpReply(got.status, tuple(got.getheaders()), got.read())
        finally:
            connection.close()

    @property
    def event(self) -> Any:
        """What the function got last."""
        return self.bench.requests.records()[-1].event


@contextmanager
def benched(
    plan: FunctionPlan,
    folder: Path,
    variables: Mapping[str, str],
    *,
    api: str | None = None,
    stage: str | None = None,
) -> Iterator[Benched]:
    """Serve the bundle in `folder` until the end of the block."""
    bundle = read_bundle(folder)
    found = find_interpreter(bundle.python)
    assert found is not None
    client = client_folder(found) if bundle.entry == "stock" else None
    started, stop = threading.Event(), asyncio.Event()
    benches: list[tuple[Bench, asyncio.AbstractEventLoop]] = []

    async def serve(listening: socket.socket) -> None:
        port = listening.getsockname()[1]
        with ThreadPoolExecutor(4) as threads:
            settings = Settings(Addresses(f"http://localhost:{port}", stage), port, api)
            bench = Bench(settings, threads, Listener())
            function = ServedFunction(plan, "ready")
            function.build = BuildInfo(str(folder), 0, 0.0, datetime.now(UTC))
            bench.add(function)
            bench.use(function, Start(bundle, found, client, variables), ())
            server = asgi_server(Door(bench))
            task = asyncio.ensure_future(server.serve([listening]))
            benches.append((bench, asyncio.get_running_loop()))
            started.set()
            await stop.wait()
            await bench.close()
            server.should_exit = True
            await task

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=asyncio.run, args=(serve(listening),), daemon=True)
        thread.start()
        assert started.wait(30)
        bench, loop = benches[0]
        try:
            yield Benched(listening.getsockname()[1], bench)
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(30)
            assert not thread.is_alive()
