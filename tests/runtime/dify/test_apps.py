"""`session.app` through the Service API: calls, kinds, streams, what is sent and comes back."""

from __future__ import annotations

from typing import Any

import pytest

from dify_plugin.core.runtime import Session
from dify_plugin.invocations.app.chat import ChatAppInvocation
from dify_plugin.invocations.app.completion import CompletionAppInvocation
from dify_plugin.invocations.app.workflow import WorkflowAppInvocation
from endpoint_runtime.dify.errors import AppError
from tests.runtime.dify.conftest import MakeDify
from tests.support.failing_dify import InjectedFailure

LAST = "workflow_finished"


def test_a_blocking_chat(dify: MakeDify) -> None:
    session = dify("chat").session()

    answer = session.app.chat.invoke("chat", "Hi", {}, "blocking", "")

    assert (answer["answer"], answer["event"], answer["mode"]) == ("[1] Hi", "message", "chat")
    assert answer["metadata"]["usage"]["total_tokens"] == 8
    again = session.app.chat.invoke(
        app_id="chat",
        query="And?",
        inputs={"a": 1},
        response_mode="blocking",
        conversation_id=answer["conversation_id"],
    )
    assert (again["answer"], again["conversation_id"]) == ("[2] And?", answer["conversation_id"])


def test_what_is_sent(dify: MakeDify) -> None:
    made = dify("chat", "workflow", "completion")
    app = made.session().app

    app.chat.invoke("chat", "q", {"a": [1, None, "é"]}, "blocking", None, "me")
    app.chat.invoke("chat", "q", {}, "blocking")
    app.workflow.invoke("workflow", {"x": 1})
    app.workflow.invoke(app_id="workflow", inputs={}, response_mode="blocking", user="me")
    app.completion.invoke("completion", {"y": 2})

    common = {"response_mode": "blocking", "user": "dify-plugin-test"}
    assert [(each.path, each.app_id, each.body) for each in made.fake.seen] == [
        (
            "/v1/chat-messages",
            "chat",
            {"inputs": {"a": [1, None, "é"]}, "response_mode": "blocking", "user": "me"}
            | {"query": "q", "conversation_id": ""},
        ),
        (
            "/v1/chat-messages",
            "chat",
            {"inputs": {}, **common, "query": "q", "conversation_id": ""},
        ),
        ("/v1/workflows/run", "workflow", {"inputs": {"x": 1}, **common}),
        ("/v1/workflows/run", "workflow", {"inputs": {}, **common, "user": "me"}),
        ("/v1/completion-messages", "completion", {"inputs": {"y": 2}, **common}),
    ]


def test_a_streamed_chat(dify: MakeDify) -> None:
    stream = dify("chat").session().app.chat.invoke("chat", "How are you", {})

    events = list(stream)

    assert [each["event"] for each in events] == ["message"] * 4 + ["message_end"]
    assert "".join(each.get("answer", "") for each in events) == "[1] How are you"
    assert events[-1]["metadata"]["usage"]["currency"] == "USD"


def test_a_stream_starts_when_it_is_read(dify: MakeDify) -> None:
    made = dify("chat")

    stream = made.session().app.chat.invoke("unknown", "q", {})

    assert made.requests == []
    with pytest.raises(AppError, match=r"^no API key is configured for the app$"):
        next(stream)


@pytest.mark.parametrize(
    ("app", "events"),
    [
        ("agent-chat", ["agent_thought", "agent_message", "message_end"]),
        ("advanced-chat", ["workflow_started", "message", "message_end", LAST]),
        (
            "workflow",
            ["workflow_started", "node_started", "text_chunk", "node_finished", LAST],
        ),
        ("completion", ["message", "message_end"]),
    ],
)
def test_chat_goes_by_the_apps_real_kind(dify: MakeDify, app: str, events: list[str]) -> None:
    made = dify()
    session = made.session()

    for _ in range(2):
        stream = session.app.chat.invoke(app, "q", {"a": "b"}, "streaming")
        assert list(dict.fromkeys(each["event"] for each in stream)) == events

    asked = [request for request in made.requests if request != ("GET", "/info")]
    # What it learnt is kept: the second call goes straight to the right route.
    assert len(asked) == (2 if app.endswith("-chat") else 3)


