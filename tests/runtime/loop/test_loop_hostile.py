"""The fast entry's loop against a Runtime API that breaks the protocol: it goes on serving, or
gives up with one clear line; it neither hangs nor spins."""

from __future__ import annotations

import select
import time
from typing import Any

import pytest

from endpoint_runtime.lambda_api.answers import RuntimeApiError
from endpoint_runtime.lambda_api.runtime_api import RuntimeApi
from endpoint_runtime.loop import run
from tests.support.hostile_api import (
    ACCEPTED,
    RuntimeServer,
    Step,
    answer,
    cut,
    dated,
    event,
    reset,
    slow,
    stall,
)

NEXT = "GET invocation/next"
POST = "POST invocation/id-1/response"


def echo(event: Any, context: Any) -> Any:
    return event


def serve(server: RuntimeServer, handler: Any = echo) -> str:
    api = RuntimeApi(server.address, stall=1)
    before = time.process_time()
    try:
        with pytest.raises(RuntimeApiError) as caught:
            run(handler, api)
    finally:
        api.close()
    assert time.process_time() - before < 5
    return str(caught.value).replace(server.address, "ADDRESS")


END = "the Runtime API answered GET invocation/next with status 403: 'not today'"

MANY: Any = {f"X_{n}": "v" for n in range(20_000)}
SERVED: dict[str, Step] = {
    "slow": slow(event(b'{"a": 1}')),
    "chunked": event(chunks=[b'{"a"', b": ", b"1}"]),
    "chunked-slow": slow(event(chunks=[b'{"a"', b": ", b"1}"])),
    "chunked-by-bytes": event(chunks=[b"%c" % c for c in b'{"a": 1}']),
    "huge-header": event(b'{"a": 1}', X_Huge="h" * 3_000_000),
    "many-headers": event(b'{"a": 1}', **MANY),
    "lower-case-names": event(b'{"a": 1}').replace(b"Content-Length", b"content-length"),
    "length-twice": event(b'{"a": 1}').replace(
        b"Content-Length: 8", b"Content-Length: 8\r\ncontent-length: 8"
    ),
    "length-and-chunked": event(chunks=[b'{"a": 1}'], Content_Length="3"),
    "continue-first": b"HTTP/1.1 100 Continue\r\n\r\n" + event(b'{"a": 1}'),
    "no-length": cut(event(b'{"a": 1}').replace(b"Content-Length: 8\r\n", b"") + b""),
    "no-reason": event(b'{"a": 1}', status="200"),
    "http-1.0": cut(event(b'{"a": 1}').replace(b"HTTP/1.1", b"HTTP/1.0")),
    "connection-close": cut(event(b'{"a": 1}', Connection="close")),
    "too-short-a-length": event(b'{"a": 1}zzzz', length=8),
    "another-answer-behind": event(b'{"a": 1}') + event(b'{"a": 2}', "id-2"),
    "bad-utf-8-header": event(b'{"a": 1}').replace(b"Root=", b"\xff\xfe="),
    "other-content-type": event(b'{"a": 1}', Content_Type="text/plain"),
    "byte-order-mark": event(b'\xef\xbb\xbf{"a": 1}'),
}


@pytest.mark.parametrize("step", SERVED.values(), ids=SERVED)
def test_odd_but_readable_events_are_served(step: Step) -> None:
    if callable(step):  # the server can't see the id in it
        steps: list[Step] = [step]
    else:
        steps = [step, event(b'{"then": 1}', "id-9")]
    with RuntimeServer(steps) as server:
        reason = serve(server)

    assert reason == END
    assert server.body_of(POST) == b'{"a": 1}'
    if len(steps) == 2:
        assert server.body_of("POST invocation/id-9/response") == b'{"then": 1}'


def test_a_giant_event_and_reply_are_served() -> None:
    text = "\u00e4" * 12_000_000
    body = f'"{text}"'.encode()
    with RuntimeServer([event(body), event(b"1", "id-2")]) as server:
        reason = serve(server)

    assert server.body_of(POST) == body
    assert server.body_of("POST invocation/id-2/response") == b"1"
    assert reason == END


