"""Replies that no gateway takes: a 500, and the log says why, whichever way they would go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from endpoint_runtime import process
from endpoint_runtime.app.invocation import answer_event
from tests.support import fast_bundle
from tests.support.applications import MakeApplication
from tests.support.builders import alb, endpoint, http_1, http_2, rest, url
from tests.support.hostile_api import RuntimeServer
from tests.support.peers import ADAPTERS, Context, Handler

# What an endpoint does to a response, and what the log says of it.
ATTACKS = {
    "response.status_code = 0": "the response's status is 0, expected 100 to 999",
    "response.status_code = -1": "the response's status is -1, expected 100 to 999",
    "response.status_code = 99": "the response's status is 99, expected 100 to 999",
    "response.status_code = 1000": "the response's status is 1000, expected 100 to 999",
    "response.status = 'teapot'": "the response's status is 0, expected 100 to 999",
    r"response.status = '200 OK\r\nX-Evil: 1'": (
        r"the response's status '200 OK\r\nX-Evil: 1' holds a line break or the like"
    ),
    r"response.headers['X\r\nX-Evil'] = '1'": r"the response has a header named 'X\r\nX-Evil'",
    r"response.headers['X\rX-Evil'] = '1'": r"the response has a header named 'X\rX-Evil'",
    r"response.headers['X\nX-Evil'] = '1'": r"the response has a header named 'X\nX-Evil'",
    "response.headers['X-Evil: 1, X'] = '1'": "the response has a header named 'X-Evil: 1, X'",
    "response.headers[''] = '1'": "the response has a header named ''",
    "response.headers['X-É'] = '1'": r"the response has a header named 'X-\xc9'",
    r"response.headers._list.append(('X-A', 'key\r\nX-Evil: 1'))": (
        "the response's header X-A has a value that holds a line break or the like"
    ),
    r"response.headers._list.append(('Set-Cookie', 'a=1\nX-Evil: 1'))": (
        "the response's header Set-Cookie has a value that holds a line break or the like"
    ),
    r"response.get_wsgi_headers = lambda e: [('X-A', 'key\r\nX-Evil: 1')]": (
        "the response's header X-A has a value that holds a line break or the like"
    ),
    r"response.headers['X-A'] = 'key\0'": (
        "the response's header X-A has a value that holds a line break or the like"
    ),
    r"response.headers['X-A'] = 'key\ud800'": (
        "the response's header X-A has a value that holds a line break or the like"
    ),
}
BODIES = {"whole": "'text'", "generator": "(part for part in ['te', 'xt'])"}
EVENTS = {
    "rest": rest(),
    "http 1.0": http_1(),
    "http 2.0": http_2(),
    "url": url(),
    "alb": alb(),
    "alb, multi-value": alb(multi_value=True),
}


def source(attack: str, body: str = "whole") -> str:
    kind = "type('Own', (Response,), {})" if "get_wsgi_headers" in attack else "Response"
    return f"response = {kind}({BODIES[body]}, mimetype='text/plain')\n{attack}\nreturn response"


def is_a_500(reply: Any, log: str, reason: str) -> bool:
    """Whether the reply is a plain 500, and the log has one line of error, with the reason."""
    errors = [line for line in log.splitlines() if not line.startswith("[INFO]")]
    assert [line.rpartition("\t")[2] for line in errors] == [f"/<path:p>: {reason}"]
    return reply["statusCode"] == 500 and "Evil" not in repr(reply) and "key" not in repr(reply)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_events_of_every_source(
    make_application: MakeApplication,
    capsys: pytest.CaptureFixture[str],
    attack: str,
    body: str,
    event: str,
) -> None:
    routes = [("/<path:p>", "GET", "e.py")]
    application = make_application({"e.py": endpoint(source(attack, body))}, ROUTES=routes)

    reply = answer_event(application, EVENTS[event], Context())

    assert is_a_500(reply, capsys.readouterr().err, ATTACKS[attack])


@pytest.mark.parametrize("body", [*BODIES, "events"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_streams(
    make_application: MakeApplication,
    capsys: pytest.CaptureFixture[str],
    in_loop: None,
    attack: str,
    body: str,
) -> None:
    stream = source(attack, "generator" if body == "events" else body)
    if body == "events":  # whose head is made before there is a chunk
        stream = stream.replace("text/plain", "text/event-stream")
    application = make_application(
        {"e.py": endpoint(stream)},
        ROUTES=[("/<path:p>", "GET", "e.py")],
        STREAM=True,
        STREAM_HEARTBEAT=15,
    )

    reply = answer_event(application, url(), Context())

    assert is_a_500(reply, capsys.readouterr().err, ATTACKS[attack])
    assert b"Evil" not in reply.head  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_servers_and_adapters(
    make_application: MakeApplication,
    capsys: pytest.CaptureFixture[str],
    attack: str,
    body: str,
) -> None:
    routes = [("/<path:p>", "GET", "e.py")]
    application = make_application({"e.py": endpoint(source(attack, body))}, ROUTES=routes)

    served = Client(application).get("/a")
    assert is_a_500(
        {"statusCode": served.status_code, "headers": [*served.headers]},
        capsys.readouterr().err,
        ATTACKS[attack],
    )
    for make in ADAPTERS.values():
        reply = make(application)(rest(), Context())
        assert is_a_500(
            {**reply, "statusCode": int(reply["statusCode"])},
            capsys.readouterr().err,
            ATTACKS[attack],
        )


def test_a_raised_exception(
    make_application: MakeApplication, capsys: pytest.CaptureFixture[str]
) -> None:
    raises = "from werkzeug.exceptions import NotFound\nfault = NotFound()\nfault.code = 1000\n"
    application = make_application(
        {"e.py": endpoint(raises + "raise fault")}, ROUTES=[("/<path:p>", "GET", "e.py")]
    )

    reply = answer_event(application, http_2(), Context())

    assert reply["statusCode"] == 500
    assert "\t/<path:p>: the response's status is 1000, expected" in capsys.readouterr().err


def test_what_is_odd_but_of_http_goes_out(make_application: MakeApplication) -> None:
    odd = """
