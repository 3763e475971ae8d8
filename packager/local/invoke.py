"""Runs a built bundle once: a fresh process of its Python, by its entry, our Runtime API."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from packager.bundle.read import BuiltBundle, read_bundle
from packager.contract import PROGRAM, WRAPPER_VARIABLE
from packager.errors import PackagerError
from packager.host.interpreter import Interpreter, find_interpreter
from packager.local.read_only import read_only_command
from packager.local.runtime_api_server import Answer, Failure, Outcome, Ready, RuntimeApi
from packager.local.stock_client import client_folder
from packager.local.streamed_reply import Part, whole_reply

RUN_HANDLER = Path(__file__).parents[1] / "_in_target" / "run_handler.py"
REGION = "us-east-1"
MEMORY = 512  # MiB; a bundle does not say, and nothing here enforces it
INIT_SECONDS = 10  # of the init phase; after that Lambda starts over within the function's timeout
MAX_LOG = 16 * 1024 * 1024  # bytes kept; all of it goes to `on_log`
_BOOTSTRAP = "/var/runtime/bootstrap.py"  # what managed Python runtimes run, and wrappers are told
_POLL_SECONDS = 0.05
_BASICS = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


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
    """Run the bundle in `folder` with `event` (anything that JSON can say) and give the reply.

    It can write to /tmp alone, as on Lambda (`read_only`). `env` holds the function's environment
    variables; of this process's environment only PATH and
    its like are handed on. `timeout` is in seconds; the bundle's own is the default. `on_log` gets
    the function's log as it is written, on a thread of its own, `on_part` what a streamed reply
    consists of: its prelude, a dict, then its body as it comes. Raises `InvocationFailed` when
    the init phase or the invocation fails, the process dies or the time is over, and
    `PackagerError` when it can't be run here at all. No process is left behind.
    """
    folder = folder.resolve()
    bundle = read_bundle(folder)
    interpreter = interpreter_for(bundle)
    # The client comes from a package index the first time: only who needs it waits for that.
    client = client_folder(interpreter) if bundle.entry == "stock" else None
    seconds = bundle.timeout if timeout is None else timeout
    parts: list[Part] = []
    with RuntimeApi(on_part or parts.append) as api:
        environment = function_environment(bundle, env, api.address, client)
        command = function_command(bundle, interpreter, client)
        log = FunctionLog(on_log)
        try:
            with (
                read_only_command(command, interpreter.path, folder, environment) as (start, ready),
                running(start, folder, environment, log, inherited=ready.descriptor) as process,
            ):
                ready.wait()  # what has got it ready is no part of the init phase
                answer, init, duration = converse(api, process, event, bundle, seconds)
        except InvocationFailed as failed:
            failed.log = log.kept
            raise
    payload, reply = answer.payload, None
    if answer.streamed and on_part is None:
        reply = assembled(parts)
        payload = json.dumps(reply, ensure_ascii=False).encode()
    elif not answer.streamed:
        try:
            reply = json.loads(answer.payload)
        except ValueError as fault:
            raise InvocationFailed("the function's reply is not JSON", log=log.kept) from fault
    return Invocation(payload, reply, init * 1000, duration * 1000, log.kept, answer.streamed)


def assembled(parts: list[Part]) -> Any:
    """Give a streamed reply as one piece: in payload 2.0's form, or as text if it is not HTTP."""
    body = b"".join(part for part in parts if isinstance(part, bytes))
    if parts and isinstance(parts[0], dict):
        return whole_reply(parts[0], body)
    return body.decode("utf-8", "replace")


def function_command(
    bundle: BuiltBundle, interpreter: Interpreter, client: Path | None
) -> list[str]:
    """Give what starts a function: the fast entry, called as Lambda calls a wrapper, or `client`,
    the folder of AWS's runtime client."""
    if client is None:
        return [str(bundle.folder / PROGRAM), str(interpreter.path), _BOOTSTRAP]
    return [str(interpreter.path), "-S", "-s", "-P", "-B", str(RUN_HANDLER), str(client)]


