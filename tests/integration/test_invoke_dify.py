"""`packager invoke --fake-dify` and `--storage`: a chatbot here, without Dify and without AWS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.examples import Build, Command
from tests.support.plugin_writer import write_plugin

CHATBOT = """\
import json

from dify_plugin import Endpoint
from werkzeug import Request, Response


class Chatbot(Endpoint):
    def _invoke(self, r: Request, values, settings):
        storage = self.session.storage
        seen = json.loads(storage.get("seen")) if storage.exist("seen") else []
        file = self.session.file.upload("a.txt", b"abc", "text/plain")
        stream = self.session.app.chat.invoke(
            values["app_id"], "How are you", {"file": file.to_app_parameter()}
        )
        text = "".join(event.get("answer", "") for event in stream)
        reply = self.session.app.workflow.invoke(app_id="w-1", inputs={"text": text})
        seen.append(reply["data"]["outputs"]["text"])
        self.session.storage.set("seen", json.dumps(seen).encode())
        return Response(json.dumps(seen), content_type="application/json")
"""
NO_KEY = """\
[apps]
"*" = {env = "DIFY_KEY"}
"""


@pytest.fixture(scope="module")
def chatbot(tmp_path_factory: pytest.TempPathFactory, build: Build) -> Path:
    plugin = write_plugin(
        tmp_path_factory.mktemp("chatbot") / "plugin",
        {
            "endpoints/duck.py": CHATBOT,
            "group/tiny.yaml": "endpoints: [endpoints/duck.yaml]",
            "packager.toml": NO_KEY,
        },
    )
    return build(plugin) / "TinyFunction"


def test_invocations_share_the_storage(command: Command, chatbot: Path, tmp_path: Path) -> None:
    options = ("--fake-dify", "--request", "GET /duck/any-app")
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    replies = []
    for storage in ((), (), ("--storage", "mine.sqlite"), ("--storage", tmp_path / "mine.sqlite")):
        done = command("invoke", chatbot, *options, *storage, cwd=tmp_path, **state)
        assert done.returncode == 0, done.stderr.decode()
        replies.append(json.loads(done.stdout))

    said = "[1] How are you"
    assert replies == [[said], [said, said]] * 2
    assert (tmp_path / "state/packager/storage.sqlite").is_file()
    assert (tmp_path / "mine.sqlite").is_file()


TALK = """\
from dify_plugin import Endpoint
from werkzeug import Response


class Talk(Endpoint):
    def _invoke(self, r, values, settings):
        answer = self.session.app.chat.invoke(
            values["app_id"], "Hello", {}, "blocking", r.args.get("in", "")
        )
        return Response(answer["conversation_id"] + " " + answer["answer"])
"""


@pytest.mark.parametrize("storage", ["", 'storage = "memory"\n'])
def test_a_conversation_lasts_as_long_as_the_storage(
    command: Command, build: Build, tmp_path: Path, storage: str
) -> None:
    group = "endpoints: [endpoints/duck.yaml]"
    files = {"endpoints/duck.py": TALK, "group/tiny.yaml": group}
    out = build(write_plugin(tmp_path / "plugin", {**files, "packager.toml": storage}))

    def say(conversation: str, *options: object) -> list[str]:
        request = f"GET /duck/any-app?in={conversation}"
        done = command(
            *("invoke", out, "--fake-dify", "--request", request, *options),
            XDG_STATE_HOME=str(tmp_path / "state"),
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().split(" ", 1)

    first, answer = say("")
    second, _ = say("")
    assert answer == "[1] Hello"
    if storage:
        assert say(first)[0] == "<!doctype"  # there is no such conversation any more
    else:
        assert second != first
        assert say(first) == [first, "[2] Hello"]
        assert say(second) == [second, "[2] Hello"]
        file = tmp_path / "mine.sqlite"
        other, _ = say("", "--storage", file)
        assert say(other, "--storage", file) == [other, "[2] Hello"]
        memory = tmp_path / "state/packager/storage.sqlite.dify.json"
        assert memory.stat().st_mode & 0o777 == 0o600
        memory.write_bytes(b"{broken")
        assert say("")[1] == "[1] Hello"


def test_without_a_key_the_log_says_what_to_do(command: Command, chatbot: Path) -> None:
    done = command("invoke", chatbot, "-i", "--request", "GET /duck/any-app")

    assert done.stdout.startswith(b"HTTP/1.1 500 ")
    said = "app *: its API key is not set (environment variable DIFY_KEY)"
    assert said in done.stderr.decode()


def test_the_stand_in_needs_no_key(command: Command, tmp_path: Path, target: list[str]) -> None:
    plugin = write_plugin(
        tmp_path / "plugin",
        {"endpoints/duck.py": CHATBOT, "group/tiny.yaml": "endpoints: [endpoints/duck.yaml]"},
    )
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    warned = {}
    for options in ((), ("--fake-dify",)):
        request = ("--request", "GET /duck/any-app", "--runtime", target[1])
        done = command("invoke", plugin, *options, *request, **state)
        assert done.returncode == 0, done.stderr.decode()
        warned[options] = b"needs an API key" in done.stderr

    assert warned == {(): True, ("--fake-dify",): False}