response = Response("text", status=999, mimetype="text/plain")
response.headers["x!#$%&'*+-.^_`|~1"] = "a\\tb"
response.headers["X-Name"] = "\u00e9\u00a0\u4e2d"
return response
"""
    application = make_application({"e.py": endpoint(odd)}, ROUTES=[("/<path:p>", "GET", "e.py")])

    reply = answer_event(application, http_2(), Context())
    served = Client(application).get("/a")

    assert reply["statusCode"] == served.status_code == 999
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "4",
        "x!#$%&'*+-.^_`|~1": "a\tb",
        "X-Name": "\u00e9\u00a0\u4e2d",
    }
    assert reply["headers"] == headers
    assert served.headers["X-Name"].encode("latin-1").decode() == headers["X-Name"]


def test_a_process_streams_and_says_a_500(tmp_path: Path) -> None:
    attack = r"response.headers['X\r\nX-Evil'] = '1'"
    bundle = fast_bundle.write(
        tmp_path, {"whole": source(attack), "generator": source(attack, "generator")}
    )
    buffered = fast_bundle.invocation(http_2(path="/whole"), "buffered")
    with RuntimeServer(
        [fast_bundle.request("whole"), fast_bundle.request("generator"), buffered]
    ) as server:
        log = fast_bundle.run(bundle, server)

    assert server.violations == []
    assert server.streamed("whole").prelude["statusCode"] == 500
    assert server.streamed("generator").prelude["statusCode"] == 500
    assert b'"statusCode": 500' in server.body_of("POST invocation/buffered/response")
    assert log.count(r"the response has a header named 'X\r\nX-Evil'") == 3
    assert "Traceback" not in log


# Zeros take no memory until they are read; for 200 MB of anything else that is most of the time.
LARGE = {
    "list": "Response([b'x' * 1_000_000] * 200, mimetype='text/plain')",
    "list of texts": "Response(['\u00e9' * 1_000_000] * 100, mimetype='text/plain')",
    "one piece": "Response(bytes(200_000_000), mimetype='text/plain')",
    "bytes": "Response(bytes(200_000_000), mimetype='image/png')",
    "whole file": (
        "Response((b'x' * 1_000_000 for _ in range(200)), mimetype='text/plain',"
        " headers={'Content-Disposition': 'attachment'})"
    ),
    "subclass": "type('Own', (Response,), {})([b'x' * 1_000_000] * 200, mimetype='text/plain')",
}


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("event", ["http 2.0", "alb", "rest"])
@pytest.mark.parametrize("large", LARGE)
def test_a_large_body_is_refused_at_the_limit(
    make_application: MakeApplication,
    capsys: pytest.CaptureFixture[str],
    large: str,
    event: str,
    gzip: bool,
) -> None:
    application = make_application(
        {"e.py": endpoint(f"return {LARGE[large]}")},
        ROUTES=[("/<path:p>", "GET", "e.py")],
        GZIP=gzip,
    )
    request = EVENTS[event]
    if gzip:
        name = "multiValueHeaders" if event == "rest" else "headers"
        more = ["gzip"] if event == "rest" else "gzip"
        request = {**request, name: {**request[name], "accept-encoding": more}}
    handlers: list[Handler] = [lambda event, context: answer_event(application, event, context)]
    if event != "http 2.0":
        handlers += [make(application) for make in ADAPTERS.values()]
    for handler in handlers:
        before = time.process_time()
        reply = handler(request, Context())

        assert time.process_time() - before < 1.5
        assert int(reply["statusCode"]) == 500
        log = capsys.readouterr().err
        assert "\t/<path:p>: the reply has " in log
        assert "Traceback" not in log


@pytest.mark.parametrize("chunk", ["b'x' * 200_000_000", "b'x' * 1_000_000"])
def test_a_large_generator_is_cut_at_the_limit(
    make_application: MakeApplication, capsys: pytest.CaptureFixture[str], chunk: str
) -> None:
    more = f"return Response(({chunk} for _ in range(200)), mimetype='text/plain')"
    application = make_application({"e.py": endpoint(more)}, ROUTES=[("/<path:p>", "GET", "e.py")])
    for handler in (
        lambda event, context: answer_event(application, event, context),
        *(make(application) for make in ADAPTERS.values()),
    ):
        before = time.process_time()
        reply = handler(rest(), Context())

        assert time.process_time() - before < 1.5
        assert int(reply["statusCode"]) == 200
        assert 5_000_000 <= len(reply["body"]) < 6_291_556
        assert "as Lambda hands on 6291556 bytes" in capsys.readouterr().err


@pytest.fixture
def in_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fast entry's loop serves."""
    monkeypatch.setattr(process, "in_loop", True)
    monkeypatch.setattr(process, "after_answer", [])
    yield
