"""Amazon Bedrock: what Converse is asked, what plugins get, streams of binary events."""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer

from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import (
    AssistantPromptMessage,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)
from dify_plugin.entities.model.rerank import RerankModelConfig
from dify_plugin.entities.model.text_embedding import TextEmbeddingModelConfig
from dify_plugin.entities.model.tts import TTSModelConfig
from endpoint_runtime.calls.bedrock.event_stream import read_messages
from endpoint_runtime.calls.errors import CallError
from tests.runtime.calls.conftest import Made, Make
from tests.support.model_server import Reply, aws_event, aws_events, reply

MODEL = "eu.amazon.nova-lite-v1:0"
SECRET = "secret-4711-0815"
CONFIG = LLMModelConfig(
    provider="bedrock",
    model="nova",
    mode="chat",
    completion_params={"max_tokens": 9, "temperature": 0.5, "top_k": 3},
)
ASKED = [UserPromptMessage(content="hi")]
USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}


def text(content: str) -> bytes:
    return aws_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": content}})


def stop(reason: str = "end_turn") -> bytes:
    return aws_event("messageStop", {"stopReason": reason})


@pytest.fixture
def bedrock(models: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Made]:
    def make(*replies: Reply, names: dict[str, str] | None = None) -> Made:
        where = {"provider": "bedrock", "region": None, "names": names or {"*": MODEL}}
        made = models(*replies, MODELS=where, KEYS={})
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", made.server.url)
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token-4711-0815")
        return made

    return make


def test_a_streamed_answer(bedrock: Callable[..., Made]) -> None:
    made = bedrock(
        aws_events(
            aws_event("messageStart", {"role": "assistant"}),
            text("Hel"),
            text("lo"),
            aws_event("contentBlockStop", {"contentBlockIndex": 0}),
            stop(),
            aws_event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}}),
        )
    )

    chunks = list(made.session().model.llm.invoke(CONFIG, ASKED, stop=["END"]))

    assert [each.delta.message.content for each in chunks] == ["Hel", "lo", ""]
    last = chunks[-1].delta
    assert last.usage is not None
    assert (last.finish_reason, last.usage.total_tokens) == ("stop", 5)
    assert {each.model for each in chunks} == {"nova"}
    [seen] = made.server.seen
    assert seen.path == "/model/eu.amazon.nova-lite-v1%3A0/converse-stream"
    assert seen.json == {
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["END"]},
        "additionalModelRequestFields": {"top_k": 3},
    }


def test_the_signature_is_botocores(bedrock: Callable[..., Made]) -> None:
    made = bedrock(aws_events(stop()))
    list(made.session().model.llm.invoke(CONFIG, ASKED))
    [seen] = made.server.seen

    headers = {"Content-Type": "application/json", "X-Amz-Date": seen.headers["x-amz-date"]}
    request = AWSRequest("POST", made.server.url + seen.path, headers, seen.body)
    request.context["timestamp"] = seen.headers["x-amz-date"]
    signer = SigV4Auth(
        Credentials("AKIDEXAMPLE", SECRET, "token-4711-0815"), "bedrock", "eu-central-1"
    )
    request.headers["X-Amz-Security-Token"] = "token-4711-0815"
    signature = signer.signature(
        signer.string_to_sign(request, signer.canonical_request(request)), request
    )

    assert seen.headers["authorization"].endswith(f"Signature={signature}")


def test_a_whole_answer(bedrock: Callable[..., Made]) -> None:
    content = [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"text": "yes"},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
    ]
    output = {"message": {"role": "assistant", "content": content}}
    made = bedrock(reply({"output": output, "stopReason": "tool_use", "usage": USAGE}))

    result = made.session().model.llm.invoke(CONFIG, ASKED, stream=False)

    assert result.message.content == "<think>\nhm\n</think>yes"
    [call] = result.message.tool_calls
    assert (call.id, call.function.name, call.function.arguments) == ("t1", "f", '{"a": 1}')
    assert made.server.seen[0].path.endswith("/converse")


