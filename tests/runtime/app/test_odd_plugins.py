"""Bodies, callbacks and exceptions that no plugin should have, on the fast entry."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import fast_bundle
from tests.support.fast_bundle import invocation, request
from tests.support.hostile_api import RuntimeServer, cut, event

TEXT = "return Response('hello')"
SCHEDULE = {"detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": {}}
WORKER = (("schedule", "/odd", None),)


def serve(tmp_path: Path, source: str, *events: bytes, **bundle: Any) -> tuple[RuntimeServer, str]:
    """Serve the endpoint /odd, and then /text, which must be as ever."""
    folder = fast_bundle.write(tmp_path, {"odd": source, "text": TEXT}, **bundle)
    with RuntimeServer([*(events or [request("odd")]), request("text")]) as server:
        log = fast_bundle.run(folder, server)
    assert server.violations == []
    if bundle.get("STREAM", True):
        assert server.streamed("text").body == b"hello"
    else:
        assert json.loads(server.body_of("POST invocation/text/response"))["body"] == "hello"
    return server, log


NO_TEXT = "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError('no text')\n"


def test_an_exception_without_a_text_is_told_by_its_name(tmp_path: Path) -> None:
    source = NO_TEXT + "def odd():\n    yield 'a'\n    raise Odd\n---\nreturn Response(odd())"

    server, _ = serve(tmp_path, source, ERRORS="dify")

    kind, body = server.streamed("odd").error or ("", {})
    assert (kind, body["errorMessage"]) == ("Odd", "<Odd>")


def test_an_endpoint_fails_with_an_exception_without_a_text(tmp_path: Path) -> None:
    server, _ = serve(tmp_path, f"{NO_TEXT}---\nraise Odd", ERRORS="dify")

    assert server.streamed("odd").body == b"Internal Server Error: <Odd>"


def test_trailers_have_room_for_any_text(tmp_path: Path) -> None:
    source = "def odd():\n    yield 'a'\n    raise ValueError('é' * 100_000)\n---\n"

    server, _ = serve(tmp_path, f"{source}return Response(odd())", ERRORS="dify")

    assert server.streamed("odd").error is not None
    assert sum(map(len, server.streamed("odd").trailers.values())) < 30_000


def test_trailers_hold_no_secret(tmp_path: Path) -> None:
    source = """
from endpoint_runtime import process
def odd():
    yield "a"
    raise ValueError("https://example.com/?key=a-secret-of-ours")
---
process.add_secret("a-secret-of-ours")
return Response(odd())
"""

    server, log = serve(tmp_path, source, ERRORS="dify")

    _, body = server.streamed("odd").error or ("", {})
    assert body["errorMessage"] == "https://example.com/?key=***"
    assert "key=***" in log and "a-secret-of-ours" not in log


@pytest.mark.parametrize("stream", [True, False])
def test_a_callback_that_fails_keeps_none_from_being_called(tmp_path: Path, stream: bool) -> None:
    source = """
import asyncio, sys
def stop(how):
    raise how
---
response = Response(chunk for chunk in "ab")
for how in (ValueError("one"), SystemExit(3), asyncio.CancelledError("two")):
    response.call_on_close(lambda how=how: stop(how))
response.call_on_close(lambda: response.call_on_close(lambda: print("the last")))
return response
"""

    _, log = serve(tmp_path, source, STREAM=stream)

    assert "the last" in log
    assert log.count("closing the response failed") == 3


def test_a_stubborn_generator_keeps_no_callback_from_being_called(tmp_path: Path) -> None:
    source = """
def stubborn():
    while True:
        try:
            time.sleep(0.01)
            yield "more"
        except GeneratorExit:
            pass
---
response = Response(stubborn())
response.call_on_close(lambda: print("on close"))
return response
"""

    server, log = serve(tmp_path, source, request("odd", seconds=6))

    assert server.streamed("odd").ended
    assert "RuntimeError: generator ignored GeneratorExit" in log
    assert "on close" in log


def test_every_callback_that_is_cut_off_is_named(tmp_path: Path) -> None:
    source = """
def first():
    time.sleep(60)
def second():
    print("too late")
---
response = Response("x")
response.call_on_close(first)
response.call_on_close(second)
return response
"""

    _, log = serve(tmp_path, source, request("odd", seconds=2))

    cut = [line.partition("cut off: ")[2] for line in log.splitlines() if "cut off" in line]
    assert cut[0].startswith("a callback first (")
    assert cut[1:] == ["a callback second, which had not begun"]
    assert "too late" not in log


@pytest.mark.parametrize("stream", [True, False])
def test_what_swallows_the_interruption_is_interrupted_again(tmp_path: Path, stream: bool) -> None:
    source = """
def deaf():
    yield "so far"
    try:
        time.sleep(30)
    except BaseException:
        print("swallowed")
    time.sleep(30)
    yield "never"
