"""Runs a built bundle once: a fresh process of its Python, by its entry, our Runtime API."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from packager.bundle.read import BuiltBundle, read_bundle
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.local.confined import confined_command
from packager.local.debugger import GRACE, Debugger, waiting_interpreter
from packager.local.debugger import SECONDS as DEBUG_SECONDS
from packager.local.function_process import POLL_SECONDS, FunctionLog, running
from packager.local.function_start import (
    REGION,
    function_command,
    function_environment,
    interpreter_for,
)
from packager.local.runtime_api_server import Answer, Failure, Outcome, Ready, RuntimeApi
from packager.local.stock_client import client_folder
from packager.local.streamed_reply import Part, whole_reply

INIT_SECONDS = 10  # of the init phase; after that Lambda starts over within the function's timeout


@dataclass(frozen=True, slots=True)
class Invocation:
    """How an invocation went. `init_ms` is from the process's start to its first request for work,
    `duration_ms` from there to the reply's end; `payload` is the reply's JSON as it was sent. Of a
    streamed reply it is what the same would be as one piece, empty if `on_part` took it."""

    payload: bytes
    reply: Any
    init_ms: float
    duration_ms: float
    log: bytes
    streamed: bool = False


class InvocationFailed(PackagerError):
    """The function gave no reply. `log` is what it wrote until then."""

    def __init__(self, message: str, *, hint: str | None = None, log: bytes = b"") -> None:
        super().__init__(message, hint=hint)
        self.log = log


def invoke_bundle(
    folder: Path,
    event: object,
    *,
    env: Mapping[str, str],
    timeout: float | None = None,
    on_log: Callable[[bytes], None] = lambda chunk: None,
    on_part: Callable[[Part], None] | None = None,
) -> Invocation:
    """Run the bundle in `folder` with `event` (anything that JSON can say) and return the reply.

    It can write to /tmp alone, as on Lambda (`confined`). `env` holds the function's environment
    variables; of this process's environment only PATH and
    its like are handed on. `timeout` is in seconds; the bundle's own is the default. `on_log` gets
    the function's log as it is written, on a thread of its own, `on_part` what a streamed reply
    consists of: its prelude, a dict, then its body as it comes. Raises `InvocationFailed` when
    the init phase or the invocation fails, the process dies or the time is over, and
    `PackagerError` when it can't be run here at all. No process is left behind.
    """
    return _invoke(folder, event, _Run(env, timeout, on_log, on_part))


def debug_bundle(
    folder: Path,
    event: object,
    debugger: Debugger,
    *,
    env: Mapping[str, str],
    on_log: Callable[[bytes], None] = lambda chunk: None,
    on_part: Callable[[Part], None] | None = None,
) -> Invocation:
    """Do as `invoke_bundle`, once a debugger has come, and without limits of time."""
    return _invoke(folder, event, _Run(env, DEBUG_SECONDS, on_log, on_part, debugger))


@dataclass(frozen=True, slots=True)
class _Run:
    env: Mapping[str, str]
    timeout: float | None
    on_log: Callable[[bytes], None]
    on_part: Callable[[Part], None] | None
    debugger: Debugger | None = None


def _invoke(folder: Path, event: object, run: _Run) -> Invocation:
    folder = folder.resolve()
    bundle = read_bundle(folder)
    interpreter = interpreter_for(bundle)
    # The client comes from a package index the first time: only who needs it waits for that.
    client = client_folder(interpreter) if bundle.entry == "stock" else None
    seconds = bundle.timeout if run.timeout is None else run.timeout
    grace = 0.0 if run.debugger is None else GRACE
    parts: list[Part] = []
    with (
        waiting_interpreter(run.debugger, bundle, interpreter) as python,
        RuntimeApi(run.on_part or parts.append) as api,
    ):
        environment = function_environment(bundle, run.env, api.address, client)
        command = function_command(bundle, python, client)
        log = FunctionLog(run.on_log)
        try:
            with (
                confined_command(command, python.path, folder, environment, grace) as (
                    start,
                    tether,
                ),
                running(start, folder, environment, log, tether=tether) as process,
            ):
                tether.wait()  # what has got it ready is not part of the init phase
                answer, init, duration = converse(api, process, event, bundle, seconds)
        except InvocationFailed as failed:
            failed.log = log.kept
            raise
    payload, reply = answer.payload, None
    if answer.streamed and run.on_part is None:
        reply = assembled(parts)
        payload = json.dumps(reply, ensure_ascii=False).encode()
    elif not answer.streamed:
        try:
            reply = json.loads(answer.payload)
        except ValueError as fault:
            raise InvocationFailed("the function's reply is not JSON", log=log.kept) from fault
    return Invocation(payload, reply, init * 1000, duration * 1000, log.kept, answer.streamed)


def assembled(parts: list[Part]) -> Any:
    """Return a streamed reply as one piece: in payload 2.0's form, or as text if it is not HTTP."""
    body = b"".join(part for part in parts if isinstance(part, bytes))
    if parts and isinstance(parts[0], dict):
        return whole_reply(parts[0], body)
    return body.decode("utf-8", "replace")