LAST: dict[str, tuple[Step, str]] = {
    **{
        f"status-{status}": (
            answer(f"{status} No", b'{"errorMessage": "no"}'),
            f"the Runtime API answered {NEXT} with status {status}:"
            """ '{"errorMessage": "no"}'""",
        )
        for status in (201, 202, 301, 400, 403, 404, 410, 429, 500, 503, 999)
    },
    "status-204": (
        b"HTTP/1.1 204 No Content\r\n\r\n",
        f"the Runtime API answered {NEXT} with status 204: ''",
    ),
    "no-id": (
        event(request_id=None),
        "the Runtime API sent an invocation whose request id is ''",
    ),
    "bad-id": (
        event(request_id="a b"),
        "the Runtime API sent an invocation whose request id is 'a b'",
    ),
    "id-with-a-path": (
        event(request_id="../x?y"),
        "the Runtime API sent an invocation whose request id is '../x?y'",
    ),
    "garbage": (b"\0\1\2\r\n\r\n", f"the Runtime API answered {NEXT} with '\\x00\\x01\\x02'"),
    "http-2": (b"HTTP/2 200\r\n\r\n", f"the Runtime API answered {NEXT} with 'HTTP/2 200'"),
    "bad-status": (
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        f"the Runtime API answered {NEXT} with 'HTTP/1.1 2x0 OK'",
    ),
    "bad-length": (
        event(b"{}", length="many"),
        f"the Runtime API gave {NEXT} the length 'many'",
    ),
    "negative-length": (event(b"{}", length=-2), f"the Runtime API gave {NEXT} the length '-2'"),
    "two-lengths": (
        event(b"{}").replace(b"Content-Length: 2", b"Content-Length: 2\r\ncontent-length: 3"),
        f"the Runtime API gave two lengths in its answer to {NEXT}",
    ),
    "enormous-length": (
        event(b"{}", length=10**15),
        f"the Runtime API's answer to {NEXT} exceeds 268435456 bytes",
    ),
    "endless-interim": (
        b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
        f"the Runtime API never came to answer {NEXT}",
    ),
    "endless-headers": (
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2_000_000,
        f"the Runtime API's headers to {NEXT} are endless",
    ),
    "bad-chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        f"the Runtime API sent {NEXT} a broken chunk",
    ),
    "negative-chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        f"the Runtime API sent {NEXT} a broken chunk",
    ),
    "enormous-chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
        f"the Runtime API's answer to {NEXT} exceeds 268435456 bytes",
    ),
    "overlong-chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n",
        f"the Runtime API sent {NEXT} a broken chunk",
    ),
    "cut-in-head": (
        cut(event()[:20]),
        f"the Runtime API cut its answer to {NEXT} short",
    ),
    "cut-in-body": (
        cut(event(b"{}", length=10)),
        f"the Runtime API cut its answer to {NEXT} short: 2 of 10 bytes came",
    ),
    "reset-in-body": (
        reset(event(b"{}", length=10)),
        f"the Runtime API cut its answer to {NEXT} short: 2 of 10 bytes came",
    ),
    "cut-in-chunk": (
        cut(event(chunks=[b"abcdefgh"])[:-30]),
        f"the Runtime API cut its answer to {NEXT} short",
    ),
    "stall-in-head": (
        stall(event()[:20]),
        f"{NEXT} at ADDRESS failed: the API stopped in the midst of the exchange",
    ),
    "stall-in-body": (
        stall(event(b"{}", length=10)),
        f"{NEXT} at ADDRESS failed: the API stopped in the midst of the exchange",
    ),
    "stall-without-length": (
        stall(event(b"{}").replace(b"Content-Length: 2\r\n", b"")),
        f"{NEXT} at ADDRESS failed: the API stopped in the midst of the exchange",
    ),
}


@pytest.mark.parametrize(("step", "reason"), LAST.values(), ids=LAST)
def test_an_answer_to_next_that_is_the_last(step: Step, reason: str) -> None:
    with RuntimeServer([event(b"1", "id-0"), step, event(b"2", "id-2")]) as server:
        said = serve(server)

    assert said == reason
    assert server.calls() == [NEXT, "POST invocation/id-0/response", NEXT]


REFUSED: dict[str, tuple[Step, str]] = {
    **{
        f"status-{status}": (
            answer(f"{status} No", b"no"),
            f"the Runtime API answered {POST} with status {status}: 'no'",
        )
        for status in (200, 400, 403, 404, 410, 500)
    },
    "garbage": (b"what?\r\n\r\n", f"the Runtime API answered {POST} with 'what?'"),
    "cut-in-head": (cut(ACCEPTED[:12]), f"the Runtime API cut its answer to {POST} short"),
    "cut-in-body": (
        cut(ACCEPTED[:-3]),
        f"the Runtime API cut its answer to {POST} short: 13 of 16 bytes came",
    ),
    "stall": (
        stall(b""),
        f"{POST} at ADDRESS failed: the API stopped in the midst of the exchange",
    ),
}


