"""Bodies that end by themselves just when their time is over, in a real process on each Python.

SIGALRM without a handler ends a process, so a timer that outlives its limit by a moment ends the
environment: in the midst of the next caller's request, or idle. Every invocation looks for what the
one before has left behind.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.host.interpreter import Interpreter
from tests.soak.conftest import Soak
from tests.support import fast_bundle
from tests.support.builders import http_2, url
from tests.support.hostile_api import RuntimeServer, Step
from tests.support.loop_process import environment, fast_command, interpreters, start

# What an invocation looks for; where nothing imports `signal`, handler and timer stay instead.
LOOKS = """
handler, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
if (handler, timer) != (signal.SIG_DFL, (0.0, 0.0)):
    return Response(f"left behind: {handler} {timer}", status=500)
"""
UNSEEN = """
if "signal" in __import__("sys").modules:
    return Response("signal has been imported", status=500)
"""
ENDS = """
def until(left, wait):
    end = time.time() + left
    yield b"first"
    while time.time() < end:
        chunk = wait(end - time.time())
        yield chunk

def busy(left):
    stop = time.time() + left
    while time.time() < stop:
        pass
    return b"busy"

def asleep(left):
    time.sleep(max(left, 0))
    return "asleep"

def in_peace(left):
    try:
        time.sleep(max(left, 0))
    except GeneratorExit:
        pass
    return b""

WAITS = {
    "tiny": lambda left: b"x", "empty": lambda left: b"", "busy": busy, "asleep": asleep,
    "in peace": in_peace,
}
---
left = r.environ["lambda.context"].get_remaining_time_in_millis() / 1000 * 0.75
chunks = until(left + float(r.args["off"]), WAITS[r.args["wait"]])
return Response(chunks, content_type="text/plain")
"""
WAITS = ("tiny", "empty", "busy", "asleep", "in peace")
UNBEGUN = (
    "the response can't be sent",
    "TimeoutError: the response's body did not begin in time",
)
KNOWN = (
    "[INFO]",
    "as the function's time would soon be over",
    "the function's time is over, work after the answer was cut off",
    *UNBEGUN,
)
BATCH = 5_000
LEFT = 0.006  # seconds that an invocation has; its bodies have three quarters of what is left then


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
@pytest.mark.parametrize("interpreter", interpreters(), ids=lambda i: i.python)
def test_bodies_that_end_with_their_time(
    tmp_path: Path, soak: Soak, interpreter: Interpreter, seen: bool
) -> None:
    above, _, body = ENDS.partition("---\n")
    ends = f"import signal\n{above}---{LOOKS}{body}" if seen else f"{above}---{UNSEEN}{body}"
    bundle = fast_bundle.write(tmp_path, {"ends": ends})
    ways: Counter[str] = Counter()
    for number in soak.rounds(100_000 // BATCH, f"times {BATCH} invocations"):
        faults, answered, log = serve(bundle, interpreter, soak, number)
        ways += answered
        assert (faults, answered.total(), log) == ([], BATCH, "")
        assert answered["stalled"] < BATCH / 500
    soak.note(", ".join(f"{count} {way}" for way, count in sorted(ways.items())))


def serve(
    bundle: Path, interpreter: Interpreter, soak: Soak, number: int
) -> tuple[list[str], Counter[str], str]:
    """Serve a batch with one process: what was wrong, how many were answered, errors in the log."""

    def steps() -> Iterator[Step]:
        for index in range(BATCH):
            wait, off = soak.random.choice(WAITS), soak.random.uniform(-0.001, 0.001)
            event = soak.random.choice((url, http_2))
            what = event(path="/ends", query=f"wait={wait}&off={off}".replace(" ", "+"))
            yield fast_bundle.invocation(what, f"{number}-{index}", seconds=LEFT)

    with RuntimeServer(steps()) as server:
        process = start(fast_command(bundle, interpreter.path), bundle, environment(server.address))
        try:
            out, err = process.communicate(timeout=BATCH * 0.1)
        finally:
            process.kill()
            process.communicate()
    text = err.decode()
    *lines, last = text.splitlines() or [""]
    log = [line for line in lines if not is_known(line)]
    answered: Counter[str] = Counter()
    faults = list(server.violations)
    for request in server.requests:
        if request.method == "GET":
            continue
        if request.streamed is not None:
            answered["streamed"] += 1
            reply = request.streamed.prelude
            if request.streamed.error or not request.streamed.ended:
                faults.append(f"{request.call}: {request.streamed}")
        else:
            answered["buffered"] += 1
            reply = json.loads(request.body)
        unbegun = "\t{}\t{}\n{}\n".format(request.path.split("/")[-2], *UNBEGUN)
        if reply.get("statusCode") == 500 and unbegun in text:
            # The machine stood still for all of its time, and a stream of nothing is a 500.
            answered["stalled"] += 1
            answered["streamed"] -= 1
        elif reply.get("statusCode") != 200:
            faults.append(f"{request.call}: {request.body or reply!r}")
    if process.returncode != 1 or "with status 403" not in last:  # what ends it here
        log.append(f"exit code {process.returncode} after {answered.total()}: {last}")
    return faults[:5], answered, "\n".join([out.decode(), *log][:20]).strip()


def is_known(line: str) -> bool:
    """Whether a line of the log is one that belongs there."""
    return any(text in line for text in KNOWN)