@pytest.mark.parametrize("tells_mode", [True, False])
@pytest.mark.parametrize(
    ("call", "app", "found"),
    [
        ("chat", "workflow", {"x": "1"}),
        ("completion", "workflow", {"x": "1"}),
        ("chat", "completion", "x=1"),
        ("workflow", "completion", "x=1"),
    ],
)
def test_blocking_calls_of_other_kinds(
    dify: MakeDify, tells_mode: bool, call: str, app: str, found: object
) -> None:
    session = dify(tells_mode=tells_mode).session()
    arguments = {"query": "q"} if call == "chat" else {}

    answer = getattr(session.app, call).invoke(
        app_id=app, inputs={"x": "1"}, response_mode="blocking", **arguments
    )

    assert (answer["data"]["outputs"] if app == "workflow" else answer["answer"]) == found


@pytest.mark.parametrize("tells_mode", [True, False])
def test_a_chat_needs_a_query(dify: MakeDify, tells_mode: bool) -> None:
    with pytest.raises(AppError, match=r"^query is required$"):
        dify(tells_mode=tells_mode).session().app.workflow.invoke("chat", {"x": 1})


def test_a_completion_app_that_is_broken(dify: MakeDify) -> None:
    made = dify("completion")
    said = "App unavailable, please check your app configurations."
    made.fake.failures.append(InjectedFailure(status=400, code="app_unavailable", message=said))

    with pytest.raises(AppError) as caught:
        made.session().app.completion.invoke("completion", {})

    assert str(caught.value) == said
    assert caught.value.line == f"app completion: 400 app_unavailable: {said}"
    assert made.requests == [("POST", "/completion-messages"), ("GET", "/info")]


def test_agents_refuse_to_block_as_in_dify(dify: MakeDify) -> None:
    """Published plugins look for these words, and stream then."""
    with pytest.raises(Exception, match="does not support blocking mode") as caught:
        dify().session().app.chat.invoke("agent-chat", "q", {}, "blocking")

    error: Any = caught.value
    assert (error.status, error.code, error.app_id) == (400, "invalid_param", "agent-chat")


def test_a_failed_workflow_is_an_answer(dify: MakeDify) -> None:
    answer = dify().session().app.workflow.invoke("workflow", {"fail": "no"})

    assert (answer["data"]["status"], answer["data"]["error"]) == ("failed", "no")


def test_invocations_that_a_plugin_makes(dify: MakeDify) -> None:
    session = dify().session()

    chat = ChatAppInvocation(session).invoke("chat", "q", {}, "blocking")
    workflow = WorkflowAppInvocation(session=session).invoke("workflow", {"a": 1})
    completion = CompletionAppInvocation(session).invoke("completion", {"a": 1})

    assert chat["answer"] == "[1] q"
    assert workflow["data"]["outputs"] == {"a": 1}
    assert completion["answer"] == "a=1"


def test_fetch_app(dify: MakeDify) -> None:
    session = dify("workflow").session()

    found = session.app.fetch_app("workflow")

    assert (found["name"], found["mode"]) == ("App workflow", "workflow")
    assert found["opening_statement"] == "Hello from workflow"
    assert found["user_input_form"][0]["text-input"]["variable"] == "name"
    assert found["data"]["opening_statement"] == "Hello from workflow"
    assert session.app.fetch_app_invocation.get("workflow") == found


def test_keys_from_the_environment(dify: MakeDify, monkeypatch: pytest.MonkeyPatch) -> None:
    made = dify("chat")
    made.bundle.APPS = {"chat": ("env", "CHAT_KEY")}
    session = made.session()

    with pytest.raises(AppError) as caught:
        session.app.chat.invoke("chat", "q", {}, "blocking")
    assert str(caught.value) == "the app's API key is not set"
    assert caught.value.line == "app chat: its API key is not set (environment variable CHAT_KEY)"

    monkeypatch.setenv("CHAT_KEY", " app-key-of-chat\n")  # as files and consoles give them
    assert session.app.chat.invoke("chat", "q", {}, "blocking")["answer"] == "[1] q"


def test_an_app_without_a_key(dify: MakeDify) -> None:
    with pytest.raises(AppError) as caught:
        dify("chat", "workflow").session().app.chat.invoke("b5f8", "q", {}, "blocking")

    assert str(caught.value) == "no API key is configured for the app"
    assert caught.value.line == (
        "app b5f8: no API key is configured for it. Create one in Dify (the app's page, API "
        'Access) and name its source in packager.toml: apps."b5f8" = {ssm = "/..."}. Apps with '
        "a key: chat, workflow"
    )


def test_one_key_for_all_other_apps(dify: MakeDify) -> None:
    made = dify("chat", "workflow")
    made.bundle.APPS = {"workflow": ("literal", "no"), "*": ("literal", "app-key-of-chat")}
    session = made.session()

    assert session.app.chat.invoke("anything", "q", {}, "blocking")["answer"] == "[1] q"
    with pytest.raises(AppError, match=r"^Access token is invalid$"):
        session.app.workflow.invoke("workflow", {})


