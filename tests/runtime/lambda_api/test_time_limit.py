"""The time limit and its timer: what it interrupts, and that nothing of it is left behind."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import itertools
import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.app.late_work import close_in_time
from endpoint_runtime.gateway.bounded_body import BoundedBody
from endpoint_runtime.lambda_api import time_limit
from endpoint_runtime.lambda_api.left_signals import restore_signals
from endpoint_runtime.lambda_api.time_limit import TimeLimit, TimeUp, end_of
from tests.support import fast_bundle
from tests.support.applications import MakeApplication
from tests.support.builders import endpoint, http_2
from tests.support.hostile_api import RuntimeServer
from tests.support.runtime.lambda_context import Context

Answer = Callable[..., dict[str, Any]]
NOTHING_LEFT = (signal.SIG_DFL, (0.0, 0.0))


def left() -> tuple[Any, tuple[float, float]]:
    """The handler and the timer that there are."""
    return signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    assert left() == NOTHING_LEFT
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


@pytest.fixture
def ask(make_application: MakeApplication) -> Answer:
    """`ask(source, seconds)`: the reply, `source` being as in `fast_bundle.write`."""

    def run(source: str, seconds: float = 1.0, **bundle: Any) -> dict[str, Any]:
        above, _, body = ("import time\n" + source).rpartition("\n---\n")
        application = make_application(
            {"e.py": above + "\n" + endpoint(body)}, ROUTES=[("/<path:p>", "GET", "e.py")], **bundle
        )
        event = http_2(headers={"accept-encoding": "gzip"})
        return answer_event(application, event, Context(seconds))

    return run


class Alarming:
    """`_signal`, with an alarm before and after everything that is called of it."""

    def __init__(self) -> None:
        self.alarms = 0
        self._rings = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(_signal, name)
        if not callable(found):
            return found

        def call(*arguments: Any) -> Any:
            self._ring()
            try:
                return found(*arguments)
            finally:
                self._ring()

        return call

    def _ring(self) -> None:
        if not self._rings and callable(_signal.getsignal(_signal.SIGALRM)):
            self._rings = True
            self.alarms += 1
            _signal.raise_signal(_signal.SIGALRM)
            self._rings = False


def test_alarms_at_every_step_of_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    alarming = Alarming()
    limit = TimeLimit(time.time() + 0.001)

    with limit:
        # Until it has rung and is to ring again: else it interrupts what sets the attribute.
        while not limit.is_over or signal.getitimer(signal.ITIMER_REAL)[0] < 0.1:
            pass
        monkeypatch.setattr(time_limit, "_signal", alarming)

    assert left() == NOTHING_LEFT
    assert alarming.alarms > 3
    assert not limit.fired  # nothing but this function and the runtime has run


def test_alarms_at_every_step_of_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "_signal", Alarming())

    with TimeLimit(time.time() + 60) as limit:
        assert 59 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60

    assert left() == NOTHING_LEFT
    assert not limit.fired


def test_one_within_another() -> None:
    def sleep(limit: TimeLimit, seconds: float) -> None:
        with limit:
            time_limit.call(lambda: time.sleep(seconds))

    outer, long, short = (TimeLimit(time.time() + seconds) for seconds in (0.3, 60, 0.1))
    started = time.monotonic()

    with outer:
        with pytest.raises(TimeUp):
            sleep(short, 60)
        assert time.monotonic() - started < 0.25
        with pytest.raises(TimeUp):  # that around it is over first
            sleep(long, 60)
        assert time.monotonic() - started < 1
        assert left()[1][0] > 0

    assert left() == NOTHING_LEFT
    assert (outer.fired, long.fired, short.fired) == (False, True, True)


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_what_became_of_the_signal_before_is_back(before: signal.Handlers) -> None:
    signal.signal(signal.SIGALRM, before)

    with pytest.raises(TimeUp), TimeLimit(time.time() + 0.01):
        sleep_on()

    assert left() == (before, (0.0, 0.0))


def test_handler_and_timer_stay_where_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signal")

    with TimeLimit(time.time() + 60):
        ours, timer = left()
    assert callable(ours) and 59 < timer[0] <= 60
    assert left()[0] is ours and 59 < left()[1][0] <= 60
    signal.raise_signal(signal.SIGALRM)  # does nothing
    with TimeLimit(time.time() + 90):
        assert left()[1][0] < 60  # as it rings before 90 s are over
    with TimeLimit(time.time() + 300):
        assert left()[1][0] > 299  # as it would ring soon after
    with pytest.raises(TimeUp), TimeLimit(time.time() + 0.01):
        sleep_on()
    assert left() == (ours, (0.0, 0.0))  # it has rung

    monkeypatch.undo()
    with TimeLimit(time.time() + 60):
        assert left()[0] is ours
    assert left() == NOTHING_LEFT


def test_a_timer_that_stayed_rings_for_a_later_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signal")
    with TimeLimit(time.time() + 0.3):
        pass

    started = time.monotonic()
    with pytest.raises(TimeUp), TimeLimit(time.time() + 0.5):
        sleep_on()

    assert 0.5 <= time.monotonic() - started < 5


def test_a_timer_that_stayed_rings_outside_of_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signal")
    with TimeLimit(time.time() + 0.01):
        pass
    time.sleep(0.05)  # its alarm does nothing

    with pytest.raises(TimeUp), TimeLimit(time.time() + 0.01):
        sleep_on()


def test_what_stayed_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signal")
    for let_go in (time_limit.let_go, lambda: restore_signals(None)):
        with TimeLimit(time.time() + 60):
            time_limit.let_go()  # not amid a limit
            assert left()[1][0] > 59
        assert left()[1][0] > 59
        let_go()
        assert left() == NOTHING_LEFT

    with TimeLimit(time.time() + 60):
        pass
    thread = threading.Thread(target=time_limit.let_go)  # none but the main one changes handlers
    thread.start()
    thread.join()
    assert left()[1] == (0.0, 0.0)


def test_nothing_is_left_once_a_plugin_imports_signal(tmp_path: Path) -> None:
    chunks = """