def converse(
    api: RuntimeApi,
    process: subprocess.Popen[bytes],
    event: object,
    bundle: BuiltBundle,
    seconds: float,
    ready: Callable[[], None] = lambda: None,
) -> tuple[Answer, float, float]:
    """Take the process through its init phase and one invocation; `ready` is called in between.

    Returns the answer, and the seconds that the init phase and the invocation took.
    """
    started = time.monotonic()
    await_ready(api, process, seconds)
    init = time.monotonic() - started
    ready()
    answer, duration = answer_request(api, process, event, bundle, seconds)
    return answer, init, duration


def await_ready(api: RuntimeApi, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until the process asks for its first request; `seconds` is the function's timeout."""
    init_seconds = max(INIT_SECONDS, seconds)
    outcome = _next_outcome(api, process, time.monotonic() + init_seconds)
    if isinstance(outcome, Failure):
        raise InvocationFailed(f"the function failed in its init phase: {_words(outcome)}")
    if not isinstance(outcome, Ready):
        raise _no_outcome(process, "in its init phase", init_seconds)


def answer_request(
    api: RuntimeApi,
    process: subprocess.Popen[bytes],
    event: object,
    bundle: BuiltBundle,
    seconds: float,
) -> tuple[Answer, float]:
    """Let the process answer one event, and wait until it asks for the next.

    Returns the answer, and the seconds until it came.
    """
    request_id = str(uuid.uuid4())
    asked = time.monotonic()
    api.offer(
        json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        ),
        request_id=request_id,
        deadline_ms=int((time.time() + seconds) * 1000),
        arn=f"arn:aws:lambda:{REGION}:123456789012:function:{bundle.function}",
        trace_id=f"Root=1-{int(time.time()):08x}-{request_id.replace('-', '')[:24]};Sampled=0",
    )
    answer = _next_outcome(api, process, asked + seconds)
    if answer is None or isinstance(answer, Ready):
        raise _no_outcome(process, "before it answered", seconds)
    # What the function does before it asks for more work still belongs to this invocation.
    _next_outcome(api, process, asked + seconds)
    if isinstance(answer, Failure):
        raise InvocationFailed(f"the function failed: {_words(answer)}")
    return answer, answer.at - asked


def _next_outcome(
    api: RuntimeApi, process: subprocess.Popen[bytes], deadline: float
) -> Outcome | None:
    """Wait for what the process says next; None if it ended, or `deadline` (monotonic) came."""
    while True:
        ended = process.poll() is not None
        with contextlib.suppress(queue.Empty):
            return api.outcomes.get(timeout=POLL_SECONDS)
        if ended or time.monotonic() >= deadline:
            return None


def _no_outcome(process: subprocess.Popen[bytes], when: str, seconds: float) -> InvocationFailed:
    code = process.poll()
    if code is None:
        return InvocationFailed(
            f"the function timed out after {seconds:g} s",
            hint="`timeout` in the plugin's configuration says how long it may take",
        )
    how = f"exit status {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            how = signal.Signals(-code).name
    return InvocationFailed(f"the function's process ended {when}: {how}")


def _words(failure: Failure) -> str:
    return ": ".join(part for part in (failure.error_type, failure.message) if part) or "no reason"
