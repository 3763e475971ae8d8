"""The stand-in of the Service API, asked by Dify's own client library (`dify-client`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dify_client import ChatClient, CompletionClient, DifyClient  # type: ignore[import-untyped]

from packager.local.fake_dify.server import FakeDify
from tests.support.failing_dify import FailingDify, InjectedFailure

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fake() -> Iterator[FakeDify]:
    with FakeDify() as made:
        yield made


def client(kind: type[Any], fake: FakeDify, key: str) -> Any:
    made = kind(key)
    made.base_url = fake.url
    return made


def events(response: Any) -> list[dict[str, Any]]:
    lines = [line for line in response.iter_lines() if line.startswith(b"data:")]
    response.close()
    return [json.loads(line[5:]) for line in lines]


def test_a_conversation(fake: FakeDify) -> None:
    chat = client(ChatClient, fake, "chat-1")

    first = chat.create_chat_message({}, "Hello", "me").json()
    second = chat.create_chat_message({}, "Again", "me", "streaming", first["conversation_id"])

    assert (first["answer"], first["mode"]) == ("[1] Hello", "chat")
    streamed = events(second)
    assert "".join(each.get("answer", "") for each in streamed) == "[2] Again"
    assert {each["conversation_id"] for each in streamed} == {first["conversation_id"]}
    assert streamed[-1]["event"] == "message_end"
    # A conversation is one user's, with one app.
    for key, user in (("chat-1", "you"), ("chat-2", "me")):
        other = client(ChatClient, fake, key)
        refused = other.create_chat_message({}, "q", user, conversation_id=first["conversation_id"])
        assert (refused.status_code, refused.json()) == (
            404,
            {"code": "not_found", "message": "Conversation Not Exists.", "status": 404},
        )


@pytest.mark.parametrize(
    ("key", "arguments", "status", "code"),
    [
        ("workflow-1", ({}, "q", "me"), 400, "not_chat_app"),
        ("completion-1", ({}, "q", "me"), 400, "not_chat_app"),
        ("agent-chat-1", ({}, "q", "me"), 400, "invalid_param"),
        ("chat-1", ({}, "q", ""), 400, "invalid_param"),
        ("chat-1", ({}, "", "me"), 400, "invalid_param"),
        ("chat-1", ({}, "q", "me", "slowly"), 400, "invalid_param"),
        ("chat-1", ({}, "q", "me", "blocking", "no-uuid"), 400, "invalid_param"),
        ("chat-1", ({"f": {"transfer_method": "tool_file"}}, "q", "me"), 400, "invalid_param"),
        (
            "chat-1",
            ({"f": {"transfer_method": "local_file", "upload_file_id": "7"}}, "q", "me"),
            400,
            "invalid_param",
        ),
    ],
)
def test_what_is_refused(
    fake: FakeDify, key: str, arguments: tuple[Any, ...], status: int, code: str
) -> None:
    refused = client(ChatClient, fake, key).create_chat_message(*arguments)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["status"] == status


def test_a_completion(fake: FakeDify) -> None:
    completion = client(CompletionClient, fake, "any")

    blocking = completion.create_completion_message({"a": "b"}, "blocking", "me").json()
    streamed = events(completion.create_completion_message({"a": "b c"}, "streaming", "me"))

    assert (blocking["answer"], blocking["mode"]) == ("a=b", "completion")
    assert [each.get("answer") for each in streamed] == ["a=b", " c", None]


def test_what_describes_an_app(fake: FakeDify) -> None:
    dify = client(DifyClient, fake, "workflow-1")

    assert dify.get_application_parameters("me").json()["opening_statement"]
    assert dify._send_request("GET", "/info").json()["mode"] == "workflow"
    assert dify._send_request("GET", "/site").json()["title"] == "App workflow-1"
    assert dify._send_request("GET", "/meta").json() == {"tool_icons": {}}
    assert dify._send_request("GET", "/none").status_code == 404


def test_a_file(fake: FakeDify) -> None:
    dify = client(DifyClient, fake, "chat-1")

    found = dify.file_upload("me", {"file": ("a.tar.gz", b"\x00\r\n", "application/gzip")})

    assert found.status_code == 201
    assert found.json() == {
        "id": found.json()["id"],
        "name": "a.tar.gz",
        "size": 3,
        "extension": "gz",
        "mime_type": "application/gzip",
        "created_by": found.json()["created_by"],
        "created_at": 1735689600,
        "preview_url": None,
    }
    assert fake.workspace.files[found.json()["id"]] == b"\x00\r\n"
    large = dify.file_upload("me", {"file": ("b", b"x" * 700_000, "")}).json()
    assert (large["size"], large["mime_type"], large["extension"]) == (700_000, "", "")
    missing = dify.file_upload("me", {"other": ("a", b"", "text/plain")})
    assert (missing.status_code, missing.json()["code"]) == (400, "no_file_uploaded")


def test_keys(fake: FakeDify) -> None:
    with FakeDify(keys={"chat-1": "right"}) as strict:
        assert client(DifyClient, strict, "right").get_application_parameters("me").ok
        refused = client(DifyClient, strict, "wrong").get_application_parameters("me")

    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


def test_a_failure_is_for_one_request() -> None:
    with FailingDify() as fake:
        dify = client(DifyClient, fake, "chat-1")
        fake.failures.append(InjectedFailure(status=500, code="x", path="/info"))

        assert dify.get_application_parameters("me").status_code == 200
        assert dify._send_request("GET", "/info").status_code == 500
        assert dify._send_request("GET", "/info").status_code == 200