import _signal, sys
def chunks():
    yield "chunk"
---
assert "signal" not in sys.modules
timers.append(_signal.getitimer(_signal.ITIMER_REAL)[0])
return Response(chunks())
"""
    looks = """
import _signal
---
timer = _signal.getitimer(_signal.ITIMER_REAL)[0]
import signal
now = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
assert now == (signal.SIG_DFL, (0.0, 0.0)), now
return Response(f"{timer:.0f}")
"""
    sources = {"chunks": chunks.replace("import", "timers = []\nimport", 1), "looks": looks}
    bundle = fast_bundle.write(tmp_path, sources, STREAM=False)
    names = ("chunks", "chunks", "looks")
    events = (
        fast_bundle.request(name, f"{name}-{number}", seconds=30)
        for number, name in enumerate(names)
    )
    with RuntimeServer(events) as server:
        log = fast_bundle.run(bundle, server)

    body = json.loads(server.body_of("POST invocation/looks-2/response"))["body"]
    assert 20 < int(body) <= 29, log


def test_a_thread_has_no_limit_where_the_handler_stayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signal")
    with TimeLimit(time.time() + 60):
        pass
    timers = []

    def limited() -> None:
        with TimeLimit(time.time() + 300):
            timers.append(left()[1][0])

    thread = threading.Thread(target=limited)
    thread.start()
    thread.join()

    assert 0 < timers.pop() <= 60


def sleep_on() -> None:
    time.sleep(5)


def handler(number: int, frame: object) -> None:
    """A plugin's."""


def test_a_handler_that_is_set_meanwhile_stays_but_not_our_timer() -> None:
    with TimeLimit(time.time() + 60):
        signal.signal(signal.SIGALRM, handler)

    assert left() == (handler, (0.0, 0.0))


def test_a_timer_that_is_set_meanwhile_stays_with_its_handler() -> None:
    with TimeLimit(time.time() + 60):
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 30)

    assert left()[0] is handler
    assert 29 < left()[1][0] <= 30


@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_a_handler_that_is_taken_away_leaves_no_timer(seconds: float) -> None:
    with TimeLimit(time.time() + 60):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        if seconds:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    assert left() == NOTHING_LEFT


