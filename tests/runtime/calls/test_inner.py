"""A self-hosted Dify's inner API: what it is asked, how its streams are read, what goes wrong."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.inner import read_parts
from tests.runtime.calls.conftest import KEY, Made, Make
from tests.support.model_server import Reply, reply

CONFIG = LLMModelConfig(provider="openai", model="m", mode="chat", completion_params={"top_p": 1})
CHUNK = {
    "model": "m",
    "prompt_messages": [],
    "system_fingerprint": "",
    "delta": {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "usage": None},
}


def frame(document: object) -> bytes:
    content = json.dumps(document).encode() + b"\n\n"
    return struct.pack("<BBHI6x", 0x0F, 0, 10, len(content)) + content


def stream(*documents: object) -> Reply:
    return Reply(tuple(map(frame, documents)), kind="text/event-stream")


def inner(models: Make, *replies: Reply, **bundle: Any) -> Made:
    made = models(*replies, MODELS=None, **bundle)
    where = {"url": made.server.url, "tenant": "t-1", "user": "u-1"}
    made.backends.bundle.DIFY_INNER = where
    made.backends.bundle.KEYS = {"dify.inner_key": ("literal", KEY)}
    return made


def ask(made: Made) -> list[str]:
    chunks = made.session().model.llm.invoke(CONFIG, [UserPromptMessage(content="hi")])
    return [each.delta.message.content for each in chunks]


def test_what_is_sent(models: Make) -> None:
    made = inner(models, stream({"data": CHUNK, "error": ""}))

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
            stream({"data": None, "error": "No quota."}),
            "read llm model failed: request failed: No quota.",
        ),
        (stream({"data": None, "error": ""}), "read llm model failed: data is nil"),
        (Reply((frame({"data": CHUNK})[:-9],)), "the answer ended in the middle"),
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
PREFIXED = b"".join(map(frame, DOCUMENTS))
LINES = b"".join(json.dumps(each).encode() + b"\n\n" for each in DOCUMENTS)


@pytest.mark.parametrize("sent", [PREFIXED, LINES, b"event: ping\n\n" + LINES, PREFIXED + LINES])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_streams_in_pieces_of_any_size(sent: bytes, size: int) -> None:
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]

    found = [json.loads(each) for each in read_parts(pieces)]

    assert found == DOCUMENTS * (2 if sent == PREFIXED + LINES else 1)


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

    said = "an OpenAI-compatible endpoint has no calls of system_summary; "
    said += "Dify's inner API (dify.inner_url) has"
    assert str(caught.value) == said
    assert caplog.messages == [f"summary: {said}"]


def test_apps_where_none_has_a_key(models: Make) -> None:
    events = [{"event": "ping"}, {"event": "message", "answer": "Hi"}]
    made = inner(models, stream(*({"data": each} for each in events)))
    app = made.session().app

    said = list(app.chat.invoke("a-1", "hi", {"x": 1}, "streaming", "c-1"))
    whole = app.workflow.invoke("a-1", {})

    assert said == [events[1]]
    assert whole == events[0]
    first, second = (each.json for each in made.server.seen)
    assert first == {
        "tenant_id": "t-1",
        "user_id": "u-1",
        "type": "app",
        "app_id": "a-1",
        "inputs": {"x": 1},
        "query": "hi",
        "conversation_id": "c-1",
        "response_mode": "streaming",
        "user": "",
    }
    assert "query" not in second
    assert {each.path for each in made.server.seen} == {"/inner/api/invoke/app"}


def test_what_describes_an_app(models: Make) -> None:
    made = inner(models, reply({"data": {"data": {"opening_statement": ""}}}))

    assert made.session().app.fetch_app("a-1") == {"data": {"opening_statement": ""}}
    assert made.server.seen[0].path == "/inner/api/fetch/app/info"


def test_a_file(models: Make) -> None:
    """It goes to the address that Dify signs for it."""
    file = {"id": "f-1", "name": "a.png", "size": 1, "extension": ".png", "mime_type": "image/png"}
    made = inner(models, reply(None), reply(file, 201))
    url = f"{made.server.url}/files/upload/for-plugin?sign=s"
    made.server.replies[0] = reply({"data": {"url": url}})

    uploaded = made.session().file.upload("a.png", b"x", "image/png")

    assert (uploaded.id, uploaded.type) == ("f-1", "image")
    asked, sent = made.server.seen
    assert asked.path == "/inner/api/upload/file/request"
    assert sent.path == "/files/upload/for-plugin?sign=s"
    assert b'name="file"; filename="a.png"' in sent.body
    assert "x-inner-api-key" not in sent.headers
