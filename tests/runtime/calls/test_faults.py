"""Endpoints of models that stall, cut, babble, refuse and answer without end."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from endpoint_runtime.calls import server
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.settings import keys
from tests.runtime.calls.conftest import KEY, Made, Make
from tests.support.builders import Bundle, endpoint
from tests.support.http_server import Server
from tests.support.model_server import Reply, events, reply

CONFIG = LLMModelConfig(provider="openai", model="m", mode="chat")
ASKED = [UserPromptMessage(content="hi")]
HELLO = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
GOOD = events(HELLO, STOP)


def ask(made: Made, deadline: float | None = None, stream: bool = True) -> Any:
    answer = made.session(deadline).model.llm.invoke(CONFIG, ASKED, stream=stream)
    return list(answer) if stream else answer


def texts(made: Made) -> Iterator[str]:
    for chunk in made.session().model.llm.invoke(CONFIG, ASKED):
        yield chunk.delta.message.content


def test_an_endpoint_that_stalls_ends_before_the_functions_time(
    models: Make, caplog: pytest.LogCaptureFixture
) -> None:
    made = models(events(HELLO, STOP, hold=1))
    started = time.monotonic()

    with pytest.raises(CallError, match=r"^invocation exited without response after \d seconds$"):
        ask(made, time.time() + 0.8)

    assert time.monotonic() - started < 10
    assert len(made.server.seen) == 1
    [line] = caplog.messages
    assert line.startswith("model openai/m: invocation exited without response after ")
    assert line.endswith(" did not answer in time")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Reply((b"data: ",), kind="text/event-stream", cut=True), "cut its answer short"),
        (events(HELLO, done=False), "the answer ended in the middle"),
        (events(done=False), "the answer ended before it began"),
        (
            Reply((b'data: {"choices": [\n\n',), kind="text/event-stream"),
            "the answer is not a JSON object: '{\"choices\": ['",
        ),
        (Reply((b'{"choices"',)), "the answer is not a JSON object: '{\"choices\"'"),
        (Reply((b"[1]",)), "the answer is not a JSON object: '[1]'"),
        (events(HELLO, {"error": {"message": "overloaded", "code": "x"}}), "overloaded"),
        (events(HELLO, {"error": "overloaded"}), "overloaded"),
        (events({"error": {"message": f"{KEY} is over its quota"}}), "*** is over its quota"),
        (Reply((f'"Bearer {KEY}"'.encode(),)), "is not a JSON object: '\"Bearer ***\"'"),
        (
            Reply((b'event: error\ndata: {"message": "gone"}\n\n',), kind="text/event-stream"),
            "gone",
        ),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_broken_answers(
    models: Make, answer: Reply, message: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    made = models(answer)

    with pytest.raises(CallError) as caught:
        ask(made, stream=stream)

    assert str(caught.value).endswith(message)
    assert KEY not in caplog.text + repr(caught.value)
    assert len(made.server.seen) == 1  # it may have been done: not again


def test_what_came_before_a_cut_is_there(models: Make) -> None:
    made = models(Reply(GOOD.pieces[:1], kind="text/event-stream", cut=True))
    got: list[str] = []

    with pytest.raises(CallError, match="cut its answer short"):
        got.extend(texts(made))

    assert got == ["Hello"]


@pytest.mark.parametrize(
    ("answer", "message", "line"),
    [
        (
            reply({"error": {"message": "No quota.", "code": "quota"}}, 403),
            "No quota.",
            "model openai/m: 403 quota: No quota.",
        ),
        (
            reply({"error": {"message": f"Incorrect API key: {KEY}."}}, 401),
            "Incorrect API key: ***.",
            "model openai/m: 401: Incorrect API key: ***.",
        ),
        (reply({"detail": "no such model"}, 404), "no such model", "404: no such model"),
        (Reply((b"upstream broke",), 502, "text/plain"), "upstream broke", "502: upstream broke"),
        (Reply((b"<html>",), 500, "text/html"), "127.0.0.1 answered with status 500", "no more"),
        (
            Reply((), 302, headers={"Location": "https://x/"}),
            "127.0.0.1 redirects to https://x/: check its URL in the configuration",
            "configuration",
        ),
        (reply({}, 429), "127.0.0.1 answered with status 429", "no more"),
        (reply({"error": "later"}, 429, Retry_After="9999"), "later", "429: later"),
    ],
)
def test_refusals(
    models: Make, caplog: pytest.LogCaptureFixture, answer: Reply, message: str, line: str
) -> None:
    made = models(answer)

    with pytest.raises(CallError) as caught:
        ask(made, time.time() + 5)

    assert str(caught.value) == message
    assert [each for each in caplog.messages if not each.endswith(line)] == []
    assert len(caplog.messages) == len(made.server.seen) == 1
    assert KEY not in caplog.text


def test_429_with_a_wait_that_fits_is_asked_again(models: Make) -> None:
    made = models(reply({"error": "later"}, 429, Retry_After="0"), GOOD)

    assert len(ask(made)) == 2
    assert len(made.server.seen) == 2


def test_a_server_that_can_not_be_reached_is_tried_again(
    models: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(server, "sleep", waits.append)
    made = models(GOOD)
    with Server(lambda peer: None) as closed:
        port = closed.port
    made.backends.bundle.MODELS["base_url"] = f"http://127.0.0.1:{port}/v1"

    with pytest.raises(CallError, match=rf"^127\.0\.0\.1:{port} can't be reached: "):
        ask(made)
    assert waits == [0.2, 0.4]


def test_401_with_a_rotated_key(models: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    values = ["sk-old-4711-0815", "sk-new-4711-0815"]
    monkeypatch.setattr(
        keys, "read_sources", lambda sources, deadline: dict.fromkeys(sources, values.pop(0))
    )
    refused = reply({"error": {"message": "Incorrect API key"}}, 401)
    made = models(refused, GOOD, KEYS={"models.api_key": ("ssm", "/key")})

    assert len(ask(made)) == 2
    sent = [each.headers["authorization"] for each in made.server.seen]
    assert sent == ["Bearer sk-old-4711-0815", "Bearer sk-new-4711-0815"]


def test_a_key_that_another_thread_has_renewed(
    models: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the key that was refused, not the one that was read last."""
    values = ["sk-old-4711-0815", "sk-new-4711-0815", "sk-new-4711-0815"]
    monkeypatch.setattr(
        keys, "read_sources", lambda sources, deadline: dict.fromkeys(sources, values.pop(0))
    )
    refused = reply({"error": {"message": "Incorrect API key"}}, 401)
    made = models(refused, GOOD, KEYS={"models.api_key": ("ssm", "/key")})
    next_reply = made.server.next_reply

    def meanwhile() -> Reply:
        if len(made.server.seen) == 1:
            kept = made.backends.calls._keys()
            kept.forget()
            kept.get("models.api_key", None)
        return next_reply()

    monkeypatch.setattr(made.server, "next_reply", meanwhile)

    assert len(ask(made)) == 2


