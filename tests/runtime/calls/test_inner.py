"""A self-hosted Dify's inner API: what it is asked, how its streams are read, what goes wrong."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from dify_plugin.entities.model.rerank import MultiModalRerankModelConfig
from dify_plugin.entities.model.speech2text import Speech2TextModelConfig
from dify_plugin.entities.model.text_embedding import (
    MultiModalContent,
    MultiModalContentType,
    MultiModalEmbeddingModelConfig,
)
from dify_plugin.entities.model.tts import TTSModelConfig
from dify_plugin.entities.workflow_node import ClassConfig, ModelConfig
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.inner import read_parts
from endpoint_runtime.settings import keys
from tests.runtime.calls.conftest import KEY, Made, Make, inner
from tests.support.model_server import Reply, dify_part, dify_stream, reply

CONFIG = LLMModelConfig(provider="openai", model="m", mode="chat", completion_params={"top_p": 1})
OF = {"provider": "openai", "model": "m"}
DOCUMENT = MultiModalContent(content="a", content_type=MultiModalContentType.TEXT)
CHUNK: dict[str, Any] = {
    "model": "m",
    "prompt_messages": [],
    "system_fingerprint": "",
    "delta": {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "usage": None},
}


def ask(made: Made) -> list[str]:
    chunks = made.session().model.llm.invoke(CONFIG, [UserPromptMessage(content="hi")])
    return [each.delta.message.content for each in chunks]


def test_what_is_sent(models: Make) -> None:
    made = inner(models, dify_stream({"data": CHUNK, "error": ""}))

    assert ask(made) == ["Hi"]
    [seen] = made.server.seen
    assert (seen.path, seen.headers["x-inner-api-key"]) == ("/inner/api/invoke/llm", KEY)
    assert seen.json == {
        "tenant_id": "t-1",
        "user_id": "u-1",
        "type": "llm",
        "provider": "openai",
        "model": "m",
        "mode": "chat",
        "completion_params": {"top_p": 1},
        "prompt_messages": [{"role": "user", "content": "hi", "name": None}],
        "tools": None,
        "stop": None,
        "stream": True,
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            dify_stream({"data": None, "error": "No quota."}),
            "read llm model failed: request failed: No quota.",
        ),
        (dify_stream({"data": None, "error": ""}), "read llm model failed: data is nil"),
        (Reply((dify_part({"data": CHUNK})[:-9],)), "the answer ended in the middle"),
        (Reply((b"\x0f\0\x0a\0\x03\0\0\0" + bytes(6) + b"{}}",)), "not a JSON object: '{}}'"),
        (reply({"message": "Not found.", "code": "not_found"}, 404), "Not found."),
        (reply({"message": f"not {KEY}"}, 401), "not ***"),
    ],
)
def test_faults(
    models: Make, answer: Reply, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(CallError) as caught:
        ask(inner(models, answer))

    assert str(caught.value).endswith(message)
    assert len(caplog.messages) == 1
    assert KEY not in caplog.text


DOCUMENTS = [{"a": "x" * 40}, {"b": "é"}, {}]
PREFIXED = b"".join(map(dify_part, DOCUMENTS))
LINES = b"".join(json.dumps(each).encode() + b"\n\n" for each in DOCUMENTS)


@pytest.mark.parametrize("sent", [PREFIXED, LINES, b"event: ping\n\n" + LINES, PREFIXED + LINES])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_streams_in_pieces_of_any_size(sent: bytes, size: int) -> None:
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]

    found = [json.loads(each) for each in read_parts(pieces)]

    assert found == DOCUMENTS * (2 if sent == PREFIXED + LINES else 1)


RANKED: dict[str, Any] = {"data": {"model": "m", "docs": []}, "error": ""}
NODE: dict[str, Any] = {"data": {"process_data": {}, "inputs": {}, "outputs": {}}, "error": ""}


@pytest.mark.parametrize(
    ("call", "answer", "route", "body"),
    [
        (
            lambda session: session.model.rerank.invoke_multimodal(
                MultiModalRerankModelConfig(**OF), DOCUMENT, [DOCUMENT]
            ),
            reply(RANKED),
            "invoke/multimodal-rerank",
            {
                "type": "multimodal_rerank",
                "query": {"content": "a", "content_type": "text"},
                "docs": [{"content": "a", "content_type": "text"}],
                # As the daemon has them, whose numbers can't be null.
                "score_threshold": 0,
                "top_n": 0,
                **OF,
            },
        ),
        (
            lambda session: session.model.speech2text.invoke(
                Speech2TextModelConfig(**OF), io.BytesIO(b"\xff")
            ),
            reply({"data": {"result": "said"}}),
            "invoke/speech2text",
            {"type": "speech2text", "file": "ff", **OF},
        ),
        (
            lambda session: list(session.model.tts.invoke(TTSModelConfig(voice="v", **OF), "hi")),
            dify_stream({"data": {"result": "ff"}}),
            "invoke/tts",
            {"type": "tts", "content_text": "hi", "voice": "v", **OF},
        ),
        (
            lambda session: list(session.tool.invoke_api_tool("a/b/c", "t", {"x": 1})),
            dify_stream({"data": {"type": "text", "message": {"text": ""}, "meta": None}}),
            "invoke/tool",
            {"type": "tool", "tool_type": "api", "provider": "a/b/c", "tool": "t"}
            | {"tool_parameters": {"x": 1}},
        ),
        (
            lambda session: session.workflow_node.question_classifier.invoke(
                [ClassConfig(id="1", name="n")], ModelConfig(provider="openai", name="m"), "q"
            ),
            reply(NODE),
            "invoke/question-classifier",
            {
                "type": "node_question_classifier",
                "classes": [{"id": "1", "name": "n"}],
                "model": {"provider": "openai", "name": "m", "mode": "chat"}
                | {"completion_params": None},
                "query": "q",
                "instruction": "",
            },
        ),
    ],
)
def test_what_is_sent_of_other_calls(
    models: Make, call: Callable[[Any], Any], answer: Reply, route: str, body: dict[str, Any]
) -> None:
    made = inner(models, answer)

    call(made.session())

    [seen] = made.server.seen
    assert seen.path == f"/inner/api/{route}"
    assert seen.json == {"tenant_id": "t-1", "user_id": "u-1", **body}


def test_a_rotated_key(models: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dify answers 404 to another key than its own, and not 401."""
    values = ["inner-old-4711", "inner-new-4711"]
    monkeypatch.setattr(
        keys, "read_sources", lambda sources, deadline: dict.fromkeys(sources, values.pop(0))
    )
    made = inner(models, reply({}, 404), dify_stream({"data": CHUNK, "error": ""}))
    made.backends.bundle.KEYS = {"dify.inner_key": ("ssm", "/key")}

    assert ask(made) == ["Hi"]
    sent = [each.headers["x-inner-api-key"] for each in made.server.seen]
    assert sent == ["inner-old-4711", "inner-new-4711"]


