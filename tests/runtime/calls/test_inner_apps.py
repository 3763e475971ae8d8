"""Apps and files by a self-hosted Dify's inner API."""

from __future__ import annotations

import pytest

from endpoint_runtime.calls.errors import CallError
from tests.runtime.calls.conftest import Make, inner
from tests.support.model_server import dify_stream, reply


def test_apps_where_none_has_a_key(models: Make) -> None:
    events = [{"event": "ping"}, {"event": "message", "answer": "Hi"}]
    made = inner(models, dify_stream(*({"data": each} for each in events)))
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
    parameters = {"opening_statement": ""}
    made = inner(models, reply({"data": {"data": parameters}}), reply({"data": {}}))

    assert made.session().app.fetch_app("a-1") == {**parameters, "data": parameters}
    assert made.server.seen[0].path == "/inner/api/fetch/app/info"
    with pytest.raises(CallError, match=r"^fetch app failed: data is nil$"):
        made.session().app.fetch_app("a-1")


def test_a_dify_without_an_address_for_files(models: Make) -> None:
    made = inner(models, reply({"data": {"url": "/files/upload/for-plugin?sign=s"}}))

    with pytest.raises(CallError, match=r"its FILES_URL is not set$"):
        made.session().file.upload("a.png", b"x", "image/png")


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
