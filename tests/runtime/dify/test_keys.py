"""Keys that AWS keeps: read once, kept, and read again when Dify refuses one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from endpoint_runtime.dify.errors import AppError
from endpoint_runtime.dify.keys import LOCAL
from endpoint_runtime.settings import keys
from endpoint_runtime.settings.source_kinds import SourceError
from tests.runtime.dify.conftest import Dify, MakeDify

SOURCES = {"chat": ("ssm", "/dify/chat"), "workflow": ("secret", "dify", "flow")}


class Aws:
    """Stands for what AWS keeps: what it has, and what it was asked for."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.reads: list[list[str]] = []

    def read_sources(self, sources: dict[str, Any], deadline: float | None) -> dict[str, Any]:
        self.reads.append(sorted(sources))
        if "fault" in self.values:
            raise SourceError(self.values["fault"])
        return {name: self.values[name] for name in sources if name in self.values}


MakeAws = Callable[..., tuple[Dify, Aws]]


@pytest.fixture
def in_aws(dify: MakeDify, monkeypatch: pytest.MonkeyPatch) -> MakeAws:
    def make(**values: Any) -> tuple[Dify, Aws]:
        made, aws = dify("chat", "workflow"), Aws(values)
        made.bundle.APPS = SOURCES
        monkeypatch.setattr(keys, "read_sources", aws.read_sources)
        return made, aws

    return make


def ask(made: Dify) -> Any:
    app = made.session().app
    app.workflow.invoke("workflow", {})
    return app.chat.invoke("chat", "q", {}, "blocking")["answer"]


def test_all_keys_are_read_at_once_and_kept(in_aws: MakeAws) -> None:
    made, aws = in_aws(chat="app-key-of-chat", workflow="app-key-of-workflow")

    assert [ask(made), ask(made)] == ["[1] q", "[1] q"]
    made.session().file.upload("a", b"", "text/plain")

    assert aws.reads == [["chat", "workflow"]]


def test_a_key_that_was_changed_is_read_again(in_aws: MakeAws) -> None:
    made, aws = in_aws(chat="old", workflow="app-key-of-workflow")
    aws_values = aws.values
    made.backends.service_api.keys.get("chat", None)  # the old one is kept from now on
    aws_values["chat"] = "app-key-of-chat"

    assert ask(made) == "[1] q"
    assert len(aws.reads) == 2


def test_a_key_that_is_wrong_is_no_endless_loop(in_aws: MakeAws) -> None:
    made, aws = in_aws(chat="wrong", workflow="app-key-of-workflow")

    with pytest.raises(AppError, match=r"^Access token is invalid$"):
        ask(made)

    assert len(aws.reads) == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "app workflow: its API key is not set (secret dify, key flow)"),
        ({"workflow": {"a": 1}}, "app workflow: its API key is not set (secret dify, key flow)"),
        ({"fault": "no permission"}, "app workflow: its API key can't be read: no permission"),
    ],
)
def test_keys_that_are_not_there(in_aws: MakeAws, values: dict[str, Any], message: str) -> None:
    made, _ = in_aws(**values)

    with pytest.raises(AppError) as caught:
        ask(made)

    assert caught.value.line == message
    assert str(caught.value) in ("the app's API key is not set", "the app's API key can't be read")


def test_local_keys_take_the_place_of_what_aws_keeps(
    in_aws: MakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = {"chat": "app-key-of-chat", "other": "of an app without a line in the configuration"}
    monkeypatch.setenv(LOCAL, json.dumps(local))
    made, aws = in_aws(chat="another", workflow="app-key-of-workflow")

    assert made.session().app.chat.invoke("chat", "q", {}, "blocking")["answer"] == "[1] q"
    found = made.backends.service_api.keys
    assert found.get("other", None) == local["other"]
    with pytest.raises(AppError, match=r"^the app's API key is not set$"):
        found.get("workflow", None)
    assert not found.renew("chat", "refused", None)
    assert aws.reads == []
