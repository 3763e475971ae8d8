"""A Service API that stalls, cuts, babbles, refuses and takes minutes."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event
from endpoint_runtime.dify.errors import AppError
from tests.runtime.dify.conftest import Dify, MakeDify
from tests.support.builders import endpoint, url
from tests.support.failing_dify import InjectedFailure

CHAT = "/v1/chat-messages"


def ask(made: Dify, mode: str, deadline: float | None = None) -> Any:
    answer = made.session(deadline).app.chat.invoke("chat", "one two three", {}, mode)
    return list(answer) if mode == "streaming" else answer["answer"]


def answers(made: Dify) -> Iterator[str]:
    for event in made.session().app.chat.invoke("chat", "one two three", {}):
        yield event["answer"]


def host(made: Dify) -> str:
    return made.fake.url.removeprefix("http://").removesuffix("/v1")


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
def test_a_server_that_stalls(dify: MakeDify, mode: str) -> None:
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(after=2, stall=60))
    started = time.monotonic()

    with pytest.raises(AppError) as caught:
        ask(made, mode, deadline=time.time() + 1)

    # The SDK's words, which published plugins look for.
    said = "invocation exited without response after 0 seconds"
    assert re.sub(r"\b[01] sec", "0 sec", str(caught.value)) == said
    assert caught.value.line.endswith(f" seconds: {host(made)} did not answer in time")
    assert time.monotonic() - started < 10
    assert made.requests == [("POST", "/chat-messages")]  # it may have been done: not again


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
def test_a_server_that_cuts_midway(dify: MakeDify, mode: str) -> None:
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(after=2, cut=True))

    with pytest.raises(AppError) as caught:
        ask(made, mode)

    assert str(caught.value) == f"{host(made)} cut its answer short"
    assert made.requests == [("POST", "/chat-messages")]


def test_what_came_before_the_cut_is_there(dify: MakeDify) -> None:
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(after=3, cut=True))
    got: list[str] = []

    with pytest.raises(AppError, match="cut its answer short"):
        got.extend(answers(made))

    assert got == ["[1]", " one"]


@pytest.mark.parametrize(
    ("garbage", "message"),
    [
        (b"data: {not json\n\n", "Dify sent an event that is not a JSON object: '{not json'"),
        (b"data: [1]\n\n", "Dify sent an event that is not a JSON object: '[1]'"),
        (b"data: \xff\xfe\n\n", "Dify sent an event that is not a JSON object: '\ufffd\ufffd'"),
    ],
)
def test_bad_events(dify: MakeDify, garbage: bytes, message: str) -> None:
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(after=2, garbage=garbage))
    got: list[str] = []

    with pytest.raises(AppError) as caught:
        got.extend(answers(made))

    assert (got, str(caught.value)) == (["[1]"], message)


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (
            {"code": "provider_quota_exceeded", "status": 400, "message": "No more."},
            "400 provider_quota_exceeded: No more.",
        ),
        ({}, "the app failed"),
    ],
)
def test_an_error_event_comes_like_the_others_and_is_the_last(
    dify: MakeDify, caplog: pytest.LogCaptureFixture, sent: dict[str, object], line: str
) -> None:
    made = dify("chat")
    garbage = b"data: " + json.dumps({"event": "error", **sent}).encode() + b"\n\n"
    made.fake.failures.append(InjectedFailure(after=2, garbage=garbage))

    first, *others = made.session().app.chat.invoke("chat", "one two three", {})

    assert (first["event"], first["answer"]) == ("message", "[1]")
    assert others == [{"event": "error", **sent}]
    assert caplog.messages == [f"app chat: {line}"]


def test_an_app_that_fails_before_it_begins_raises(dify: MakeDify) -> None:
    """In Dify, too: only what comes in a stream is an event of it."""
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(status=400, code="invalid_param", message="No."))

    with pytest.raises(AppError, match=r"^No\.$"):
        ask(made, "streaming")


@pytest.mark.parametrize("call", ["blocking", "streaming", "fetch", "upload"])
def test_the_log_has_what_the_text_of_an_error_has_not(
    dify: MakeDify, caplog: pytest.LogCaptureFixture, call: str
) -> None:
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(status=400, code="invalid_param", message="No."))

    with pytest.raises(AppError) as caught:
        if call == "fetch":
            made.session().app.fetch_app("chat")
        elif call == "upload":
            made.session().file.upload("a", b"", "text/plain")
        else:
            ask(made, call)

    error = caught.value
    assert (str(error), error.app_id, error.status, error.code, error.message) == (
        *("No.", "chat", 400, "invalid_param"),
        "No.",
    )
    assert caplog.messages == ["app chat: 400 invalid_param: No."]


def test_what_is_no_event(dify: MakeDify) -> None:
    made = dify("chat")
    harmless = b': comment\n\nevent: ping\n\ndata: {"event": "ping"}\n\nid: 7\n\nfoo\n\n'
    made.fake.failures.append(InjectedFailure(after=2, garbage=harmless))

    events = ask(made, "streaming")

    assert [each["event"] for each in events] == ["message"] * 4 + ["message_end"]


@pytest.mark.parametrize("garbage", [b"", b"<html>", b"[]"])
def test_a_blocking_answer_that_is_no_json(dify: MakeDify, garbage: bytes) -> None:
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(after=0, garbage=garbage or b" "))

    with pytest.raises(AppError, match=r"^Dify sent an answer that is not a JSON object: "):
        ask(made, "blocking")


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            InjectedFailure(status=500, code="internal_server_error", message="Oh no."),
            "500 internal_server_error: Oh no.",
        ),
        (
            InjectedFailure(status=502, body=b"<html>Bad Gateway</html>"),
            "502: Dify's answer says no more",
        ),
        (InjectedFailure(status=429, code="too_many_requests"), "429 too_many_requests: Injected."),
        (
            InjectedFailure(status=429, code="too_many_requests", headers={"Retry-After": "3600"}),
            "429 too_many_requests: Injected.",
        ),
        (
            InjectedFailure(
                status=301, body=b"x", headers={"Location": "https://dify.example.com/v1"}
            ),
            "301: Dify redirects to https://dify.example.com/v1: check dify.base_url",
        ),
        (
            InjectedFailure(status=403, code="", message="", body=b'{"a": 1}'),
            "403: Dify's answer says",
        ),
    ],
)
def test_errors(dify: MakeDify, mode: str, fault: InjectedFailure, message: str) -> None:
    made = dify("chat")
    made.fake.failures.append(fault)

    with pytest.raises(AppError) as caught:
        ask(made, mode, deadline=time.time() + 10)

    assert caught.value.line.startswith(f"app chat: {message}")
    said = caught.value.line.removeprefix(f"app chat: {fault.status}").removeprefix(" ")
    said = said.removeprefix(fault.code).removeprefix(": ")
    bare = said == "Dify's answer says no more"
    assert str(caught.value) == (f"Dify answered with status {fault.status}" if bare else said)
    assert caught.value.status == fault.status
    assert made.requests == [("POST", "/chat-messages")]


def test_429_is_tried_again_when_it_says(dify: MakeDify) -> None:
    made = dify("chat")
    wait = InjectedFailure(status=429, code="too_many_requests", headers={"Retry-After": "1"})
    made.fake.failures += [wait, wait]
    started = time.monotonic()

    assert ask(made, "blocking", deadline=time.time() + 20) == "[1] one two three"
    assert time.monotonic() - started >= 2
    made.fake.failures += [wait, wait, wait]
    with pytest.raises(AppError, match=r"^Injected\.$"):
        ask(made, "blocking", deadline=time.time() + 20)


def test_questions_are_asked_again(dify: MakeDify) -> None:
    made = dify("workflow")
    made.fake.failures += [
        InjectedFailure(status=503, code="x", path="/info"),
        InjectedFailure(status=500, code="x", path="/parameters"),
    ]

    assert made.session().app.fetch_app("workflow")["mode"] == "workflow"
    assert made.requests == [("GET", "/info")] * 2 + [("GET", "/parameters")] * 2


def test_nobody_is_there(dify: MakeDify) -> None:
    made = dify("chat")
    made.bundle.DIFY_BASE_URL = "http://127.0.0.1:9/v1"

    with pytest.raises(AppError, match=r"^127\.0\.0\.1:9 can't be reached: Connection"):
        ask(made, "blocking", deadline=time.time() + 5)


def test_a_server_that_comes_up_late(dify: MakeDify, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was never made can be made again: nothing was sent."""
    from endpoint_runtime.http_client.connection import Connection, HttpError

    made, failures = dify("chat"), [HttpError("no", sent=False)]
    opens: Callable[[Connection], None] = Connection._connect

    def connect(connection: Connection) -> None:
        if failures:
            raise failures.pop()
        opens(connection)

    monkeypatch.setattr(Connection, "_connect", connect)

    assert ask(made, "blocking") == "[1] one two three"