def test_an_alarm_of_the_plugins_ends_nothing_early(ask: Answer) -> None:
    reply = ask(
        """
import signal
def chunks():
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    time.sleep(0.2)
    yield "after it"
    time.sleep(60)
---
return Response(chunks())
""",
        1.0,
    )

    assert reply["body"] == "after it"
    assert left() == NOTHING_LEFT


def test_a_handler_that_is_left_behind_does_nothing() -> None:
    with TimeLimit(time.time() + 60):
        ours = signal.getsignal(signal.SIGALRM)
    signal.signal(signal.SIGALRM, ours)  # by a plugin that had kept it

    signal.raise_signal(signal.SIGALRM)
    assert left() == (ours, (0.0, 0.0))
    with pytest.raises(TimeUp), TimeLimit(time.time() + 0.01):
        sleep_on()
    assert left() == NOTHING_LEFT


@pytest.mark.parametrize("milliseconds", [10**19 - 1, 10**13])
def test_a_deadline_beyond_all_timers(milliseconds: int) -> None:
    class Distant:
        def get_remaining_time_in_millis(self) -> int:
            return milliseconds

    end = end_of(Distant(), 1.0)

    assert end is not None and end - time.time() >= 900
    with TimeLimit(end):
        pass
    assert left() == NOTHING_LEFT


def test_the_runtimes_own_work_is_not_interrupted(ask: Answer) -> None:
    reply = ask(
        """
class Slow(dict):
    pass

from werkzeug.datastructures import Headers
class SlowHeaders(Headers):
    def __contains__(self, key):
        time.sleep(0.6)  # what the runtime looks at takes longer than an alarm waits for the next
        return super().__contains__(key)
---
def empty():
    while True:
        yield b""
response = Response(empty(), content_type="text/plain")
response.headers = SlowHeaders(response.headers)
return response
""",
        0.5,
    )

    assert reply["statusCode"] == 200


@pytest.mark.parametrize(
    "chunks",
    [
        "iter(__import__('queue').SimpleQueue().get, None)",  # waits in C
        "__import__('itertools').repeat(b'')",
        "map(time.sleep, [60])",
        "prints()",
    ],
)
def test_what_never_comes_to_a_chunk(ask: Answer, chunks: str) -> None:
    prints = "def prints():\n    while True:\n        print('x' * 100)\n    yield\n---\n"
    started = time.monotonic()

    reply = ask(f"{prints}return Response({chunks})")

    assert time.monotonic() - started < 0.99
    assert (reply["statusCode"], reply["body"]) == (200, "")


def test_prints_of_a_process_end_in_time(tmp_path: Path) -> None:
    prints = "def prints():\n    while True:\n        print('whole line')\n    yield\n---\n"
    bundle = fast_bundle.write(tmp_path, {"prints": f"{prints}return Response(prints())"})
    # Made when it is asked for, as it has a deadline.
    events = (fast_bundle.invocation(http_2(path="/prints"), "prints", seconds=1) for _ in "1")
    with RuntimeServer(events) as server:
        log = fast_bundle.run(bundle, server)

    assert b'"statusCode": 200' in server.body_of("POST invocation/prints/response")
    *printed, last = log.partition("[WARN]")[0].splitlines()
    assert set(printed) == {"whole line"} and last in ("", "whole line")


