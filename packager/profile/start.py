"""Starts a function cold: as it is, held to a CPU share, or with its imports traced."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from packager.bundle.read import BuiltBundle
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.local.function_process import FunctionLog, running
from packager.local.function_start import function_command, function_environment, interpreter_for
from packager.local.invoke import (
    InvocationFailed,
    answer_request,
    assembled,
    await_ready,
    converse,
)
from packager.local.runtime_api_server import RuntimeApi
from packager.local.stock_client import client_folder
from packager.local.streamed_reply import Part
from packager.profile.cpu_share import Limit
from packager.profile.facts import ColdStart
from packager.profile.trace import SCRIPT, Trace, read_trace

_READY_SECONDS = 30
# Waits until it is let go, so that nothing but what follows is measured.
_GATE = 'echo ready >&0; read -r line; exec "$@" </dev/null'


@dataclass(frozen=True, slots=True)
class Function:
    """A bundle with what to start it with. `client` is AWS's, where the entry is the stock one."""

    bundle: BuiltBundle
    event: Any
    env: Mapping[str, str]
    python: Path
    client: Path | None
    command: tuple[str, ...]


def function_of(bundle: BuiltBundle, event: Any, env: Mapping[str, str]) -> Function:
    """Prepare to start `bundle` with `event`, which JSON can say.

    Raises `PackagerError` if it can't be started here.
    """
    bundle = replace(bundle, folder=bundle.folder.resolve())  # it is where the process starts
    interpreter = interpreter_for(bundle)
    client = client_folder(interpreter) if bundle.entry == "stock" else None
    command = tuple(function_command(bundle, interpreter, client))
    return Function(bundle, event, env, interpreter.path, client, command)


def cold_start(function: Function, limit: Limit | None = None) -> ColdStart:
    """Start the function once, within `limit` if any, and return the times; no process is left.

    As on Lambda, the limit holds from the first `next` on, where it is one that can be taken then.
    Raises `InvocationFailed` if it gives no reply.
    """
    command = [*function.command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with _listening(function) as (api, environment, log, parts):
        if limit is None or limit.processes:
            spawned = time.monotonic()
            with running(command, function.bundle.folder, environment, log) as process:
                payload, asked, answered = _served(api, process, function, limit)
        else:
            ours, theirs = socket.socketpair()
            gated = [*limit.prefix, "/bin/sh", "-c", _GATE, "sh", *command]
            with (
                ours,
                theirs,
                running(
                    gated,
                    function.bundle.folder,
                    environment,
                    log,
                    inherited=(theirs.fileno(),),
                ) as process,
            ):
                theirs.close()
                ours.settimeout(_READY_SECONDS)
                if not ours.recv(16):
                    raise PackagerError("a process with less CPU can't be started here")
                spawned = time.monotonic()
                ours.sendall(b"\n")
                payload, asked, answered = _served(api, process, function)
    if parts:  # it was streamed
        payload = json.dumps(assembled(parts)).encode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ColdStart((answered - spawned) * 1000, (asked - spawned) * 1000, cpu * 1000, payload)


def served_requests(
    function: Function, count: int, limit: Limit | None = None
) -> tuple[float, list[float], bytes]:
    """Start the function once and let it answer its event `count` times.

    Returns what the init phase and each answer took, in ms, and the last answer. As on Lambda, a
    `limit` holds for the answers, and for the init phase only where it can't be set later.
    """
    bundle = function.bundle
    prefix = () if limit is None else limit.prefix
    with _listening(function) as (api, environment, log, parts):
        spawned = time.monotonic()
        with running([*prefix, *function.command], bundle.folder, environment, log) as process:
            await_ready(api, process, bundle.timeout)
            init = time.monotonic() - spawned
            if limit is not None:
                limit.take(process.pid)
            times = []
            for _ in range(count):
                parts.clear()
                answer, duration = answer_request(
                    api, process, function.event, bundle, bundle.timeout
                )
                times.append(duration * 1000)
    payload = json.dumps(assembled(parts)).encode() if parts else answer.payload
    return init * 1000, times, payload


def traced_start(function: Function) -> Trace:
    """Start the function once, through the script that traces its imports."""
    with tempfile.NamedTemporaryFile(prefix="packager-", suffix=".trace") as out:
        script = (str(SCRIPT), out.name)
        if function.client is None:
            # Through a shell as `start_fast` is, which leaves `site` out where it can.
            flags = [] if function.env.get("PYTHONPATH") else ["-S"]
            inner = [str(function.python), *flags, *script, *function.command]
            command = ["/bin/sh", "-c", 'exec "$@"', "sh", *inner]
        else:
            # The interpreter and its flags, then the script and what it is given.
            at = next(i for i, word in enumerate(function.command) if word.endswith(".py"))
            command = [*function.command[:at], *script, *function.command[at:]]
        with _listening(function) as (api, environment, log, _):
            spawned = time.monotonic()
            with running(command, function.bundle.folder, environment, log) as process:
                _, asked, answered = _served(api, process, function)
        text = Path(out.name).read_bytes().decode("utf-8", "replace")
    spawned_ns, asked_ns, answered_ns = (int(at * 1e9) for at in (spawned, asked, answered))
    return read_trace(text, spawned=spawned_ns, asked=asked_ns, answered=answered_ns)


@contextlib.contextmanager
def _listening(
    function: Function,
) -> Iterator[tuple[RuntimeApi, dict[str, str], FunctionLog, list[Part]]]:
    log = FunctionLog(lambda chunk: None)
    parts: list[Part] = []
    with RuntimeApi(parts.append) as api:
        environment = function_environment(
            function.bundle, function.env, api.address, function.client
        )
        try:
            yield api, environment, log, parts
        except InvocationFailed as failed:
            failed.log = log.kept
            raise


def _served(
    api: RuntimeApi,
    process: subprocess.Popen[bytes],
    function: Function,
    limit: Limit | None = None,
) -> tuple[bytes, float, float]:
    """Return the reply, and when (monotonic seconds) the process asked for work and answered."""
    entered = time.monotonic()

    def ready() -> None:
        if limit:
            limit.take(process.pid)

    answer, init, duration = converse(
        api, process, function.event, function.bundle, function.bundle.timeout, ready
    )
    return answer.payload, entered + init, entered + init + duration