def test_a_deadline_that_is_over(dify: MakeDify) -> None:
    made = dify("chat")

    with pytest.raises(AppError, match=r"^invocation exited without response after 0 s"):
        ask(made, "blocking", deadline=time.time() + 0.1)  # less than the margin

    assert made.requests == []


def test_a_session_that_is_kept_has_the_time_of_later_requests(dify: MakeDify) -> None:
    made = dify("chat")
    kept = made.session(time.time() - 60)
    made.session(time.time() + 20)

    assert kept.app.chat.invoke("chat", "q", {}, "blocking")["answer"] == "[1] q"


@pytest.mark.parametrize("how", ["close", "del", "exception"])
def test_a_stream_that_is_left_closes_its_connection(dify: MakeDify, how: str) -> None:
    made = dify("chat", events=1_000_000)
    stream = made.session().app.chat.invoke("chat", "q", {})
    assert next(stream)["event"] == "message"

    if how == "close":
        stream.close()
    elif how == "exception":
        with pytest.raises(KeyError):
            stream.throw(KeyError("the plugin's own"))
    del stream

    assert made.fake.cut.wait(10)


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
def test_silence_is_told_in_the_sdks_words(dify: MakeDify, mode: str) -> None:
    """`session.max_invocation_timeout`, also where a connection of another session is used."""
    made = dify("chat")
    assert ask(made, "blocking") == "[1] one two three"
    made.fake.failures.append(InjectedFailure(after=2, stall=60))
    session = made.session()
    session.max_invocation_timeout = 1

    with pytest.raises(Exception, match=r"^invocation exited without response after 1 seconds$"):
        list(session.app.chat.invoke("chat", "q", {}, mode))


