"""Streamed replies of the fast entry, against a Runtime API that is strict about the protocol."""

from __future__ import annotations

import gzip
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from packager.host.interpreter import Interpreter
from tests.support import fast_bundle
from tests.support.builders import Bundle, http_2, rest, url
from tests.support.fast_bundle import invocation, request
from tests.support.hostile_api import RuntimeServer, answer, cut, reset
from tests.support.loop_process import interpreters
from tests.support.runtime.streams import MIDWAY, MIXED, TICKS


@pytest.mark.parametrize("interpreter", interpreters(), ids=lambda i: i.python)
def test_chunks_go_out_as_they_are_made(tmp_path: Path, interpreter: Interpreter) -> None:
    bundle = fast_bundle.write(tmp_path, {"ticks": TICKS})
    with RuntimeServer([request("ticks"), request("ticks", "again")]) as server:
        log = fast_bundle.run(bundle, server, python=interpreter.path)

    assert server.violations == []
    streamed = server.streamed("ticks")
    assert streamed.prelude == {
        "statusCode": 201,
        "headers": {"Content-Type": "text/plain", "X-A": "1"},
        "cookies": ["a=b"],
    }
    assert [chunk for _, chunk in streamed.chunks[1:]] == [b"tick 0\n", b"tick 1\n", b"tick 2\n"]
    assert (streamed.error, streamed.ended) == (None, True)
    assert server.streamed("again").body == streamed.body
    assert "GET /ticks 201" in log


def test_a_chunk_is_there_before_the_next_is_made(tmp_path: Path) -> None:
    clock = """
def clock():
    for _ in range(3):
        yield str(time.monotonic())
        time.sleep(1)
---
return Response(clock())
"""
    bundle = fast_bundle.write(tmp_path, {"clock": clock})
    with RuntimeServer([request("clock")]) as server:
        fast_bundle.run(bundle, server)

    (first, _), (second, made_second), (_, made_third) = server.streamed("clock").chunks[1:]
    assert first < float(made_second)
    assert second < float(made_third)


def test_chunks_of_every_kind(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, {"mixed": MIXED})
    events = [request("mixed"), invocation(rest(path="/mixed", stage="live"), "rest")]
    with RuntimeServer(events) as server:
        fast_bundle.run(bundle, server)

    assert server.violations == []
    for request_id in ("mixed", "rest"):
        streamed = server.streamed(request_id)
        chunks = [chunk for _, chunk in streamed.chunks[1:]]
        assert chunks == ["é".encode(), b"\xff", b"12", b"34", bytes(8)]
    assert server.streamed("mixed").prelude["cookies"] == ["one=1; Path=/", "two=2; Path=/"]
    assert server.streamed("rest").prelude["multiValueHeaders"] == {
        "Set-Cookie": ["one=1; Path=/", "two=2; Path=/"]
    }
    assert server.streamed("rest").prelude["headers"]["X-Text"] == "ü"


ALL_KINDS = {
    "text": "return Response('hello')",
    "none": "return Response(status=204)",
    "same": "return Response('x', status=304, headers={'ETag': '\"a\"'})",
    "moved": "r = Response(status=302); r.headers['Location'] = '/elsewhere'; return r",
    "large": "return Response(b'x' * 10_000_000, content_type='application/octet-stream')",
    "file": (
        "from werkzeug.wsgi import wrap_file\n"
        "open('/dev/null').close()\n"
        "return Response(wrap_file(r.environ, open(__file__, 'rb')), direct_passthrough=True)"
    ),
    "raises": "raise ValueError('no luck')",
    "first": (
        "def fails():\n    raise ValueError('secret')\n    yield 1\n---\nreturn Response(fails())"
    ),
    "number": "return Response(iter([1]))",
    "empty": "return Response(iter(()))",
    "head": (
        "def never():\n    try:\n        yield 'body'\n    finally:\n        print('closed')\n---\n"
        "return Response(never(), headers={'Content-Length': '4'})"
    ),
}


