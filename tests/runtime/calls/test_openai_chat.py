"""Language models of an OpenAI-compatible endpoint: what it is asked, and what plugins get."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import (
    AssistantPromptMessage,
    AudioPromptMessageContent,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)
from endpoint_runtime.calls.errors import CallError
from tests.runtime.calls.conftest import KEY, Make
from tests.support.model_server import ModelServer, Reply, events, reply

CONFIG = LLMModelConfig(provider="langgenius/openai/openai", model="gpt-4o", mode="chat")
ASKED = [UserPromptMessage(content="hi")]
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
WHOLE = reply(
    {
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}
        ],
        "usage": USAGE,
    }
)


def delta(finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": more, "finish_reason": finish}]}


def asked(server: ModelServer) -> Any:
    return server.seen[-1].json


def test_a_streamed_answer(models: Make) -> None:
    stream = events(
        {**delta(role="assistant", content=""), "system_fingerprint": "fp_1"},
        delta(content="Hel"),
        delta(content="lo"),
        delta("stop"),
        {"choices": [], "usage": USAGE},
    )
    made = models(stream)

    chunks = list(made.session().model.llm.invoke(CONFIG, ASKED))

    assert [each.delta.message.content for each in chunks] == ["Hel", "lo", ""]
    assert [each.delta.index for each in chunks] == [0, 1, 2]
    assert {(each.model, each.system_fingerprint) for each in chunks} == {("gpt-4o", "fp_1")}
    assert [each.delta.finish_reason for each in chunks] == [None, None, "stop"]
    usage = chunks[-1].delta.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (3, 2, 5)
    [seen] = made.server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.json == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_nothing_is_sent_before_the_first_chunk_is_asked_for(models: Make) -> None:
    made = models(events(delta(content="a"), delta("stop")))

    answer = made.session().model.llm.invoke(CONFIG, ASKED)

    assert made.server.seen == []
    assert next(answer).delta.message.content == "a"
    answer.close()


def test_a_whole_answer(models: Make) -> None:
    made = models(WHOLE)

    result = made.session().model.llm.invoke(CONFIG.model_dump(), ASKED, stream=False)

    assert (result.model, result.message.content, result.usage.total_tokens) == ("gpt-4o", "Hi", 5)
    assert "stream" not in asked(made.server)


def test_all_that_messages_hold(models: Make) -> None:
    made = models(WHOLE)
    call = AssistantPromptMessage.ToolCall(
        id="c1",
        type="function",
        function=AssistantPromptMessage.ToolCall.ToolCallFunction(name="f", arguments="{}"),
    )
    data = base64.b64encode(b"x").decode()
    parts = [
        TextPromptMessageContent(data="look"),
        ImagePromptMessageContent(format="png", base64_data=data, mime_type="image/png"),
        DocumentPromptMessageContent(
            format="pdf", base64_data=data, mime_type="application/pdf", filename="a.pdf"
        ),
        AudioPromptMessageContent(format="mp3", base64_data=data, mime_type="audio/mpeg"),
    ]
    messages = [
        SystemPromptMessage(content="be brief"),
        UserPromptMessage(content=parts, name="ann"),
        AssistantPromptMessage(content="", tool_calls=[call]),
        ToolPromptMessage(content="42", tool_call_id="c1"),
    ]
    tool = PromptMessageTool(name="f", description="d", parameters={"type": "object"})
    config = LLMModelConfig(
        provider="openai",
        model="gpt-4o",
        mode="chat",
        completion_params={"temperature": 0.5, "max_tokens": 9, "response_format": "json_object"},
    )

    made.session().model.llm.invoke(config, messages, [tool], ["END"], False)

    assert asked(made.server) == {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "be brief"},
            {
                "role": "user",
                "name": "ann",
                "content": [
                    {"type": "text", "text": "look"},
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/png;base64,{data}", "detail": "low"},
                    },
                    {
                        "type": "file",
                        "file": {
                            "filename": "a.pdf",
                            "file_data": f"data:application/pdf;base64,{data}",
                        },
                    },
                    {"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "content": "42", "tool_call_id": "c1"},
        ],
        "temperature": 0.5,
        "max_tokens": 9,
        "response_format": {"type": "json_object"},
        "stop": ["END"],
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "description": "d", "parameters": {"type": "object"}},
            }
        ],
    }


def call_part(index: int | None, arguments: str, **more: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": more["name"]} if "name" in more else {})}
    made = {"function": function, **({"id": more["id"]} if "id" in more else {})}
    return made if index is None else made | {"index": index}


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls_come_whole_in_the_last_chunk(models: Make, stream: bool) -> None:
    made = models(
        events(
            delta(tool_calls=[call_part(0, '{"a"', id="c1", name="f")]),
            delta(tool_calls=[call_part(0, ": 1}"), call_part(1, "{}", id="c2", name="g")]),
            delta("tool_calls"),
        )
    )

    answer = made.session().model.llm.invoke(CONFIG, ASKED, stream=stream)

    message = answer.message if not stream else list(answer)[-1].delta.message
    assert [
        (each.id, each.function.name, each.function.arguments) for each in message.tool_calls
    ] == [("c1", "f", '{"a": 1}'), ("c2", "g", "{}")]


def test_what_a_model_thinks_is_in_the_text(models: Make) -> None:
    made = models(
        events(
            delta(reasoning_content="hm"),
            delta(reasoning_content="m"),
            delta(content="yes"),
            delta("stop"),
        )
    )

    result = made.session().model.llm.invoke(CONFIG, ASKED, stream=False)

    assert result.message.content == "<think>\nhmm\n</think>yes"


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def test_structured_output(models: Make) -> None:
    made = models(events(delta(content='{"a"'), delta(content=": 1}"), delta("stop")))

    chunks = list(made.session().model.llm_structured_output.invoke(CONFIG, ASKED, SCHEMA))

    assert [each.structured_output for each in chunks] == [None, None, {"a": 1}]
    assert asked(made.server)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "structured_output", "schema": SCHEMA},
    }


def test_structured_output_of_an_endpoint_that_takes_no_schema(models: Make) -> None:
    refusal = reply({"error": {"message": "response_format is not supported"}}, 400)
    fenced = json.dumps({"choices": [{"message": {"content": '```json\n{"a": 1}\n```'}}]})
    made = models(refusal, Reply((fenced.encode(),)))

    result = made.session().model.llm_structured_output.invoke(CONFIG, ASKED, SCHEMA, stream=False)

    assert result.structured_output == {"a": 1}
    assert "response_format" not in asked(made.server)
    assert json.dumps(SCHEMA) in asked(made.server)["messages"][0]["content"]


def test_structured_output_that_is_none(models: Make) -> None:
    made = models(events(delta(content="no"), delta("stop")))

    with pytest.raises(CallError, match=r"^Failed to parse structured output: no$"):
        made.session().model.llm_structured_output.invoke(CONFIG, ASKED, SCHEMA, stream=False)


def test_parameters_that_an_endpoint_refuses_are_sent_in_its_way(models: Make) -> None:
    config = LLMModelConfig(
        provider="openai", model="o1", mode="chat", completion_params={"max_tokens": 9}
    )
    made = models(
        reply({"error": {"message": "Unknown parameter: stream_options"}}, 400),
        reply({"error": {"message": "Use 'max_completion_tokens' instead"}}, 400),
        events(delta(content="a"), delta("stop")),
    )

    assert len(list(made.session().model.llm.invoke(config, ASKED))) == 2
    sent = asked(made.server)
    assert (sent["max_completion_tokens"], sent.get("max_tokens")) == (9, None)
    assert "stream_options" not in sent


def test_a_completion_model(models: Make) -> None:
    config = LLMModelConfig(provider="openai", model="davinci", mode="completion")
    made = models(events({"choices": [{"text": "Hel"}]}, {"choices": [{"text": "lo"}]}))

    result = made.session().model.llm.invoke(config, ASKED, stream=False)

    assert result.message.content == "Hello"
    assert (made.server.seen[0].path, asked(made.server)["prompt"]) == ("/v1/completions", "hi")


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ({}, "gpt-4o"),
        ({"*": "any"}, "any"),
        ({"*": "any", "gpt-4o": "model"}, "model"),
        ({"gpt-4o": "model", "openai/gpt-4o": "short"}, "short"),
        ({"openai/gpt-4o": "short", "langgenius/openai/openai/gpt-4o": "whole"}, "whole"),
    ],
)
def test_names_of_models(models: Make, names: dict[str, str], name: str) -> None:
    made = models(WHOLE, names=names)

    result = made.session().model.llm.invoke(CONFIG, ASKED, stream=False)

    assert (asked(made.server)["model"], result.model) == (name, "gpt-4o")


def test_an_endpoint_without_a_key(models: Make) -> None:
    made = models(WHOLE, KEYS={})

    made.session().model.llm.invoke(CONFIG, ASKED, stream=False)

    assert "authorization" not in made.server.seen[0].headers


def test_a_connection_serves_the_next_call(models: Make) -> None:
    """The end of the answer, after its last word, is read, too."""
    made = models(events(delta(content="a"), delta("stop")))
    session = made.session()

    for _ in range(3):
        list(session.model.llm.invoke(CONFIG, ASKED))

    assert len({each.peer for each in made.server.seen}) == 1
