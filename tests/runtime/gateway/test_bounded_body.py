"""Bodies of buffered replies that have no end, or are too large."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from endpoint_runtime.app.invocation import answer_event
from tests.support.applications import MakeApplication
from tests.support.builders import alb, endpoint, http_2
from tests.support.runtime.lambda_context import Context

Answer = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(make_application: MakeApplication) -> Answer:
    def run(
        source: str, seconds: float = 30, event: dict[str, Any] | None = None, **bundle: Any
    ) -> dict[str, Any]:
        above, _, body = ("import time\n" + source).rpartition("\n---\n")
        application = make_application(
            {"e.py": above + "\n" + endpoint(body)},
            ROUTES=[("/<path:p>", "GET", "e.py")],
            **bundle,
        )
        return answer_event(application, event or http_2(), Context(seconds))

    return run


TICKS = """
def ticks():
    try:
        while True:
            yield "tick\\n"
            PAUSE
    finally:
        print("closed")
---
return Response(ticks(), content_type="text/plain"HEADERS)
"""


def source(pause: str, headers: str = "") -> str:
    return TICKS.replace("PAUSE", pause).replace("HEADERS", headers)


@pytest.mark.parametrize("pause", ["time.sleep(0.1)", "time.sleep(60)"])
def test_one_without_end_ends_before_the_time_is_over(
    ask: Answer, capsys: pytest.CaptureFixture[str], pause: str
) -> None:
    started = time.monotonic()

    reply = ask(source(pause), 1.8)

    assert 1.2 < time.monotonic() - started < 1.75
    assert reply["statusCode"] == 200
    assert set(reply["body"].splitlines()) == {"tick"}
    assert len(reply["body"]) == 5 or "60" not in pause
    log = capsys.readouterr()
    assert "closed" in log.out
    assert f"the body was ended at {len(reply['body'])} bytes, after 1." in log.err
    assert "as the function's time would soon be over" in log.err
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_a_plugins_own_alarm_is_left_alone(ask: Answer) -> None:
    rings: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rings.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        reply = ask(source("time.sleep(0.1)"), 1)
        assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGALRM, before)

    assert rings == [signal.SIGALRM]
    assert 10 < len(reply["body"]) < 60


def test_off_the_main_thread_it_ends_between_chunks(ask: Answer) -> None:
    replies: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: replies.append(ask(source("time.sleep(0.1)"), 1)))
    thread.start()
    thread.join(10)

    assert set(replies[0]["body"].splitlines()) == {"tick"}


@pytest.mark.parametrize(
    "headers",
    [
        ", headers={'Content-Length': '5000000000'}",
        ", headers={'Content-Disposition': 'attachment; filename=a.csv'}",
        ", status=206",
    ],
)
@pytest.mark.parametrize(("pause", "seconds"), [("pass", 30.0), ("time.sleep(0.1)", 1.0)])
def test_what_is_of_no_use_in_part_is_a_500(
    ask: Answer, capsys: pytest.CaptureFixture[str], headers: str, pause: str, seconds: float
) -> None:
    reply = ask(source(pause, headers), seconds)

    assert reply["statusCode"] == 500
    log = capsys.readouterr().err
    if pause == "pass":
        assert "the reply has more than 62915" in log
    else:
        assert "TimeoutError: the body was not done after" in log


@pytest.mark.parametrize(
    ("chunk", "event", "limit"),
    [
        ('"line of text\\n"', http_2(), 6291556),
        ('"é\\u0001" * 100', http_2(), 6291556),
        ('b"\\xff\\xfe" * 1000', http_2(), 6291556),
        ('"x" * 500_000', alb(), 1048576),
        ('"é" * 5_000_001', http_2(), 6291556),
    ],
)
def test_one_that_is_too_large_is_as_much_as_fits(
    ask: Answer,
    capsys: pytest.CaptureFixture[str],
    chunk: str,
    event: dict[str, Any],
    limit: int,
) -> None:
    more = "while True:\n    yield CHUNK".replace("CHUNK", chunk).replace("\n", "\n    ")
    reply = ask(f"def more():\n    {more}\n---\nreturn Response(more())", 30, event)

    assert reply["statusCode"] == 200
    body = reply["body"]
    data = base64.b64decode(body) if reply["isBase64Encoded"] else body.encode()
    made = eval(chunk)
    made = made.encode() if isinstance(made, str) else made
    assert data == (made * (len(data) // len(made) + 1))[: len(data)]
    assert len(data) % len(made) == 0 or len(made) > limit  # whole chunks, where one fits
    size = len(json.dumps(reply, ensure_ascii=False).encode())
    assert 0.4 * limit < size <= limit
    assert f"bytes, as Lambda hands on {limit} bytes of a buffered reply" in capsys.readouterr().err


def test_what_gzip_makes_small_enough_is_whole(ask: Answer) -> None:
    ten_mb = "return Response((b'x' * 100_000 for _ in range(100)), content_type='text/plain')"

    reply = ask(ten_mb, 30, http_2(headers={"accept-encoding": "gzip"}), GZIP=True)

    import gzip

    assert gzip.decompress(base64.b64decode(reply["body"])) == b"x" * 10_000_000