def test_other_responses_have_the_same_form_at_once(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, ALL_KINDS)
    events = [request(name) for name in ALL_KINDS if name != "head"]
    events += [request("head", method="HEAD"), request("unknown")]
    events += [
        request("text", "text-head", method="HEAD"),
        request("bad", body="é", is_base64=True),
    ]
    with RuntimeServer(events) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []

    def reply(name: str) -> tuple[int, Any, bytes]:
        streamed = server.streamed(name)
        assert streamed.error is None and streamed.ended
        length = streamed.prelude["headers"].get("Content-Length")
        return streamed.prelude["statusCode"], length, streamed.body

    assert reply("text") == (200, "5", b"hello")
    assert reply("none") == (204, None, b"")
    assert server.streamed("none").prelude["headers"] == {
        "Content-Type": "text/plain; charset=utf-8"
    }
    assert reply("same") == (304, None, b"")
    assert reply("moved") == (302, "0", b"")
    assert server.streamed("moved").prelude["headers"]["Location"] == "/elsewhere"
    assert reply("large") == (200, "10000000", b"x" * 10_000_000)
    assert reply("file") == (200, None, (bundle / "plugin/endpoints/file.py").read_bytes())
    assert reply("empty") == (200, None, b"")
    assert reply("head") == (200, "4", b"")
    assert reply("text-head") == (200, "5", b"")
    assert reply("unknown")[0] == 404
    assert reply("bad")[0] == 400
    for name in ("raises", "first", "number"):
        status, _, body = reply(name)
        assert status == 500 and b"secret" not in body and b"Internal Server Error" in body
    assert "ValueError: no luck" in log and "ValueError: secret" in log
    assert "TypeError: a response's body yielded int, expected str or bytes" in log


def test_what_no_caller_streams_is_answered_as_ever(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, {"ticks": TICKS}, EVENTS=(("schedule", "/ticks", None),))
    schedule = {"detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": {}}
    events = [invocation(http_2(path="/ticks"), "http"), invocation(schedule, "schedule")]
    with RuntimeServer(events) as server:
        fast_bundle.run(bundle, server)

    assert server.violations == []
    reply = json.loads(server.body_of("POST invocation/http/response"))
    assert reply["statusCode"], reply["body"] == (201, "tick 0\ntick 1\ntick 2\n")
    assert json.loads(server.body_of("POST invocation/schedule/response")) == {}


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ("opaque", "the response's body failed; the function's log says how"),
        ("dify", "'top secret'"),
    ],
)
def test_a_failure_midway_is_told_in_the_trailers(
    tmp_path: Path, errors: str, message: str
) -> None:
    bundle = fast_bundle.write(tmp_path, {"midway": MIDWAY, "ticks": TICKS}, ERRORS=errors)
    with RuntimeServer([request("midway"), request("ticks")]) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    streamed = server.streamed("midway")
    assert (streamed.body, streamed.prelude["statusCode"]) == (b"so far", 200)
    assert streamed.error == (
        "KeyError",
        {
            "errorMessage": message,
            "errorType": "KeyError",
            "requestId": "midway",
            "stackTrace": [],
        },
    )
    assert "closed\non close\n" in log
    assert "Traceback" in log and "KeyError: 'top secret'" in log
    assert server.streamed("ticks").error is None


ENDLESS = """
def endless():
    try:
        while True:
            yield b"x" * SIZE
            PAUSE
    finally:
        print("closed", flush=True)
---
response = Response(endless())
response.call_on_close(lambda: print("on close", flush=True))
return response
"""
SLOW = ENDLESS.replace("SIZE", "10").replace("PAUSE", "time.sleep(0.2)")
FAST = ENDLESS.replace("SIZE", "100_000").replace("PAUSE", "pass")


@pytest.mark.parametrize("early", [cut(), reset(), cut(answer("413 Too Large"))])
@pytest.mark.parametrize("source", [SLOW, FAST], ids=["slow", "fast"])
def test_a_cut_connection_closes_the_generator(tmp_path: Path, early: Any, source: str) -> None:
    bundle = fast_bundle.write(tmp_path, {"endless": source, "text": "return Response('hello')"})
    with RuntimeServer([request("endless"), request("text")], early=early) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    assert server.streamed("text").body == b"hello"  # the loop goes on
    assert "closed\non close\n" in log
    assert "/endless: the stream was cut, as the" in log