---
return Response(deaf())
"""

    server, log = serve(tmp_path, source, request("odd", seconds=2), STREAM=stream)

    if stream:
        assert (server.streamed("odd").body, server.streamed("odd").error) == (b"so far", None)
    else:
        assert json.loads(server.body_of("POST invocation/odd/response"))["body"] == "so far"
    assert "swallowed" in log
    assert "ended" in log


def test_a_handler_that_a_generator_sets_stays(tmp_path: Path) -> None:
    source = """
import signal
def handler(number, frame):
    print("the plugin's alarm")
def odd():
    yield "a"
    signal.signal(signal.SIGALRM, handler)
---
if r.args.get("ring"):
    signal.raise_signal(signal.SIGALRM)
    return Response("rung")
return Response(odd())
"""

    server, log = serve(tmp_path, source, request("odd"), request("odd", "ring", query="ring=1"))

    assert server.streamed("ring").body == b"rung"
    assert "the plugin's alarm" in log


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "1000"}, {"Content-Disposition": "attachment; filename=a"}]
)
def test_a_body_of_no_use_in_part_is_a_failure_where_its_time_is_over(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    source = f"""
def endless():
    while True:
        yield "x"
        time.sleep(0.1)
---
return Response(endless(), headers={headers})
"""

    server, log = serve(tmp_path, source, request("odd", seconds=2))

    assert (server.streamed("odd").error or [""])[0] == "TimeoutError"
    assert "the body was not done in the function's time" in log


@pytest.mark.parametrize("stream", [True, False])
def test_without_a_known_time_nothing_is_cut(tmp_path: Path, stream: bool) -> None:
    source = "return Response(str(n) for n in range(3))"
    timeless = event(invocation_body("odd"), "odd", deadline="soon")

    server, log = serve(tmp_path, source, timeless, STREAM=stream)

    if stream:
        assert server.streamed("odd").body == b"012"
    else:
        assert json.loads(server.body_of("POST invocation/odd/response"))["body"] == "012"
    assert "WARN" not in log


def invocation_body(name: str) -> bytes:
    return request(name).partition(b"\r\n\r\n")[2]


def test_an_event_stream_that_is_compressed_gets_no_comments(tmp_path: Path) -> None:
    source = """
import gzip
def events():
    time.sleep(1.5)
    yield gzip.compress(b"data: 1\\n\\n")
---
headers = {"Content-Encoding": "gzip"}
return Response(events(), content_type="text/event-stream", headers=headers)
"""

    server, _ = serve(tmp_path, source, STREAM_HEARTBEAT=1)

    assert gzip.decompress(server.streamed("odd").body) == b"data: 1\n\n"


def test_an_api_that_does_not_answer_a_stream_is_told_from_one_that_hangs_up(
    tmp_path: Path,
) -> None:
    folder = fast_bundle.write(tmp_path, {"odd": "return Response(x for x in 'ab')", "text": TEXT})
    with RuntimeServer([request("odd"), request("text")], posts=[cut()]) as server:
        log = fast_bundle.run(folder, server)

    assert (server.violations, server.streamed("text").body) == ([], b"hello")
    assert "/odd: the stream was cut, as no answer came to its end, after 2 bytes" in log


def test_an_endless_generator_ends_for_events_without_a_caller_too(tmp_path: Path) -> None:
    source = """
def endless():
    try:
        while True:
            yield "x"
            time.sleep(0.1)
    finally:
        print("closed")
---
response = Response(endless())
response.call_on_close(lambda: print("on close"))
return response
"""

    server, log = serve(
        tmp_path, source, invocation(SCHEDULE, "schedule", seconds=2), EVENTS=WORKER
    )

    error = json.loads(server.body_of("POST invocation/schedule/error"))
    assert error["errorMessage"] == "POST /odd answered 500"  # Lambda is to try again
    assert "TimeoutError: the body was not done in the function's time" in log
    assert "closed\non close" in log


def test_a_callback_of_an_event_without_a_caller_exits_or_hangs(tmp_path: Path) -> None:
    source = """
import sys
---
response = Response("x")
response.call_on_close(lambda: sys.exit(3))
response.call_on_close(lambda: time.sleep(60))
return response
"""

    server, log = serve(
        tmp_path, source, invocation(SCHEDULE, "schedule", seconds=2), EVENTS=WORKER
    )

    assert json.loads(server.body_of("POST invocation/schedule/response")) == {}
    assert "SystemExit: 3" in log
    assert "cut off: a callback E._invoke.<locals>.<lambda> (" in log


def test_what_the_interruption_becomes_is_no_failure(tmp_path: Path) -> None:
    source = """
def odd():
    yield "so far"
    try:
        time.sleep(30)
    except BaseException as fault:
        raise RuntimeError("it did not come") from fault
---
return Response(odd())
"""

    server, log = serve(tmp_path, source, request("odd", seconds=2))

    assert (server.streamed("odd").body, server.streamed("odd").error) == (b"so far", None)
    assert "/odd: the stream was ended after 6 bytes" in log