def test_tools_of_a_stream(bedrock: Callable[..., Made]) -> None:
    start = {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t1", "name": "f"}}}
    parts = [
        aws_event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": p}}})
        for p in ('{"a"', ": 1}")
    ]
    made = bedrock(aws_events(aws_event("contentBlockStart", start), *parts, stop("tool_use")))

    *_, last = made.session().model.llm.invoke(CONFIG, ASKED)

    [call] = last.delta.message.tool_calls
    assert (call.id, call.function.arguments) == ("t1", '{"a": 1}')
    assert last.delta.finish_reason == "tool_calls"


def test_all_that_messages_hold(bedrock: Callable[..., Made]) -> None:
    made = bedrock(aws_events(stop()))
    data = base64.b64encode(b"x").decode()
    call = AssistantPromptMessage.ToolCall(
        id="t1",
        type="function",
        function=AssistantPromptMessage.ToolCall.ToolCallFunction(name="f", arguments='{"a": 1}'),
    )
    messages = [
        SystemPromptMessage(content="be brief"),
        UserPromptMessage(
            content=[
                TextPromptMessageContent(data="look"),
                ImagePromptMessageContent(format="jpg", base64_data=data, mime_type="image/jpeg"),
                DocumentPromptMessageContent(
                    format="pdf", base64_data=data, mime_type="a/pdf", filename="a_b.v1.pdf"
                ),
            ]
        ),
        AssistantPromptMessage(content="", tool_calls=[call]),
        ToolPromptMessage(content="42", tool_call_id="t1"),
        UserPromptMessage(content="and?"),
    ]
    tool = PromptMessageTool(name="f", description="d", parameters={"type": "object"})

    list(made.session().model.llm.invoke(CONFIG, messages, [tool]))

    sent = made.server.seen[0].json
    assert sent["system"] == [{"text": "be brief"}]
    assert sent["messages"] == [
        {
            "role": "user",
            "content": [
                {"text": "look"},
                {"image": {"format": "jpeg", "source": {"bytes": data}}},
                {"document": {"format": "pdf", "name": "a b v1", "source": {"bytes": data}}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}}],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "t1", "content": [{"text": "42"}]}},
                {"text": "and?"},
            ],
        },
    ]
    described = {"name": "f", "description": "d", "inputSchema": {"json": {"type": "object"}}}
    assert sent["toolConfig"] == {"tools": [{"toolSpec": described}]}


def test_what_dify_has_elsewhere(bedrock: Callable[..., Made]) -> None:
    """Words to stop at among a model's parameters, and images by URLs that hold them."""
    made = bedrock(aws_events(stop()))
    config = CONFIG.model_copy(update={"completion_params": {"stop": ["A", "B"]}})
    image = ImagePromptMessageContent(
        format="png", url="data:image/png;base64,eA==", mime_type="image/png"
    )

    list(made.session().model.llm.invoke(config, [UserPromptMessage(content=[image])], stop=["A"]))

    sent = made.server.seen[0].json
    assert sent["inferenceConfig"] == {"stopSequences": ["A", "B"]}
    assert "additionalModelRequestFields" not in sent
    held = {"format": "png", "source": {"bytes": "eA=="}}
    assert sent["messages"] == [{"role": "user", "content": [{"image": held}]}]