def test_an_unknown_answer_ends_the_process_in_one_line(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, {"endless": SLOW})
    with (
        RuntimeServer([request("endless")], early=cut(answer("500 Oh", b"oh"))) as server,
        fast_bundle.running(bundle, server) as process,
    ):
        out, err = process.communicate(timeout=20)

    assert process.returncode == 1
    assert b"closed\non close\n" in out
    assert b"endpoint_runtime: the Runtime API answered" in err.splitlines()[-1]
    assert b"with status 500: 'oh'; exiting" in err.splitlines()[-1]


BLOCKED = """
def blocked():
    try:
        yield "first"
        time.sleep(60)
    finally:
        print("closed", flush=True)
---
return Response(blocked())
"""
IGNORES = """
def stubborn():
    yield "first"
    while True:
        try:
            time.sleep(0.1)
            yield "more"
        except GeneratorExit:
            pass
---
return Response(stubborn())
"""


@pytest.mark.parametrize("source", [SLOW, FAST, BLOCKED, IGNORES])
def test_a_stream_ends_before_the_functions_time_does(tmp_path: Path, source: str) -> None:
    bundle = fast_bundle.write(tmp_path, {"long": source, "text": "return Response('hello')"})
    started = time.monotonic()
    with RuntimeServer([request("long", seconds=2), request("text")]) as server:
        log = fast_bundle.run(bundle, server)
        took = time.monotonic() - started

    assert server.violations == []
    assert (server.streamed("long").ended, server.streamed("long").error) == (True, None)
    assert server.streamed("text").body == b"hello"
    assert "/long: the stream was ended after" in log
    assert 1.2 < took < 30  # not the minute that it blocks for
    if "closed" in source:
        assert "closed" in log


def test_a_slow_reader_is_waited_for_until_the_time_is_over(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, {"fast": FAST, "text": "return Response('hello')"})

    def stall(connection: socket.socket) -> bool:
        time.sleep(3)
        return False

    with RuntimeServer([request("fast", seconds=2), request("text")], early=stall) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    assert "/fast: the stream was cut, as its reader was too slow" in log
    assert "closed\non close\n" in log
    assert server.streamed("text").body == b"hello"


def test_a_reader_that_pauses_gets_everything(tmp_path: Path) -> None:
    many = "return Response((b'%d' % (n % 10) * 50_000 for n in range(400)))"
    bundle = fast_bundle.write(tmp_path, {"many": many})
    got: list[bytes] = []

    def on_chunk(chunk: bytes) -> None:
        got.append(chunk)
        if len(got) == 100:
            time.sleep(1.5)  # the sender's buffer is full long before

    with RuntimeServer([request("many")], on_chunk=on_chunk) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    assert b"".join(got) == b"".join(b"%d" % (n % 10) * 50_000 for n in range(400))
    assert "WARN" not in log


EVENTS = """
def events():
    START
    yield "data: 1\\n\\n"
    time.sleep(1.6)
    yield "data: half"
    time.sleep(1.6)
    yield " an event\\r\\n\\r\\n"
    time.sleep(1.6)
---
return Response(events(), content_type=TYPE)
"""


def test_heartbeats_come_between_events_only(tmp_path: Path) -> None:
    sse = EVENTS.replace("START", "time.sleep(1.6)").replace("TYPE", "'text/event-stream'")
    text = EVENTS.replace("START", "pass").replace("TYPE", "'text/plain'")
    bundle = fast_bundle.write(tmp_path, {"sse": sse, "text": text}, STREAM_HEARTBEAT=1)
    with RuntimeServer([request("sse"), request("text")]) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    beat = b": \n\n"
    assert [chunk for _, chunk in server.streamed("sse").chunks[1:]] == [
        beat,
        b"data: 1\n\n",
        beat,
        b"data: half",
        b" an event\r\n\r\n",
        beat,
    ]
    assert beat not in server.streamed("text").body
    assert log.count("200") == 2