def test_401_with_the_same_key(models: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "read_sources", lambda sources, deadline: dict.fromkeys(sources, KEY))
    refused = reply({"error": {"message": "Incorrect API key"}}, 401)
    made = models(refused, KEYS={"models.api_key": ("ssm", "/key")})

    with pytest.raises(CallError, match=r"^Incorrect API key$"):
        ask(made)
    assert len(made.server.seen) == 1


def test_a_key_that_is_not_set(models: Make, caplog: pytest.LogCaptureFixture) -> None:
    made = models(GOOD, KEYS={"models.api_key": ("env", "NO_SUCH_KEY")})

    with pytest.raises(CallError, match=r"^its key is not set$"):
        ask(made)

    line = "model openai/m: models.api_key is not set (environment variable NO_SUCH_KEY)"
    assert caplog.messages == [line]


def test_a_plugin_that_leaves_ends_the_call(models: Make) -> None:
    many = events(*[HELLO] * 20_000, STOP, hold=500)
    made = models(many)
    answer = made.session().model.llm.invoke(CONFIG, ASKED)
    next(answer)

    answer.close()
    made.server.go_on.set()

    assert made.server.left.wait(10)


def test_a_client_that_leaves_ends_the_call(models: Make, bundle: Callable[..., Bundle]) -> None:
    """As a WSGI server says it: it closes what the application has returned."""
    server = models(events(HELLO, STOP, hold=1)).server
    code = """
        from dify_plugin.entities.model.llm import LLMModelConfig
        from dify_plugin.entities.model.message import UserPromptMessage
        config = LLMModelConfig(provider="p", model="m", mode="chat")
        asked = [UserPromptMessage(content="hi")]
        chunks = self.session.model.llm.invoke(config, asked)
        return Response((each.delta.message.content for each in chunks), direct_passthrough=True)
    """
    made = bundle(
        {"bot.py": endpoint(code)},
        ROUTES=(("/b", "GET", "bot.py"),),
        STREAM=True,
        MODELS={"provider": "openai", "base_url": server.url, "names": {}},
    )
    program = """
import os
from endpoint_runtime.lambda_handler import application
from werkzeug.test import create_environ

def sockets():
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            pass  # that of the listing itself
    return sum(each.startswith("socket:") for each in found)

begin = sockets()
answer = application(create_environ("/b"), lambda *given: None)
print(next(iter(answer)), sockets() - begin)
answer.close()
print(sockets() - begin)
"""
    done = made.run(program)

    assert (done.stdout, done.returncode) == ("b'Hello' 1\n0\n", 0), done.stderr


def test_a_long_stream_takes_little_memory(models: Make) -> None:
    """100 MB in chunks of 64 KB: no more than a few of them at a time."""
    big = {"choices": [{"index": 0, "delta": {"content": "x" * 65_536}}]}
    pieces = events(big, done=False).pieces * 1600 + events(STOP).pieces
    made = models(Reply(pieces, kind="text/event-stream"))
    size = 0
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for text in texts(made):
            size += len(text)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    assert size == 1600 * 65_536
    assert peak < 8 << 20


def test_the_first_text_comes_while_the_rest_is_not_sent(models: Make) -> None:
    made = models(events(HELLO, STOP, hold=1))

    answer = made.session().model.llm.invoke(CONFIG, ASKED)

    assert next(answer).delta.message.content == "Hello"
    made.server.go_on.set()
    assert len(list(answer)) == 1