def test_structured_output(bedrock: Callable[..., Made]) -> None:
    used = {"toolUseId": "t", "name": "structured_output", "input": {"a": 1}}
    output = {"message": {"content": [{"toolUse": used}]}}
    made = bedrock(reply({"output": output, "stopReason": "tool_use"}))
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}

    by_schema = made.session().model.llm_structured_output
    result = by_schema.invoke(CONFIG, ASKED, schema, stream=False)

    assert (result.structured_output, result.message.tool_calls) == ({"a": 1}, [])
    config = made.server.seen[0].json["toolConfig"]
    assert config["toolChoice"] == {"tool": {"name": "structured_output"}}
    assert config["tools"][0]["toolSpec"]["inputSchema"] == {"json": schema}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            aws_events(
                text("a"),
                aws_event(
                    "",
                    {"message": "Too many."},
                    **{":message-type": "exception", ":exception-type": "throttlingException"},
                ),
            ),
            "Too many.",
        ),
        (aws_events(text("a")), "the answer ended in the middle"),
        (aws_events(text("a")[:-5]), "the answer ended in the middle"),
        (aws_events(text("a")[:-1] + b"\0"), "the answer is not a stream of AWS's events"),
        (aws_events(b"\xff" * 40), "the answer is not a stream of AWS's events"),
        (
            reply({"message": "You don't have access to the model."}, 403),
            "You don't have access to the model.",
        ),
        (reply({"message": "The token token-4711-0815 is bad"}, 400), "The token *** is bad"),
    ],
)
def test_what_goes_wrong(
    bedrock: Callable[..., Made], answer: Reply, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = bedrock(answer)

    with pytest.raises(CallError) as caught:
        list(made.session().model.llm.invoke(CONFIG, ASKED))

    assert str(caught.value) == said
    assert len(caplog.messages) == 1


def test_throttling_is_asked_again(bedrock: Callable[..., Made]) -> None:
    busy = reply({"message": "slow down"}, 429, x_amzn_RequestId="1")
    made = bedrock(busy, aws_events(text("a"), stop()))

    assert len(list(made.session().model.llm.invoke(CONFIG, ASKED))) == 2


def test_credentials_that_have_expired_are_fetched_again(
    bedrock: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = reply({"message": "The security token is expired"}, 403)
    made = bedrock(expired, aws_events(text("a"), stop()))
    next_reply = made.server.next_reply

    def meanwhile() -> Reply:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEW")
        return next_reply()

    monkeypatch.setattr(made.server, "next_reply", meanwhile)

    assert len(list(made.session().model.llm.invoke(CONFIG, ASKED))) == 2
    signed = [each.headers["authorization"].split("=")[1] for each in made.server.seen]
    assert [each.partition("/")[0] for each in signed] == ["AKIDEXAMPLE", "AKIDNEW"]


def test_a_long_stream_takes_little_memory(bedrock: Callable[..., Made]) -> None:
    """100 MB in messages of 64 KB: no more than a few of them at a time."""
    made = bedrock(aws_events(*[text("x" * 65_536)] * 1600, stop()))
    size = 0
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for chunk in made.session().model.llm.invoke(CONFIG, ASKED):
            size += len(chunk.delta.message.content)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    assert size == 1600 * 65_536
    assert peak < 8 << 20


def test_a_model_without_a_line(bedrock: Callable[..., Made]) -> None:
    made = bedrock(aws_events(stop()), names={"other": MODEL})

    with pytest.raises(CallError, match=r"^no model of Bedrock is configured for bedrock/nova$"):
        list(made.session().model.llm.invoke(CONFIG, ASKED))


def test_what_bedrock_has_not(bedrock: Callable[..., Made]) -> None:
    made = bedrock(reply({}))
    voice = TTSModelConfig(provider="p", model="m", voice="v", tenant_id="t")

    with pytest.raises(CallError) as caught:
        list(made.session().model.tts.invoke(voice, "hi"))

    assert str(caught.value) == (
        "Amazon Bedrock has no calls of tts; an OpenAI-compatible endpoint (models.base_url) and "
        "Dify's inner API have"
    )


@pytest.mark.parametrize(
    ("name", "replies", "bodies"),
    [
        (
            "amazon.titan-embed-text-v2:0",
            [{"embedding": [1.0], "inputTextTokenCount": 2}, {"embedding": [2.0]}],
            [{"inputText": "a"}, {"inputText": "b"}],
        ),
        (
            "cohere.embed-v4:0",
            [{"embeddings": {"float": [[1.0], [2.0]]}}],
            [{"texts": ["a", "b"], "input_type": "search_query"}],
        ),
    ],
)
def test_embeddings(
    bedrock: Callable[..., Made], name: str, replies: list[Any], bodies: list[Any]
) -> None:
    made = bedrock(*map(reply, replies), names={"*": name})
    config = TextEmbeddingModelConfig(provider="p", model="m")

    result = made.session().model.text_embedding.invoke(config, ["a", "b"])

    assert result.embeddings == [[1.0], [2.0]]
    assert [each.json for each in made.server.seen] == bodies


def test_ranking(bedrock: Callable[..., Made]) -> None:
    results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    made = bedrock(reply({"results": results}), names={"*": "cohere.rerank-v3-5:0"})
    config = RerankModelConfig(provider="p", model="m", score_threshold=0.5, top_n=2)

    result = made.session().model.rerank.invoke(config, ["a", "b"], "q")

    assert [(each.index, each.text, each.score) for each in result.docs] == [(1, "b", 0.9)]
    body = {"query": "q", "documents": ["a", "b"], "top_n": 2, "api_version": 2}
    assert made.server.seen[0].json == body


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_messages_in_pieces_of_any_size_are_read_as_botocore_does(size: int, checked: bool) -> None:
    sent = text("a") + stop() + aws_event("x", {"b": "é" * 50}, other="o")
    theirs: Any = EventStreamBuffer()
    theirs.add_data(sent)

    pieces = (sent[at : at + size] for at in range(0, len(sent), size))
    found = list(read_messages(pieces, checked=checked))

    assert found == [(each.headers, each.payload) for each in theirs]