def test_a_failure_before_the_first_sign_of_life_is_a_500(tmp_path: Path) -> None:
    fails = "def fails():\n    raise ValueError('no luck')\n    yield 1\n---\n"
    fails += "return Response(fails(), content_type='text/event-stream')"
    late = fails.replace("raise", "time.sleep(1.5); raise")
    bundle = fast_bundle.write(tmp_path, {"fails": fails, "late": late}, STREAM_HEARTBEAT=1)
    with RuntimeServer([request("fails"), request("late")]) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    assert server.streamed("fails").prelude["statusCode"] == 500
    assert (server.streamed("late").prelude["statusCode"], server.streamed("late").body) == (
        200,
        b": \n\n",
    )
    assert server.streamed("late").error is not None
    assert log.count("ValueError: no luck") == 2


def test_a_heartbeat_finds_out_that_nobody_listens(tmp_path: Path) -> None:
    silent = BLOCKED.replace("(blocked())", "(blocked(), content_type='text/event-stream')")
    silent = silent.replace('"first"', '"data: 1\\n\\n"')
    bundle = fast_bundle.write(tmp_path, {"silent": silent}, STREAM_HEARTBEAT=1)
    started = time.monotonic()
    with RuntimeServer([request("silent")], early=cut()) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    assert time.monotonic() - started < 10
    assert "closed" in log and "/silent: the stream was cut" in log


def test_a_prelude_that_a_rest_api_would_refuse_is_a_500(tmp_path: Path) -> None:
    long = "return Response('x', headers={'X-Long': 'x' * 17_000})"
    bundle = fast_bundle.write(tmp_path, {"long": long})
    events = [invocation(rest(path="/long", stage="live"), "rest")]
    with RuntimeServer(events) as server:
        log = fast_bundle.run(bundle, server)

    assert server.streamed("rest").prelude["statusCode"] == 500
    assert "/long: the status and headers have over 16384 bytes" in log


def test_whole_bodies_are_compressed_and_streams_are_not(tmp_path: Path) -> None:
    whole = "return Response('x' * 5000)"
    stream = "return Response('x' * 1000 for _ in range(5))"
    bundle = fast_bundle.write(tmp_path, {"whole": whole, "stream": stream}, GZIP=True)
    accepts = {"accept-encoding": "gzip"}
    events = [request("whole", headers=accepts), request("stream", headers=accepts)]
    with RuntimeServer(events) as server:
        fast_bundle.run(bundle, server)

    prelude = server.streamed("whole").prelude
    assert prelude["headers"]["Content-Encoding"] == "gzip"
    assert prelude["headers"]["Content-Length"] == str(len(server.streamed("whole").body))
    assert gzip.decompress(server.streamed("whole").body) == b"x" * 5000
    assert "Content-Encoding" not in server.streamed("stream").prelude["headers"]
    assert server.streamed("stream").body == b"x" * 5000


def test_a_wrapper_of_the_handler_sees_a_reply(tmp_path: Path) -> None:
    bundle = fast_bundle.write(tmp_path, {"ticks": TICKS})
    (bundle / "wrapper.py").write_text(
        "from endpoint_runtime.lambda_handler import handler as inner\n"
        "def handler(event, context):\n"
        "    reply = inner(event, context)\n"
        "    print('wrapped', reply['statusCode'], reply.get('headers')['X-A'])\n"
        "    return reply\n"
    )
    with RuntimeServer([request("ticks")]) as server:
        log = fast_bundle.run(bundle, server, _HANDLER="wrapper.handler")

    assert server.violations == []
    assert server.streamed("ticks").body == b"tick 0\ntick 1\ntick 2\n"
    assert "wrapped 201 1" in log


def test_the_stock_entry_answers_in_one_piece(tmp_path: Path) -> None:
    """Where `start_fast` has to leave the process to AWS's client, nothing streams."""
    bundle = fast_bundle.write(tmp_path, {"ticks": TICKS})
    done = Bundle(bundle).run(
        "from endpoint_runtime.lambda_handler import handler\n"
        f"print(handler({url(path='/ticks')!r}, None)['body'].count('tick'))"
    )
    assert done.stdout.splitlines()[-1] == "3"