def test_an_answer_that_does_not_come_from_a_server(ask: Answer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = f"""
from endpoint_runtime.http_client.connection import Connection
def waits():
    connection = Connection("http", "127.0.0.1", {silent.getsockname()[1]})
    try:
        yield "asked"
        connection.request("GET", "/")
    finally:
        print(connection.is_open())
---
return Response(waits())
"""
        started = time.monotonic()
        reply = ask(source)

    assert time.monotonic() - started < 0.99
    assert (reply["statusCode"], reply["body"]) == (200, "asked")


def test_a_callback_that_waits_in_c(capsys: pytest.CaptureFixture[str]) -> None:
    response = Response("x")
    response.call_on_close(threading.Lock().acquire)
    lock = threading.Lock()
    lock.acquire()
    response.call_on_close(lock.acquire)

    close_in_time(TimeLimit(time.time() + 0.1), [(None, response, {})], "id")  # type: ignore[list-item]

    assert "cut off: a callback" in (log := capsys.readouterr().err)
    assert "not begun" not in log
    assert left() == NOTHING_LEFT


def test_what_fails_is_logged_once_all_have_been_called() -> None:
    """A traceback takes time, and at a share of a CPU more than the others have left."""
    happened: list[str] = []

    class Logging:
        hidden = ()

        def log_exception(self, message: str, fault: BaseException, environ: object) -> None:
            happened.append(f"{message}: {fault}")

    def fail(why: str) -> None:
        happened.append(f"called {why}")
        raise ValueError(why)

    responses = [Response("x"), Response("y")]
    for response, why in zip(responses, ("one", "two"), strict=True):
        response.call_on_close(partial(fail, why))
    response.call_on_close(partial(happened.append, "called the last"))

    closings: Any = [(Logging(), response, {}) for response in responses]
    close_in_time(TimeLimit(time.time() + 30), closings, "id")

    logged = [f"closing the response failed: {why}" for why in ("one", "two")]
    assert happened == ["called one", "called two", "called the last", *logged]


def test_very_many_tiny_chunks_are_joined_while_they_come() -> None:
    """Joined at the end they would take long, once the time is over, and much memory."""
    ended: list[float] = []

    def chunks() -> Iterator[bytes]:
        yield from itertools.repeat(b"x", 3_000_000)
        ended.append(time.process_time())

    body = BoundedBody(Response(chunks()), Context(100), 4_000_000)

    assert time.process_time() - ended[0] < 0.01
    assert body.data == b"x" * 3_000_000


@pytest.mark.parametrize("pause", [0.0, 60.0])
def test_there_is_time_left_to_compress(
    ask: Answer, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third of a CPU compresses 10 MB a second: 20 MB are not to come up to the last one."""
    monkeypatch.setattr(time, "ended", [], raising=False)
    chunks = """
def chunks():
    try:
        for _ in range(20): yield 'x' * 1_000_000
        while True:
            yield 'y'
            time.sleep(PAUSE) if PAUSE else None
    finally:
        time.ended.append(time.monotonic())
---
return Response(chunks(), content_type='text/plain')"""
    started = time.monotonic()

    reply = ask(chunks.replace("PAUSE", str(pause)), 4.0, GZIP=True)

    assert reply["isBase64Encoded"]
    [ended] = time.ended  # type: ignore[attr-defined]
    assert 0.3 < ended - started < 2.5  # not 3, where bodies end that are sent as they are


def test_an_alarm_that_a_plugin_holds_back(tmp_path: Path) -> None:
    """It would end the process once it is let through."""
    holds = """
import signal
def holds():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    yield "first"
    end = time.time() + 1.2
    while time.time() < end:
        time.sleep(0.01)
---
return Response(holds())
"""
    lets = """
import signal
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
return Response("alive")
"""
    bundle = fast_bundle.write(tmp_path, {"holds": holds, "lets": lets}, STREAM=False)
    events = (
        fast_bundle.invocation(http_2(path=f"/{name}"), name, seconds=1.2)
        for name in ("holds", "lets")
    )
    with RuntimeServer(events) as server:
        fast_bundle.run(bundle, server)

    assert b'"body": "alive"' in server.body_of("POST invocation/lets/response")


def test_a_stream_that_never_comes_to_a_chunk(tmp_path: Path) -> None:
    empty = "__import__('itertools').repeat(b'')"
    peace = """
def peace():
    try:
        time.sleep(60)
    except GeneratorExit:
        return
    yield
---
return Response(peace())
"""
    bundle = fast_bundle.write(tmp_path, {"empty": f"return Response({empty})", "peace": peace})
    events = (fast_bundle.request(name, seconds=1) for name in ("empty", "peace"))
    with RuntimeServer(events) as server:
        log = fast_bundle.run(bundle, server)

    for name in ("empty", "peace"):
        assert server.streamed(name).prelude["statusCode"] == 500
    assert log.count("TimeoutError: the response's body did not begin in time") == 2
