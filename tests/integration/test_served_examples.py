"""Served answers are those of `packager invoke` and of AWS's emulator, byte for byte."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from packager.contract import DIFY_VARIABLE, STORAGE_VARIABLE
from packager.local.fake_dify.server import FakeDify
from packager.local.http_reply import HttpReply, read_reply
from packager.local.invoke import invoke_bundle
from packager.plugin.functions import FunctionPlan
from packager.settings.local_file import LocalSettings, local_environment
from tests.support.benched import benched
from tests.support.examples import ROOT, Build
from tests.support.fake_workbench import plans_of
from tests.support.rie import emulator

KEY = "a key of this test's own"
JSON = {"Content-Type": "application/json"}
BEARER = {**JSON, "Authorization": f"Bearer {KEY}"}


@dataclass(frozen=True)
class Ask:
    """A request, the status it gets, and a part of what is answered."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    status: int
    has: bytes


def signed(name: str, prefix: str, text: bytes) -> dict[str, str]:
    digest = hmac.new(KEY.encode(), text, hashlib.sha256).hexdigest()
    return {name: f"{prefix}{digest}"}


def slack(content: object, status: int, has: bytes) -> Ask:
    body, now = json.dumps(content).encode(), str(int(time.time()))
    signature = signed("X-Slack-Signature", "v0=", f"v0:{now}:".encode() + body)
    headers = {**JSON, "X-Slack-Request-Timestamp": now, **signature}
    return Ask("POST", "/", headers, body, status, has)


def github(content: object, status: int, has: bytes) -> Ask:
    body = json.dumps(content).encode()
    headers = {
        **JSON,
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        **signed("X-Hub-Signature-256", "sha256=", body),
    }
    return Ask("POST", "/webhook", headers, body, status, has)


def posted(
    target: str, headers: Mapping[str, str], content: object, status: int, has: bytes
) -> Ask:
    return Ask("POST", target, headers, json.dumps(content).encode(), status, has)


def chat(**more: object) -> dict[str, object]:
    return {"model": "dify", "messages": [{"role": "user", "content": "Grüße"}], **more}


APP = {"app": {"app_id": "assistant"}}
SETTINGS: dict[str, dict[str, Any]] = {
    "github_trigger": {},
    "github_webhook": {"webhook_secret": KEY},
    "mcp_server": {**APP, "token": KEY},
    "neko": {"api_key": KEY},
    "openai_facade": {**APP, "api_key": KEY},
    "slack_bot": {**APP, "bot_token": KEY, "signing_secret": KEY, "api_url": "http://127.0.0.1:9/"},
    "telegram_bot": {**APP, "secret_token": KEY},
}
TOKEN = {"X-Telegram-Bot-Api-Secret-Token": KEY, **JSON}
TOOL = {"name": "ask", "arguments": {"query": "にゃん"}}
PUSH = {"ref": "refs/heads/main", "commits": [], "repository": {"full_name": "a/b"}}