def test_a_key_that_is_not_difys(models: Make, caplog: pytest.LogCaptureFixture) -> None:
    made = inner(models, reply({"message": "Not found.", "code": "not_found"}, 404))

    with pytest.raises(CallError, match=r"^Not found\.$"):
        ask(made)

    assert caplog.messages == [
        "model openai/m: 404 not_found: Not found. (Dify answers so where dify.inner_key is not"
        " its own, and an older one has no /invoke/llm)"
    ]


def test_a_long_stream_takes_little_memory(models: Make) -> None:
    """100 MB in parts of 64 KB: no more than a few of them at a time."""
    message = {"role": "assistant", "content": "x" * 65_536}
    big = {"data": {**CHUNK, "delta": {"index": 0, "message": message, "usage": None}}}
    made = inner(models, Reply((dify_part(big),) * 1600, kind="text/event-stream"))
    chunks = made.session().model.llm.invoke(CONFIG, [UserPromptMessage(content="hi")])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        size = sum(len(each.delta.message.content) for each in chunks)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    assert size == 1600 * 65_536
    assert peak < 8 << 20


def test_models_go_before_the_inner_api(models: Make) -> None:
    """What the endpoint has no calls of, such as summaries, the inner API answers."""
    made = models(reply({"data": {"summary": "short"}}))
    made.backends.bundle.DIFY_INNER = {"url": made.server.url, "tenant": "t", "user": ""}
    made.backends.bundle.KEYS["dify.inner_key"] = ("literal", KEY)

    assert made.session().model.summary.invoke("long " * 500, "") == "short"
    assert [each.path for each in made.server.seen] == ["/inner/api/invoke/summary"]


def test_what_the_endpoint_has_no_calls_of(models: Make, caplog: pytest.LogCaptureFixture) -> None:
    made = models(reply({}))

    with pytest.raises(CallError) as caught:
        made.session().model.summary.invoke("long " * 500, "")

    said = "an OpenAI-compatible endpoint has no calls of system_summary; a model that is named "
    said += 'for "summary" (models.names) and Dify\'s inner API have'
    assert str(caught.value) == said
    assert caplog.messages == [f"summary: {said}"]


@pytest.mark.parametrize(
    ("call", "would"),
    [
        (
            lambda model: model.text_embedding.invoke_multimodal(
                MultiModalEmbeddingModelConfig(tenant_id="t", **OF), []
            ),
            "multimodal_embedding; Amazon Bedrock (models.provider) and Dify's inner API have",
        ),
        (
            lambda model: model.rerank.invoke_multimodal(
                MultiModalRerankModelConfig(**OF), DOCUMENT, []
            ),
            "multimodal_rerank; Dify's inner API (dify.inner_url) has",
        ),
    ],
)
def test_what_would_answer(models: Make, call: Callable[[Any], Any], would: str) -> None:
    with pytest.raises(CallError) as caught:
        call(models(reply({})).session().model)

    assert str(caught.value) == f"an OpenAI-compatible endpoint has no calls of {would}"