@pytest.mark.parametrize("app_id", [None, {"app_id": "chat"}, 7])
def test_an_app_id_that_is_no_text(dify: MakeDify, app_id: Any) -> None:
    with pytest.raises(AppError, match=r"^an app's id is text$"):
        dify("chat").session().app.chat.invoke(app_id, "q", {}, "blocking")


def test_a_key_is_in_no_message(dify: MakeDify) -> None:
    made = dify("chat")
    for key in ("wrong-key-4711", "two\nlines-4711", "\u20ac-4711"):
        made.bundle.APPS = {"chat": ("literal", key)}
        with pytest.raises(AppError) as caught:
            made.session().app.chat.invoke("chat", "q", {}, "blocking")
        assert "4711" not in str(caught.value) + caught.value.line


def test_inputs_that_are_no_json(dify: MakeDify) -> None:
    with pytest.raises(AppError, match=r"^what it is called with is not valid JSON: Object of"):
        dify("chat").session().app.chat.invoke("chat", "q", {"x": object()}, "blocking")


def test_files(dify: MakeDify) -> None:
    made = dify("chat", "workflow")
    session = made.session()

    file = session.file.upload('a "b"\r\n.png', b"\x89PNG\r\n--x", "image/png")
    answer = session.app.workflow.invoke(
        "workflow", {"one": file.to_app_parameter(), "many": [file.to_app_parameter()]}
    )

    assert file.model_dump(mode="json") == {
        "id": file.id,
        "name": 'a "b"%0D%0A.png',  # as werkzeug, which Dify reads forms with, has it
        "size": 9,
        "extension": ".png",
        "mime_type": "image/png",
        "type": "image",
        "preview_url": None,
    }
    assert made.fake.workspace.files == {file.id: b"\x89PNG\r\n--x"}
    uploaded = {"transfer_method": "local_file", "upload_file_id": file.id, "type": "image"}
    assert answer["data"]["outputs"] == {"one": uploaded, "many": [uploaded]}
    assert made.fake.seen[0].app_id == "chat"  # the first app that has a key
    assert made.fake.seen[0].body["user"] == "dify-plugin-test"


def test_files_go_by_the_key_of_all_other_apps(dify: MakeDify) -> None:
    made = dify("chat", "workflow")
    made.bundle.APPS = {
        "chat": ("literal", "app-key-of-chat"),
        "*": ("literal", "app-key-of-workflow"),
    }

    text = made.session().file.upload(filename="ü.txt", content=b"", mimetype="text/plain")

    assert (text.name, text.size, text.type) == ("ü.txt", 0, "document")
    assert made.fake.seen[0].app_id == "workflow"


def test_files_without_a_key(dify: MakeDify) -> None:
    made = dify("chat")
    made.bundle.APPS = {}

    with pytest.raises(AppError, match=r"^no API key is configured for the app$") as caught:
        made.session().file.upload("a", b"", "text/plain")
    assert caught.value.app_id == "*"


def test_connections_are_kept(dify: MakeDify) -> None:
    made = dify("chat")
    session = made.session()

    for _ in range(3):
        session.app.chat.invoke("chat", "q", {}, "blocking")
        list(session.app.chat.invoke("chat", "q", {}))

    session.file.upload("a", b"", "text/plain")
    assert len(session.backends.service_api._pool._idle) == 1


def test_the_stand_in_takes_every_app(dify: MakeDify, monkeypatch: pytest.MonkeyPatch) -> None:
    from packager.local.fake_dify.server import FakeDify

    made = dify("chat")
    made.bundle.APPS = {}
    with FakeDify() as other:
        monkeypatch.setenv("PACKAGER_DIFY", other.url)
        session = made.session()
        assert session.app.chat.invoke("b5f8", "q", {}, "blocking")["answer"] == "[1] q"
        assert session.app.workflow.invoke("c1", {"a": 1})["data"]["outputs"] == {"a": 1}
        assert session.app.chat.invoke("猫 1", "q", {}, "blocking")["answer"] == "[1] q"
        session.file.upload("a", b"", "text/plain")
        session.backends.service_api.close()

    assert [each.app_id for each in other.seen] == ["b5f8", "c1", "猫 1", "*"]


def test_sessions_outside_the_runtime() -> None:
    from dify_plugin.core.runtime import InvocationUnavailable

    with pytest.raises(InvocationUnavailable):
        Session().app.chat.invoke("a", "q", {})
