"""What stalls, is cut or is left: the same whoever answers, and never done twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dify_plugin.core.runtime import Session
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from endpoint_runtime.calls.errors import CallError
from tests.runtime.calls.conftest import KEY, Made, Make
from tests.support.model_server import Reply, aws_event, aws_events, dify_stream, events, reply

CONFIG = LLMModelConfig(provider="p", model="m", mode="chat")
DELTA = {"index": 0, "message": {"role": "assistant", "content": "x"}, "usage": None}
CHUNK = {"model": "m", "prompt_messages": [], "system_fingerprint": "", "delta": DELTA}
SAID = {"choices": [{"index": 0, "delta": {"content": "x"}}]}
BEGUN = (reply({"id": 1, "result": {}}), Reply((), 202))  # of an MCP session
OPERATION = {"method": "GET", "path": "/a", "parameters": (), "body": None}


def model(session: Session) -> Iterator[Any]:
    return session.model.llm.invoke(CONFIG, [UserPromptMessage(content="hi")])  # type: ignore[no-any-return]


def tool(session: Session) -> Iterator[Any]:
    return session.tool.invoke_builtin_tool("a", "t", {})  # type: ignore[no-any-return]


def tools(kind: str, at: str, **given: Any) -> Callable[[str], dict[str, Any]]:
    return lambda url: {"TOOLS": {"a/t": (kind, {"url": url + at, **given})}}


# Of each: what is configured for a server, the call, and the pieces of a good answer.
WHO: dict[
    str, tuple[Callable[[str], dict[str, Any]], Callable[[Session], Iterator[Any]], Reply]
] = {
    "openai": (lambda url: {}, model, events(*[SAID] * 20_000)),
    "bedrock": (
        lambda url: {"MODELS": {"provider": "bedrock", "region": None, "names": {"*": "m"}}},
        model,
        aws_events(*[aws_event("contentBlockDelta", {"delta": {"text": "x"}})] * 20_000),
    ),
    "inner": (
        lambda url: {
            "MODELS": None,
            "DIFY_INNER": {"url": url, "tenant": "t", "user": ""},
            "KEYS": {"dify.inner_key": ("literal", KEY)},
        },
        model,
        dify_stream(*[{"data": CHUNK, "error": ""}] * 20_000),
    ),
    "mcp": (
        tools("mcp", "/mcp", tool=None),
        tool,
        events({"method": "notifications/progress"}, {"id": 2, "result": {}}, done=False),
    ),
    "openapi": (tools("openapi", "", **OPERATION), tool, reply({"a": 1})),
    "lambda": (lambda url: {"TOOLS": {"a/t": ("lambda", {"function": "f"})}}, tool, reply([1])),
}


@pytest.fixture
def made(models: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Made, int]]:
    """`made(who, reply)`: what answers, and how many requests go before the call itself."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-4711-0815")

    def make(who: str, answer: Reply) -> tuple[Made, int]:
        before = BEGUN if who == "mcp" else ()
        found = models(*before, answer)
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.server.url)
        for name, value in WHO[who][0](found.server.url).items():
            setattr(found.backends.bundle, name, value)
        return found, len(before)

    return make


@pytest.mark.parametrize("who", WHO)
def test_what_stalls_ends_before_the_functions_time(
    made: Callable[..., tuple[Made, int]], who: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, call, good = WHO[who]
    found, before = made(who, Reply(good.pieces, kind=good.kind, hold=0))
    started = time.monotonic()

    with pytest.raises(CallError, match=r"^invocation exited without response after \d seconds$"):
        list(call(found.session(time.time() + 0.9)))

    assert time.monotonic() - started < 10
    assert len(found.server.seen) == before + 1
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("who", WHO)
def test_what_is_cut_is_not_asked_again(made: Callable[..., tuple[Made, int]], who: str) -> None:
    _, call, good = WHO[who]
    found, before = made(who, Reply(good.pieces[:1], kind=good.kind, cut=True))

    with pytest.raises(CallError, match=r" cut its answer short$"):
        list(call(found.session()))

    assert len(found.server.seen) == before + 1


@pytest.mark.parametrize("who", ["openai", "bedrock", "inner"])
def test_who_leaves_ends_the_call(made: Callable[..., tuple[Made, int]], who: str) -> None:
    _, call, good = WHO[who]
    found, _ = made(who, Reply(good.pieces, kind=good.kind, hold=500))
    answer: Any = call(found.session())
    next(answer)

    answer.close()
    found.server.go_on.set()

    assert found.server.left.wait(10)


@pytest.mark.parametrize("who", WHO)
def test_429_with_a_wait_that_fits_is_asked_again(
    made: Callable[..., tuple[Made, int]], who: str
) -> None:
    _, call, good = WHO[who]
    busy = reply({"message": "later"}, 429, Retry_After="0")
    found, before = made(who, busy)
    pieces = good.pieces[:1] if call is model else good.pieces
    found.server.replies.append(Reply(pieces, kind=good.kind))
    answer: Any = call(found.session())

    next(answer, None)
    answer.close()

    assert len(found.server.seen) == before + 2