def requests() -> dict[str, tuple[Ask, ...]]:
    """What each example is asked; made by each test, as a signature of Slack's ends in minutes."""
    return {
        "github_trigger": (posted(f"/e/{'a' * 24}", JSON, {}, 404, b""),),  # nobody's address
        "github_webhook": (
            # In this order: it counts what came to its own process.
            Ask("GET", "/", {}, None, 200, b"GitHub deliveries"),
            github(PUSH, 200, b"pushed 0 commits"),
        ),
        "mcp_server": (
            posted(
                "/mcp",
                {**BEARER, "Accept": "application/json, text/event-stream"},
                {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": TOOL},
                200,
                "にゃん".encode(),
            ),
            posted("/mcp", JSON, {}, 401, b""),
        ),
        "neko": (
            Ask("HEAD", "/duck/42", {}, None, 200, b""),
            Ask("GET", "/neko", {"Cookie": "mood=purring; a=1"}, None, 200, b"Nyan"),
            posted("/echo?a=1&a=2&b=%2F", BEARER, {"say": "にゃん"}, 200, "にゃん".encode()),
            Ask("GET", "/qr?text=x", {}, None, 200, b"<svg"),
            Ask("PUT", "/mood/purring", {}, b"", 204, b""),
            Ask("GET", "/neko/?x=1", {}, None, 404, b""),
            Ask("GET", "/d%C3%BCck//x", {}, None, 404, b""),
        ),
        "openai_facade": (
            posted("/v1/chat/completions", BEARER, chat(stream=True), 200, b"data: [DONE]"),
            posted("/v1/chat/completions", BEARER, chat(), 200, "Grüße".encode()),
            Ask("GET", "/v1/models", {}, None, 401, b"invalid_api_key"),
        ),
        "slack_bot": (
            slack({"type": "url_verification", "challenge": "ü"}, 200, "ü".encode()),
            posted("/", JSON, {}, 401, b""),
        ),
        "telegram_bot": (
            posted(
                "/",
                TOKEN,
                {"update_id": 1, "message": {"chat": {"id": 7}, "text": "Grüße"}},
                200,
                b"Gr\\u00fc\\u00dfe",
            ),
        ),
    }


# What is made at random or of the time of day, in answers of the facade.
BY_CHANCE = re.compile(rb'chatcmpl-[0-9a-f]{24}|(?<="created":) ?\d+')


Runs = Callable[[str], dict[str, str]]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """Variables for one run after another: each has a storage and a Dify of its own."""
    with ExitStack() as stack:

        def variables(name: str) -> dict[str, str]:
            dify = stack.enter_context(FakeDify())
            local = local_environment(LocalSettings(SETTINGS[name], {"assistant": "app-key"}))
            storage = tmp_path / f"{len(list(tmp_path.iterdir()))}" / "storage.sqlite"
            storage.parent.mkdir()
            return {**local, DIFY_VARIABLE: dify.url, STORAGE_VARIABLE: str(storage)}

        yield variables


def plan_and_bundle(build: Build, name: str) -> tuple[FunctionPlan, Path]:
    (plan,) = plans_of(ROOT / "plugins" / name)
    return plan, build(ROOT / "plugins" / name) / plan.logical_id


def comparable(reply: HttpReply | None) -> tuple[int, list[tuple[str, str]], bytes]:
    """What a client can tell answers apart by; the length is the gateway's to say."""
    assert reply is not None
    headers = [(name.lower(), value) for name, value in reply.headers]
    body = BY_CHANCE.sub(b"?", reply.body)
    return reply.status, [each for each in headers if each[0] not in FRAMING], body


FRAMING = ("content-length", "transfer-encoding")


@pytest.mark.parametrize("name", sorted(requests()))
def test_served_invoked_and_emulated_answers_are_equal(
    build: Build, runs: Runs, tmp_path: Path, name: str
) -> None:
    """Each by the gateway that the example is configured for; two of them stream, one by a URL."""
    plan, bundle = plan_and_bundle(build, name)
    invoked = runs(name)
    with (
        benched(plan, bundle, runs(name)) as server,
        emulator(bundle, tmp_path / "log", runs(name)) as rie,
    ):
        for ask in requests()[name]:
            got = server.ask(ask.method, ask.target, ask.headers, ask.body)
            event = server.event
            assert (got.status, ask.has in got.body) == (ask.status, True), got
            invocation = invoke_bundle(bundle, event, env=invoked)
            assert comparable(got) == comparable(read_reply(invocation.reply))
            assert comparable(got) == comparable(read_reply(rie.invoke(event)))
            # What streams is sent as it comes, without a length.
            lengths = [value for name, value in got.headers if name.lower() == "content-length"]
            assert invocation.streamed == (lengths == [] and got.status != 204)
            if ask.method != "HEAD" and got.status != 204:
                assert lengths in ([], [str(len(got.body))])


@pytest.mark.parametrize(
    ("name", "api", "stage"),
    [
        ("neko", "rest", None),
        ("neko", "rest", "dev"),
        ("neko", "http", "dev"),
        ("neko", "url", None),
        ("openai_facade", "rest", "v2"),  # a REST API streams, too
    ],
)
def test_every_gateway(build: Build, runs: Runs, name: str, api: str, stage: str | None) -> None:
    plan, bundle = plan_and_bundle(build, name)
    invoked = runs(name)
    before = f"/{stage}" if stage else ""
    with benched(plan, bundle, runs(name), api=api, stage=stage) as server:
        for ask in requests()[name]:
            got = server.ask(ask.method, before + ask.target, ask.headers, ask.body)
            event = server.event
            assert (got.status, ask.has in got.body) == (ask.status, True), got
            assert event["requestContext"]["stage"] == (
                stage or ("prod" if api == "rest" else "$default")
            )
            assert (event.get("version") is None) == (api == "rest")
            reply = read_reply(invoke_bundle(bundle, event, env=invoked).reply)
            assert comparable(got) == comparable(reply)
        if stage:
            assert server.ask("GET", "/neko", {}, None).status == 404
