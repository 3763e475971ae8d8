"""The example plugins load in the real SDK, and answer there as their bundles do."""

from __future__ import annotations

import hmac
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from packager.errors import Diagnostics
from packager.host.interpreter import Interpreter
from packager.local.http_reply import read_reply
from packager.local.invoke import invoke_bundle
from packager.local.request_event import make_event
from packager.plugin.ignored_warnings import drop_ignored
from packager.plugin.load import load_plugin
from packager.plugin.new_plugin import TEMPLATES
from packager.settings.local_file import LocalSettings, local_environment
from tests.support.commands.forked import Forked, forked
from tests.support.examples import ROOT, Build, Command
from tests.support.failing_dify import FailingDify, InjectedFailure
from tests.support.fake_daemon import FakeDaemon
from tests.support.slack_api import slack_api

EXAMPLES = sorted(path.parent for path in (ROOT / "plugins").glob("*/manifest.yaml"))
HOST = "api.example.com"
# What is another one with each answer: when it was made, and its id.
OF_ITS_OWN = re.compile(rb'(?<="created":)[0-9]+|(?<="created": )[0-9]+|(?<="chatcmpl-)[0-9a-f]+')
SETTINGS = {"greeting": "Nyan", "colour": "orange", "shout": False}


@dataclass(frozen=True)
class Sent:
    """A request, as both sides get it."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        """The request as Dify's daemon hands it to plugins."""
        headers = {"Host": HOST, **self.headers, "Content-Length": str(len(self.body))}
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass
class Answered:
    """A reply; the lengths of bodies are not compared, and of HEAD's no body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def posted(path: str, content: object, **headers: str) -> Sent:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(
        "POST", path, json.dumps(content).encode(), {"Content-Type": "application/json", **named}
    )


# One that each template answers, if only that it is refused.
REQUESTS: Mapping[str, Sent] = {
    "webhook": Sent("GET", "/"),
    "slack": Sent("POST", "/", b"{}"),
    "telegram": Sent("POST", "/", b"{}"),
    "mcp": Sent("POST", "/mcp", b"{}"),
    "openai": Sent("GET", "/v1/models"),
}


UnderSdk = Callable[..., list[Answered]]


@pytest.fixture(scope="module")
def driver(sdk: Path, interpreter: Interpreter) -> Iterator[Forked]:
    """Runs tests/support/real_sdk/drive.py, each time in a process that has imported the SDK."""
    path = f"{sdk}{os.pathsep}{ROOT / 'tests/support/real_sdk'}"
    python = (str(interpreter.path), "-S", "-B")
    with forked("drive:main", "drive", "drive", python=python, PYTHONPATH=path) as running:
        yield running


@pytest.fixture
def under_sdk(driver: Forked) -> UnderSdk:
    """Answer requests in the real SDK, all of them in one process."""

    def run(
        plugin: Path,
        requests: Iterable[Sent],
        settings: Mapping[str, Any],
        work: Path,
        daemon: str = "",
    ) -> list[Answered]:
        sent = [{"raw": each.raw.hex(), "settings": dict(settings)} for each in requests]
        (work / "requests.json").write_text(json.dumps(sent))
        done = driver.run(
            [str(work / "requests.json"), str(work / "replies.json")],
            folder=plugin,
            environment={**os.environ, "DIFY_PLUGIN_DAEMON_URL": daemon},
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()
        answers = json.loads((work / "replies.json").read_text())
        return [
            compared(each["status"], each["headers"], bytes.fromhex(each["body"]))
            for each in answers
        ]

    return run


def in_bundle(bundle: Path, requests: Iterable[Sent], env: Mapping[str, str]) -> list[Answered]:
    """Answer requests in a bundle, each in a process of its own."""
    answers = []
    for each in requests:
        headers = [("Host", HOST), *each.headers.items()]
        event = make_event(each.method, each.path, headers, each.body)
        reply = read_reply(invoke_bundle(bundle, event, env=env).reply)
        assert reply is not None
        answers.append(compared(reply.status, reply.headers, reply.body))
    return answers


def compared(status: int, headers: Iterable[Iterable[str]], body: bytes) -> Answered:
    # The SDK keeps the last header of a name, a bundle all: a second cookie is lost in Dify.
    pairs = {name: value for name, value in headers if name.lower() != "content-length"}
    return Answered(status, sorted(pairs.items()), body)


@pytest.mark.parametrize("plugin", EXAMPLES, ids=lambda path: path.name)
def test_an_example_loads_in_the_sdk(plugin: Path, under_sdk: UnderSdk, tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    loaded = load_plugin(plugin, diagnostics)
    assert loaded is not None
    drop_ignored(diagnostics, [loaded.folder])
    assert diagnostics.all == []
    assert under_sdk(plugin, [], {}, tmp_path) == []


def test_a_new_trigger_plugin_loads_in_the_sdk(
    under_sdk: UnderSdk, command: Command, tmp_path: Path
) -> None:
    made = command("init", "mine", "--template", "trigger", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert under_sdk(tmp_path / "mine", [], {}, tmp_path) == []


@pytest.mark.parametrize("template", [each for each in TEMPLATES if each != "trigger"])
def test_a_new_plugin_loads_and_answers_in_the_sdk(
    template: str, under_sdk: UnderSdk, command: Command, tmp_path: Path
) -> None:
    made = command("init", "mine", "--template", template, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    settings = {"app": {"app_id": "a"}, "api_key": "k", "token": "t", "secret_token": "t"}
    settings |= {"webhook_secret": "s", "signing_secret": "s", "bot_token": "b"}
    [answered] = under_sdk(tmp_path / "mine", [REQUESTS[template]], settings, tmp_path)
    assert answered.status in (200, 401, 403), answered


def test_neko_answers_in_the_sdk_as_its_bundle_does(
    under_sdk: UnderSdk, neko: Path, tmp_path: Path
) -> None:
    requests = [
        Sent("GET", "/duck/42"),
        Sent("GET", "/neko"),
        Sent("POST", "/echo", '{"say": "にゃん"}'.encode()),
        Sent("POST", "/echo", b"no JSON"),
        Sent("OPTIONS", "/echo"),
        Sent("PUT", "/mood/happy"),
        Sent("GET", "/qr?text=hi"),
    ]

    theirs = under_sdk(ROOT / "plugins/neko", requests, SETTINGS, tmp_path)

    assert in_bundle(neko, requests, {}) == theirs


@dataclass
class Both:
    """Runs an example on both sides, with the same apps behind them."""

    under_sdk: UnderSdk
    build: Build
    work: Path

    def answers(
        self, name: str, requests: list[Sent], settings: dict[str, Any], modes: dict[str, str]
    ) -> tuple[list[Answered], list[Answered]]:
        """Return what the bundle answers, and what the SDK does."""
        plugin = ROOT / "plugins" / name
        with FakeDaemon(modes, user=f"dify-plugin-{name}") as daemon:
            theirs = self.under_sdk(plugin, requests, settings, self.work, daemon.url)
        (bundle,) = (path for path in self.build(plugin).iterdir() if path.is_dir())
        with FailingDify(modes) as dify:
            env = {
                "PACKAGER_DIFY": dify.url,
                "PACKAGER_STORAGE": str(self.work / "storage.sqlite"),
                **local_environment(LocalSettings(settings)),
            }
            return in_bundle(bundle, requests, env), theirs


@pytest.fixture
def both(under_sdk: UnderSdk, build: Build, tmp_path: Path) -> Both:
    return Both(under_sdk, build, tmp_path)


@pytest.mark.parametrize("mode", ["chat", "workflow", "completion"])
def test_mcp_server_answers_in_the_sdk_as_its_bundle_does(both: Both, mode: str) -> None:
    def call(name: str, **arguments: object) -> Sent:
        params = {"name": name, "arguments": arguments}
        return message("tools/call", params)

    def message(method: str, params: object = None, token: str = "t") -> Sent:
        content = {"jsonrpc": "2.0", "id": 7, "method": method}
        if params is not None:
            content["params"] = params
        accept = {"Accept": "application/json, text/event-stream"}
        return posted("/mcp", content, Authorization=f"Bearer {token}", **accept)

    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "me", "version": "1"},
    }
    settings = {"app": {"app_id": "one"}, "app_type": mode, "tool_name": "ask", "token": "t"}
    settings["tool_description"] = "Asks."
    requests = [
        message("initialize", hello),
        message("tools/list"),
        call("ask", query="世界?"),
        call("ask", query="again"),
        call("ask"),
        call("other"),
        message("nonsense"),
        message("tools/list", token="wrong"),
        Sent("POST", "/mcp", b"{", {"Authorization": "Bearer t"}),
    ]

    ours, theirs = both.answers("mcp_server", requests, settings, {"one": mode})

    assert ours == theirs
    assert [each.status for each in ours[:4]] == [200] * 4


# As an advanced chat it is a client's in tests/plugins/test_openai_facade.py.
@pytest.mark.parametrize(
    "mode", ["chat", "agent-chat", pytest.param("advanced-chat", marks=pytest.mark.soak)]
)
def test_openai_facade_answers_in_the_sdk_as_its_bundle_does(both: Both, mode: str) -> None:
    def chat(content: object, key: str = "k", **more: object) -> Sent:
        asked = {"messages": [{"role": "user", "content": content}], **more}
        return posted("/v1/chat/completions", asked, Authorization=f"Bearer {key}")

    settings: dict[str, Any] = {"app": {"app_id": "one"}, "api_key": "k", "model": "dify"}
    for setting, kind in (("llm", "llm"), ("embedding", "text-embedding")):
        settings[setting] = {"provider": "fake", "model": f"its-{setting}", "model_type": kind}
    tool = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}
    model: dict[str, Any] = {"model": "its-llm", "temperature": 0.5, "stop": "x"}
    key: dict[str, str] = {"Authorization": "Bearer k"}
    requests = [
        Sent("GET", "/v1/models", headers={"Authorization": "Bearer k"}),
        Sent("GET", "/v1/models"),
        chat("Hello, 世界"),
        chat("Hello, 世界", stream=True),
        chat("Hello", stream=True, stream_options={"include_usage": True}),
        chat([]),
        chat("Hello", key="wrong"),
        chat([{"type": "text", "text": "Hello, 世界"}, image], **model),
        chat("Hello, 世界", stream=True, stream_options={"include_usage": True}, **model),
        chat("the weather", tools=[tool], **model),
        chat("the weather", stream=True, tools=[tool], **model),
        chat([{"type": "input_audio"}], **model),
        posted("/v1/embeddings", {"input": ["a", "b"], "model": "x"}, **key),
        posted("/v1/embeddings", {"input": "a", "encoding_format": "base64"}, **key),
        posted("/v1/embeddings", {"input": [1]}, **key),
    ]

    ours, theirs = both.answers("openai_facade", requests, settings, {"one": mode})

    for each in (*ours, *theirs):
        each.body = OF_ITS_OWN.sub(b"0", each.body)
    assert ours == theirs
    assert b"\xe4\xb8\x96" in theirs[2].body or b"\\u4e16" in theirs[2].body


FAILING = """\
import json