def function_environment(
    bundle: BuiltBundle, env: Mapping[str, str], address: str, client: Path | None
) -> dict[str, str]:
    """Give the environment of a function's process, as AWS's page "Defined runtime environment
    variables" lists it; `env` may change what Lambda lets a function's configuration change.

    Without `client` it is that of the fast entry. There is no LAMBDA_RUNTIME_DIR then: no managed
    runtime is here, whose packages the function could import.
    """
    basics = {name: os.environ[name] for name in _BASICS if name in os.environ}
    usual = {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
    reserved = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{bundle.python}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY),
        "AWS_LAMBDA_FUNCTION_NAME": bundle.function,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(bundle.timeout),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{bundle.function}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "packager",
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": str(bundle.folder),
        "_HANDLER": bundle.handler,
    }
    if client is None:
        reserved[WRAPPER_VARIABLE] = str(bundle.folder / PROGRAM)
        reserved["PYTHONDONTWRITEBYTECODE"] = "1"  # a bundle can't be written to on Lambda
    else:
        reserved["LAMBDA_RUNTIME_DIR"] = str(client)
    return basics | usual | dict(env) | reserved


def interpreter_for(bundle: BuiltBundle) -> Interpreter:
    """Give the Python that the bundle is for; raise `PackagerError` if this machine has none."""
    interpreter = find_interpreter(bundle.python)
    if interpreter is None:
        raise PackagerError(
            f"Python {bundle.python} is needed to run {bundle.function}, and none was found on "
            "this machine",
            hint=f"install it (`uv python install {bundle.python}`), or invoke the plugin itself "
            "with another --runtime",
        )
    return interpreter


def converse(
    api: RuntimeApi,
    process: subprocess.Popen[bytes],
    event: object,
    bundle: BuiltBundle,
    seconds: float,
) -> tuple[Answer, float, float]:
    """Take the process through its init phase and one invocation.

    Gives the answer, and the seconds that the init phase and the invocation took.
    """
    started = time.monotonic()
    init_seconds = max(INIT_SECONDS, seconds)
    outcome = _next_outcome(api, process, started + init_seconds)
    if isinstance(outcome, Failure):
        raise InvocationFailed(f"the function failed in its init phase: {_words(outcome)}")
    if not isinstance(outcome, Ready):
        raise _no_outcome(process, "in its init phase", init_seconds)
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
    if isinstance(answer, Failure):
        raise InvocationFailed(f"the function failed: {_words(answer)}")
    if not isinstance(answer, Answer):
        raise _no_outcome(process, "before it answered", seconds)
    # What the function does before it asks for more work still belongs to this invocation.
    _next_outcome(api, process, asked + seconds)
    return answer, asked - started, answer.at - asked


def _next_outcome(
    api: RuntimeApi, process: subprocess.Popen[bytes], deadline: float
) -> Outcome | None:
    """Wait for what the process says next; None if it ended, or `deadline` (monotonic) came."""
    while True:
        ended = process.poll() is not None
        with contextlib.suppress(queue.Empty):
            return api.outcomes.get(timeout=_POLL_SECONDS)
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


class FunctionLog:
    """Collects what a process writes, and hands it on at once."""

    def __init__(self, on_log: Callable[[bytes], None]) -> None:
        self._on_log = on_log
        self._kept = bytearray()
        self._ended = threading.Event()

    @property
    def kept(self) -> bytes:
        """What was written so far, up to `MAX_LOG`."""
        return bytes(self._kept)

    def follow(self, stream: IO[bytes]) -> None:
        """Read until the stream's end, or until it is quiet after `end()`: a process that the
        function left in a session of its own may hold it open."""
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while True:
                ended = self._ended.is_set()
                if not selector.select(_POLL_SECONDS):
                    if ended:
                        return
                    continue
                chunk = os.read(stream.fileno(), 65536)
                if not chunk:
                    return
                # The client ends the lines of a traceback with carriage returns.
                chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                self._kept += chunk[: MAX_LOG - len(self._kept)]
                self._on_log(chunk)

    def end(self) -> None:
        """Let `follow` end: the process has."""
        self._ended.set()


@contextlib.contextmanager
def running(
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    log: FunctionLog,
    stdin: int = subprocess.DEVNULL,
    inherited: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a session of its own, follow its output, and kill it at the end.

    Of this process's descriptors it gets `inherited` alone.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=() if inherited is None else (inherited,),
        )
    except OSError as fault:
        raise PackagerError(f"{command[0]} can't be started: {fault.strerror}") from fault
    assert process.stdout is not None  # noqa: S101 - for the type checker
    reader = threading.Thread(target=log.follow, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.end()
        reader.join()
        process.stdout.close()
