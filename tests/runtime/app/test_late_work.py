"""Work that an endpoint leaves for after its answer, on both entries."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from packager.host.interpreter import Interpreter, find_interpreter
from tests.support import fast_bundle
from tests.support.builders import Bundle, url
from tests.support.fast_bundle import invocation, request
from tests.support.hostile_api import RuntimeServer
from tests.support.loop_process import (
    environment,
    interpreters,
    start,
    stock_client,
    stock_command,
)

NOTE = """
import os
def note(what):
    os.write(1, f"{what} at {time.monotonic()}\\n".encode())  # in one piece
"""
CALLBACK = f"""{NOTE}
---
response = Response("hello")
response.call_on_close(lambda: (time.sleep(0.3), note("late " + r.path)))
return response
"""
THREAD = f"""{NOTE}
def work(session, settings):
    time.sleep(0.5)
    note("late with " + session.endpoint_id + " and " + repr(settings))
---
threading.Thread(target=work, args=(self.session, settings), daemon=DAEMON).start()
return Response("hello")
"""
TIMER = f"""{NOTE}
---
threading.Timer(0.4, note, ["late"]).start()
return Response("hello")
"""
EXECUTOR = f"""{NOTE}
def work(number):
    time.sleep(0.2)
    note(f"late {{number}}")
---
for number in range(10):
    self.session._executor.submit(work, number)
return Response("hello")
"""
OWN_POOL = f"""{NOTE}
from concurrent.futures import ThreadPoolExecutor
POOL = ThreadPoolExecutor(2)
def work(number):
    time.sleep(0.2)
    note(f"late {{number}}")
---
for number in range(4):
    POOL.submit(work, number)
return Response("hello")
"""
CHAIN = f"""{NOTE}
def first():
    time.sleep(0.2)
    threading.Thread(target=second).start()
def second():
    time.sleep(0.2)
    note("late")
---
threading.Thread(target=first).start()
return Response("hello")
"""
WORK = {
    "callback": CALLBACK,
    "thread": THREAD.replace("DAEMON", "False"),
    "daemon": THREAD.replace("DAEMON", "True"),
    "timer": TIMER,
    "executor": EXECUTOR,
    "pool": OWN_POOL,
    "chain": CHAIN,
}
LATE = {"executor": 10, "pool": 4}  # lines; one of the others


def on_fast(bundle: Path, server: RuntimeServer, interpreter: Interpreter) -> str:
    return fast_bundle.run(bundle, server, python=interpreter.path)


def on_stock(bundle: Path, server: RuntimeServer, interpreter: Interpreter) -> str:
    paths = f"{bundle}:{stock_client(interpreter)}"
    command = stock_command(interpreter.path, "endpoint_runtime.lambda_handler.handler")
    process = start(command, bundle, environment(server.address, PYTHONPATH=paths))
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return (out + err).decode()


@pytest.mark.parametrize("interpreter", interpreters(), ids=lambda i: i.python)
@pytest.mark.parametrize("entry", ["fast", "stock"])
def test_work_is_finished_before_the_next_invocation(
    tmp_path: Path, interpreter: Interpreter, entry: str
) -> None:
    bundle = fast_bundle.write(tmp_path, WORK, STREAM=False)
    events = [request(name, f"{name}-{n}") for n in range(2) for name in WORK]
    at: list[tuple[str, float]] = []

    class Watched(RuntimeServer):
        def _answer(self, connection, request):  # type: ignore[no-untyped-def]
            at.append((request.call, time.monotonic()))
            return super()._answer(connection, request)

    with Watched(events) as server:
        run = on_fast if entry == "fast" else on_stock
        log = run(bundle, server, interpreter)

    assert server.violations == []
    assert len(server.requests) == 2 * len(events) + 1
    done = [float(when) for when in re.findall(r"late.* at (\d+\.\d+)", log)]
    for number, name in enumerate([*WORK, *WORK]):
        call, answered = at[2 * number + 1]
        assert call.startswith(f"POST invocation/{name}-")
        work, done = done[: LATE.get(name, 1)], done[LATE.get(name, 1) :]
        if entry == "fast":  # the caller does not wait, the next one does
            assert answered < min(work) and max(work) < at[2 * number + 2][1]
        else:
            assert at[2 * number][1] < min(work) and max(work) < answered
    assert done == []
    assert "late with TestFunction and {}" in log
    assert "cut off" not in log


ENDLESS = f"""{NOTE}
def forever():
    while True:
        time.sleep(0.05)