from dify_plugin import Endpoint
from werkzeug import Response


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        asked = r.args.to_dict()
        app = asked.pop("app")
        try:
            answer = self.session.app.chat.invoke(app, inputs={}, **asked)
            if isinstance(answer, dict):
                return Response(json.dumps(answer))
            first = next(answer)
        except Exception as error:
            return Response(str(error), 502)

        def body():
            yield first["answer"]
            for event in answer:
                yield event.get("answer") or json.dumps(event, sort_keys=True)

        return Response(body())
"""
ERROR = {"event": "error", "status": 400, "code": "provider_quota_exceeded", "message": "No more."}


class FailingDaemon(FakeDaemon):
    """Streams of its apps end after their first event, with an error."""

    def _app(self, request: dict[str, Any]) -> Any:
        answer = super()._app(request)
        if isinstance(answer, dict):
            return answer
        return iter((next(event for event in answer if event), ERROR))


def test_apps_fail_in_the_sdk_as_in_a_bundle(
    under_sdk: UnderSdk, build: Build, tmp_path: Path
) -> None:
    """An error event arrives, and the partial answer with it; other failures raise their text."""
    plugin = tmp_path / "plugin"
    shutil.copytree(ROOT / "plugins/neko", plugin)
    (plugin / "endpoints/duck.py").write_text(FAILING)
    modes = {"one": "chat", "agent": "agent-chat"}
    requests = [
        Sent("GET", f"/duck/1?{query}")
        for query in (
            "app=one&query=hi&response_mode=streaming",
            "app=one&query=hi&response_mode=blocking",
            "app=one&query=&response_mode=streaming",
            "app=agent&query=hi&response_mode=blocking",
        )
    ]
    with FailingDaemon(modes, user="dify-plugin-neko") as daemon:
        theirs = under_sdk(plugin, requests, SETTINGS, tmp_path, daemon.url)
    bundle = build(plugin) / "NekoFunction"
    with FailingDify(modes) as dify:
        dify.failures.append(
            InjectedFailure(after=2, garbage=f"data: {json.dumps(ERROR)}\n\n".encode())
        )
        ours = in_bundle(bundle, requests, {"PACKAGER_DIFY": dify.url})

    for each in (*ours, *theirs):
        each.body = re.sub(rb'(?<=_id": ")[0-9a-f-]+|(?<="id": ")[0-9a-f-]+', b"", each.body)
    assert ours == theirs
    assert ours[0].body == b"[1]" + json.dumps(ERROR, sort_keys=True).encode()
    assert [each.status for each in ours] == [200, 200, 502, 502]
    assert ours[3].body == b"Agent Chat App does not support blocking mode"


def test_slack_bot_posts_in_the_sdk_what_its_bundle_posts(both: Both) -> None:
    def event(content: object, secret: str = "s", **headers: str) -> Sent:
        body, now = json.dumps(content).encode(), str(int(time.time()))
        signed = hmac.new(secret.encode(), f"v0:{now}:".encode() + body, "sha256").hexdigest()
        named = {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={signed}"}
        return Sent("POST", "/", body, {"Content-Type": "application/json", **named, **headers})

    def mention(text: str, **more: str) -> dict[str, object]:
        inner = {"type": "app_mention", "user": "U1", "text": f"<@U0> {text}", "ts": "1.1"}
        return {
            "type": "event_callback",
            "team_id": "T1",
            "event": {**inner, "channel": "C1", **more},
        }

    requests = [
        event({"type": "url_verification", "challenge": "c"}),
        event(mention("is it &lt;everything&gt;?")),
        event(mention("and now?", ts="1.2", thread_ts="1.1")),
        event(mention("again"), **{"X-Slack-Retry-Num": "1"}),
        event(mention("forged"), secret="guess"),
    ]
    with slack_api("xoxb") as slack:
        settings = {
            "app": {"app_id": "one"},
            "bot_token": "xoxb",
            "signing_secret": "s",
            "api_url": slack.url,
        }
        ours, theirs = both.answers("slack_bot", requests, settings, {"one": "chat"})

    assert ours == theirs
    assert [each.status for each in ours] == [200, 200, 200, 200, 401]
    in_sdk, in_bundles = slack.posted[:2], slack.posted[2:]
    assert in_sdk == in_bundles
    assert [each["text"] for each in in_sdk] == ["[1] is it <everything>?", "[2] and now?"]