def test_a_stream_longer_than_any_pause(dify: MakeDify) -> None:
    """Slow, but never silent: it goes on until the deadline."""
    made = dify("chat", events=40)
    made.fake.failures.append(InjectedFailure(after=-1, pause=0.02))

    session = made.session()
    session.max_invocation_timeout = 1  # of silence

    assert len(list(session.app.chat.invoke("chat", "q", {}))) == 41


def test_a_long_stream_ends_at_the_deadline(dify: MakeDify) -> None:
    made = dify("chat", events=1_000_000)
    made.fake.failures.append(InjectedFailure(after=-1, pause=0.05))
    got = 0

    with pytest.raises(AppError, match=r"^invocation exited without response after 1 s"):
        for _ in made.session(time.time() + 1.2).app.chat.invoke("chat", "q", {}):
            got += 1

    assert got > 1
    assert made.fake.cut.wait(10)


def test_threads_call_at_once(dify: MakeDify) -> None:
    made = dify("chat", "workflow")
    session, found = made.session(), []

    def call(number: int) -> None:
        for round_ in range(5):
            value = f"{number}-{round_}"
            answer = session.app.workflow.invoke("workflow", {"v": value})
            found.append((value, answer["data"]["outputs"]["v"]))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 40
    assert all(sent == got for sent, got in found)


class Context:
    """An invocation that has so many seconds left."""

    aws_request_id = "id"

    def __init__(self, seconds: float) -> None:
        self._end = time.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.time()) * 1000)


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
def test_an_endpoint_still_answers_when_its_app_does_not(
    dify: MakeDify,
    make_application: Callable[..., Application],
    capsys: pytest.CaptureFixture[str],
    mode: str,
) -> None:
    made = dify("chat")
    made.fake.failures.append(InjectedFailure(after=2, stall=60))
    invoke = f"""
stream = self.session.app.chat.invoke("chat", "one two three", {{}}, {mode!r})
return Response(str(stream["answer"] if isinstance(stream, dict) else list(stream)))
"""
    application = make_application(
        {"bot.py": endpoint(invoke)},
        ROUTES=(("/", "GET", "bot.py"),),
        APPS=made.bundle.APPS,
        DIFY_BASE_URL=made.fake.url,
    )
    context = Context(1.5)

    reply = answer_event(application, url(path="/"), context)

    assert reply["statusCode"] == 500
    assert context.get_remaining_time_in_millis() > 0
    said = "AppError: invocation exited without response after 1 seconds"
    assert said in capsys.readouterr().err