---
threading.Thread(target=forever, name="the-endless", daemon=DAEMON).start()
return Response("hello")
"""
STUCK = f"""{NOTE}
def forever():
    time.sleep(SECONDS)
---
self.session._executor.submit(forever)
return Response("hello")
"""
SLOW_CALLBACK = f"""{NOTE}
def slow():
    try:
        time.sleep(60)
    finally:
        note("closed")
---
response = Response("hello")
response.call_on_close(slow)
return response
"""


@pytest.mark.parametrize("entry", ["fast", "stock"])
@pytest.mark.parametrize(
    ("source", "name"),
    [
        (ENDLESS.replace("DAEMON", "False"), "threads the-endless"),
        (ENDLESS.replace("DAEMON", "True"), "threads the-endless"),
        (STUCK, r"threads ThreadPoolExecutor-\d_0"),
        (SLOW_CALLBACK, r"a callback slow \(.*/endpoints/work.py:\d+\)"),
    ],
    ids=["thread", "daemon", "executor", "callback"],
)
def test_what_does_not_end_is_left_and_named(
    tmp_path: Path, entry: str, source: str, name: str
) -> None:
    # AWS's client waits at its exit for what an executor does.
    source = source.replace("SECONDS", "60" if entry == "fast" else "3")
    bundle = fast_bundle.write(
        tmp_path, {"work": source, "text": "return Response('hello')"}, STREAM=False
    )
    events = [request("work", seconds=2), request("text", "1"), request("text", "2")]
    started = time.monotonic()
    interpreter = find_interpreter("3.12") or interpreters()[0]
    with RuntimeServer(events) as server:
        log = (on_fast if entry == "fast" else on_stock)(bundle, server, interpreter)
        took = time.monotonic() - started

    assert server.violations == []
    replies = [json.loads(r.body) for r in server.requests if r.call.endswith("/response")]
    assert [reply["body"] for reply in replies] == ["hello"] * 3
    line = rf"\[WARN\].*\twork\tthe function's time is over, work after .* was cut off: {name}\n"
    assert len(re.findall(line, log)) == 1  # and not again at the next invocations
    assert 1.4 < took < 30
    if source == SLOW_CALLBACK:
        assert "closed" in log


@pytest.mark.parametrize("interpreter", interpreters(), ids=lambda i: i.python)
def test_a_worker_that_was_left_is_waited_for_with_its_next_work(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    work = "import logging\ndef work(s, t):\n    time.sleep(s)\n    logging.error(t)\n---\n"
    submit = 'self.session._executor.submit(work, SECONDS, r.path)\nreturn Response("hello")'
    one = work + submit.replace("SECONDS", "2.5")
    two = work + "time.sleep(1.5)\n" + submit.replace("SECONDS", "0.5")
    bundle = fast_bundle.write(tmp_path, {"one": one, "two": two}, STREAM=False)
    with RuntimeServer([request("one", seconds=2), request("two")]) as server:
        log = fast_bundle.run(bundle, server, python=interpreter.path)

    assert server.violations == []
    assert log.count("cut off") == 1
    found = re.findall(r"\[ERROR\]\t\S+\t(\w+)\t/(\w+)", log)  # each with the id of its request
    assert found == [("one", "one"), ("two", "two")]


LIBRARY = """
import threading, time
def forever():
    while True:
        time.sleep(0.05)
def begin():
    threading.Thread(target=forever, daemon=True).start()
"""


def test_a_librarys_daemon_is_not_waited_for(tmp_path: Path) -> None:
    source = "import library\n---\nlibrary.begin()\nreturn Response('hello')"
    bundle = fast_bundle.write(tmp_path, {"work": source})
    (bundle / "library.py").write_text(LIBRARY)
    started = time.monotonic()
    with RuntimeServer([request("work", seconds=60), request("work", "2", seconds=60)]) as server:
        log = fast_bundle.run(bundle, server)

    assert (server.violations, "cut off" in log) == ([], False)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("entry", ["fast", "stock"])
def test_log_lines_of_work_that_goes_on_have_their_own_id(tmp_path: Path, entry: str) -> None:
    source = """
