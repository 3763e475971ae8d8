"""Answers that are JSON, and not what the API says: always a CallError, and one line in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dify_plugin.core.runtime import Session
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from dify_plugin.entities.model.rerank import RerankModelConfig
from dify_plugin.entities.model.text_embedding import TextEmbeddingModelConfig
from endpoint_runtime.calls.errors import CallError
from tests.runtime.calls.conftest import KEY, Make
from tests.support.model_server import Reply, aws_event, aws_events, events, reply

OF = {"provider": "p", "model": "m"}
ASKED = [UserPromptMessage(content="hi")]
Call = Callable[[Session], Any]


def chat(session: Session) -> Any:
    return list(session.model.llm.invoke(LLMModelConfig(mode="chat", **OF), ASKED))


def embed(session: Session) -> Any:
    return session.model.text_embedding.invoke(TextEmbeddingModelConfig(**OF), ["a"])


def rank(session: Session) -> Any:
    config = RerankModelConfig(score_threshold=0.1, top_n=1, **OF)
    return session.model.rerank.invoke(config, ["a"], "q")


def tool(session: Session) -> Any:
    return list(session.tool.invoke_builtin_tool("a", "t", {}))


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (chat, events({"choices": [None]})),
        (chat, events({"choices": "text"})),
        (chat, events({"choices": [{"delta": "text"}]})),
        (chat, events({"choices": [{"delta": {"tool_calls": [1]}}]})),
        (chat, events({"choices": [{"delta": {"tool_calls": [{"index": "x"}]}}]})),
        (chat, events({"choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": "x"}})),
        (embed, reply({"data": [{"index": 0}]})),
        (embed, reply({"data": [{"embedding": [1.0]}], "usage": "x"})),
        (rank, reply({"results": [{"score": 1}]})),
        (rank, reply({"results": [{"index": "x", "score": 1}]})),
        (rank, reply({"results": [{"index": 0, "relevance_score": None}]})),
    ],
)
def test_an_openai_compatible_endpoint(
    models: Make, call: Call, answer: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(CallError, match=r"^the answer has another form than expected: "):
        call(models(answer).session())

    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    ("call", "name", "answer"),
    [
        (chat, "m", aws_events(aws_event("contentBlockDelta", {"delta": "text"}))),
        (chat, "m", aws_events(aws_event("contentBlockDelta", {"contentBlockIndex": "x"}))),
        (chat, "m", aws_events(aws_event("contentBlockDelta", {"delta": {"text": 1}}))),
        (embed, "amazon.titan-embed-text-v2:0", reply({"embeddings": []})),
        (embed, "cohere.embed-v4:0", reply({"embeddings": 1})),
        (rank, "amazon.rerank-v1:0", reply({"results": [{"index": 7, "relevance_score": 1}]})),
    ],
)
def test_bedrock(
    models: Make, monkeypatch: pytest.MonkeyPatch, call: Call, name: str, answer: Reply
) -> None:
    where = {"provider": "bedrock", "region": "eu-central-1", "names": {"*": name}}
    made = models(answer, MODELS=where, KEYS={})
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", made.server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-4711-0815")

    with pytest.raises(CallError, match=r"^the answer has another form than expected: "):
        call(made.session())


@pytest.mark.parametrize(
    "result",
    [{"content": [1]}, {"content": "text"}, {"content": [{"type": "resource", "resource": 1}]}],
)
def test_an_mcp_server(models: Make, result: dict[str, Any]) -> None:
    made = models(
        reply({"id": 1, "result": {}}), Reply((), 202), reply({"id": 2, "result": result})
    )
    tools = {"a/*": ("mcp", {"url": made.server.url, "tool": None})}
    made.backends.bundle.TOOLS = tools

    with pytest.raises(CallError, match=r"^the answer has another form than expected: "):
        tool(made.session())


def test_no_key_is_in_the_message(models: Make, caplog: pytest.LogCaptureFixture) -> None:
    answer = reply({"results": [{"index": f"Bearer {KEY}", "score": 1}]})

    with pytest.raises(
        CallError, match=r"invalid literal for int\(\) with base 10: 'Bearer \*\*\*'"
    ):
        rank(models(answer).session())

    assert KEY not in caplog.text