@pytest.mark.parametrize(("step", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_answer_to_a_reply_that_is_the_last(step: Step, reason: str) -> None:
    with RuntimeServer([event(b"1"), event(b"2", "id-2")], posts=[step]) as server:
        said = serve(server)

    assert said == reason
    assert server.calls() == [NEXT, POST]


def fail(event: Any, context: Any) -> Any:
    raise ValueError("x")


@pytest.mark.parametrize(("step", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_answer_to_an_error_report_that_is_the_last(step: Step, reason: str) -> None:
    with RuntimeServer([event(b"1"), event(b"2", "id-2")], posts=[step]) as server:
        said = serve(server, fail)

    assert said == reason.replace("/response", "/error")
    assert server.calls() == [NEXT, POST.replace("/response", "/error")]


@pytest.mark.parametrize(("step", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_answer_to_a_report_of_a_failed_start(step: Step, reason: str) -> None:
    with RuntimeServer([], posts=[step]) as server:
        api = RuntimeApi(server.address, stall=1)
        with pytest.raises(RuntimeApiError) as caught:
            api.init_error("Runtime.ImportModuleError", b"{}")
        api.close()

    said = str(caught.value).replace(server.address, "ADDRESS")
    assert said == reason.replace("invocation/id-1/response", "init/error")
    assert server.calls() == ["POST init/error"]


@pytest.mark.parametrize("begun", [b"", event(b"{}", length=1000), event()[:20]])
def test_an_answer_that_trickles_without_end_is_given_up(begun: bytes) -> None:
    def trickle(connection: Any) -> bool:
        connection.sendall(dated(begun))
        while True:
            connection.sendall(b"1")  # until the client gives up
            time.sleep(0.1)

    with RuntimeServer([trickle]) as server:
        api = RuntimeApi(server.address, stall=1, slowest=1)
        before = time.monotonic()
        with pytest.raises(RuntimeApiError) as caught:
            run(echo, api)
        api.close()
        took = time.monotonic() - before

    assert str(caught.value) == (
        f"{NEXT} at {server.address} failed: its answer took more than 1 seconds"
    )
    assert took < 60


@pytest.mark.parametrize("end", [cut, reset])
def test_a_connection_cut_while_waiting_is_opened_again_once(end: Any) -> None:
    with RuntimeServer([event(b"1", "a"), end(), event(b"2", "b"), end(), end()]) as server:
        said = serve(server)

    assert said == f"{NEXT} at ADDRESS failed: the connection was cut"
    assert server.calls() == [
        NEXT,
        "POST invocation/a/response",
        NEXT,
        NEXT,
        "POST invocation/b/response",
        NEXT,
        NEXT,
    ]
    assert server.connections == 3


@pytest.mark.parametrize("end", [cut, reset])
def test_a_reply_whose_kept_connection_was_cut_is_sent_once_more(end: Any) -> None:
    with RuntimeServer([event(b"1")], posts=[end()]) as server:
        said = serve(server)

    # The strict server finds fault with the second post: it had read the first. It counts as
    # delivered at most once by the API itself, which answers 400 to a second one.
    assert said == END
    assert server.calls() == [NEXT, POST, POST, NEXT]
    assert server.connections == 2


def test_a_connection_closed_while_the_handler_runs_is_opened_again() -> None:
    with RuntimeServer([cut(event(b"1"))]) as server:
        api = RuntimeApi(server.address, stall=1)

        def handler(event: Any, context: Any) -> Any:
            time.sleep(0.1)  # the end of the connection arrives in the meantime
            return event

        run(handler, api, invocations=1)
        api.close()

    assert [(r.call, r.connection) for r in server.requests] == [(NEXT, 1), (POST, 2)]


def test_an_answer_that_comes_before_a_giant_reply_was_read_is_heard() -> None:
    refusal = answer("413 Request Entity Too Large", b"{}")

    def refuse(connection: Any) -> bool:
        connection.recv(1000)  # the head and a little more of the POST that follows at once
        connection.sendall(refusal)
        time.sleep(0.2)
        return False

    def first(connection: Any) -> bool:
        connection.sendall(dated(event(b"1")))
        return refuse(connection)

    with RuntimeServer([first]) as server:
        api = RuntimeApi(server.address, stall=1)
        try:
            run(lambda event, context: "x" * 20_000_000, api, invocations=1)
        except RuntimeApiError as error:
            said = str(error)
        else:
            said = "served on"
        api.close()

    # Whether the answer outlives the reset of the connection is the kernel's decision.
    assert said == "served on" or said.startswith(f"the Runtime API answered {POST} with")


def test_an_api_that_reads_nothing_is_given_up() -> None:
    def deaf(connection: Any) -> bool:
        connection.sendall(dated(event(b"1")))
        poll = select.poll()
        poll.register(connection, select.POLLRDHUP)
        poll.poll(10_000)  # until the client gives up
        return False

    with RuntimeServer([deaf]) as server:
        api = RuntimeApi(server.address, stall=1)
        with pytest.raises(RuntimeApiError) as caught:
            run(lambda event, context: "x" * 50_000_000, api)
        api.close()

    assert str(caught.value) == (
        f"{POST} at {server.address} failed: the API stopped in the midst of the exchange"
    )