import logging
def work(name):
    for _ in range(200):  # longer than a slow machine takes for both
        logging.getLogger().warning("from " + name)
        time.sleep(0.1)
---
threading.Thread(target=work, args=(r.args["name"],)).start()
return Response("hello")
"""
    quiet = "import logging\n---\nlogging.getLogger().warning('from two')\ntime.sleep(1)\n"
    quiet += "return Response('hello')"
    bundle = fast_bundle.write(tmp_path, {"work": source, "quiet": quiet})
    events = [request("work", "one", seconds=1.5, query="name=one"), request("quiet", "two")]
    newest = interpreters()[-1]
    with RuntimeServer(events) as server:
        log = (on_fast if entry == "fast" else on_stock)(bundle, server, newest)

    lines = re.findall(r"\[WARNING\]\t\S+\t(\w+)\tfrom (\w+)", log)
    assert {("one", "one"), ("two", "two")} == set(lines)
    assert ("one", "one") in lines[lines.index(("two", "two")) :]  # while the other was served


def test_events_without_a_caller_are_replied_to_when_all_is_done(tmp_path: Path) -> None:
    bundle = fast_bundle.write(
        tmp_path, {"thread": WORK["thread"]}, EVENTS=(("schedule", "/thread", None),)
    )
    schedule = {"detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": {}}
    started: list[float] = []

    class Watched(RuntimeServer):
        def _answer(self, connection, request):  # type: ignore[no-untyped-def]
            started.append(time.monotonic())
            return super()._answer(connection, request)

    with Watched([invocation(schedule, "schedule")]) as server:
        fast_bundle.run(bundle, server)

    assert server.violations == []
    _, reply, then = started
    assert then - reply < 0.25
    assert reply - started[0] > 0.5


def test_without_such_work_nothing_is_loaded_for_it(tmp_path: Path) -> None:
    source = """
import sys, _thread
---
names = ("late_work", "time_limit", "bounded_body", "streaming")
late = [name for name in names if "endpoint_runtime." + name in sys.modules]
return Response(f"{late} {_thread._count()}")
"""
    bundle = fast_bundle.write(tmp_path, {"plain": source}, STREAM=False)
    with RuntimeServer([request("plain", "1"), request("plain", "2")]) as server:
        fast_bundle.run(bundle, server)

    replies: Sequence[bytes] = [r.body for r in server.requests if r.call.endswith("/response")]
    assert [json.loads(reply)["body"] for reply in replies] == ["[] 0", "[] 0"]


def test_a_callback_that_exits_or_fails_ends_nothing(tmp_path: Path) -> None:
    source = """
import sys
---
response = Response("hello")
response.call_on_close(lambda: sys.exit(3) if r.args["how"] == "exit" else 1 / 0)
return response
"""
    bundle = fast_bundle.write(tmp_path, {"work": source})
    events = [request("work", "1", query="how=exit"), request("work", "2", query="how=raise")]
    with RuntimeServer([*events, request("work", "3", query="how=exit")]) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    assert server.streamed("3").body == b"hello"
    assert log.count("closing the response failed") == 3
    assert log.count("\nSystemExit: 3") == 2 and "\nZeroDivisionError" in log


def test_callbacks_run_without_a_context_too(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, {"callback": CALLBACK}, STREAM=False)
    code = (
        "from endpoint_runtime.lambda_handler import handler\n"
        f"print(handler({url(path='/callback')!r}, None)['body'])"
    )

    late, body = Bundle(bundle).run(code).stdout.splitlines()
    assert (late.startswith("late /callback at"), body) == (True, "hello")


def test_threads_of_a_module_are_no_invocations(tmp_path: Path) -> None:
    """What begins while a handler is loaded (here by a wrapper) belongs to no invocation."""
    bundle = fast_bundle.write(tmp_path, {"text": "return Response('hello')"})
    (bundle / "wrapper.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "from endpoint_runtime.lambda_handler import handler\n"
    )
    started = time.monotonic()
    with RuntimeServer([request("text")]) as server:
        log = fast_bundle.run(bundle, server, _HANDLER="wrapper.handler")

    assert (server.violations, "cut off" in log) == ([], False)
    assert time.monotonic() - started < 30
