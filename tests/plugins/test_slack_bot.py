"""plugins/slack_bot behind AWS's emulator, between stand-ins of Slack's, Dify's and AWS's APIs."""

from __future__ import annotations

import contextlib
import hmac
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from packager.settings.local_file import LocalSettings, local_environment
from tests.plugins.conftest import Build, deploy_storage, dify_at, plan_of
from tests.plugins.frozen import Function, function
from tests.plugins.gateway import Gateway, gateway
from tests.support.aws.moto_server import MotoServer
from tests.support.failing_dify import FailingDify, InjectedFailure
from tests.support.slack_api import SlackApi, slack_api

SECRET, TOKEN, KEY = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-an-example", "app-of-slack"
MENTION = {
    "type": "app_mention",
    "user": "U061F7AUR",
    "text": "<@U0LAN0Z89> is it &lt;everything&gt; a river should be?",
    "ts": "1515449522.000016",
    "channel": "C123ABC456",
    "event_ts": "1515449522000016",
}


@pytest.fixture
def dify() -> Iterator[FailingDify]:
    with FailingDify({"assistant": "agent-chat"}, keys={"assistant": KEY}) as running:
        yield running


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with slack_api(TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def account(moto: MotoServer) -> MotoServer:
    """moto, with the bot's secrets in it."""
    for name, value in (("bot_token", TOKEN), ("signing_secret", SECRET), ("app_key", KEY)):
        moto.boto("ssm").put_parameter(
            Name=f"/slack_bot/{name}", Value=value, Type="SecureString", Overwrite=True
        )
    return moto


@contextlib.contextmanager
def deployed(
    storage: str, example: Build, dify: FailingDify, slack: SlackApi, moto: MotoServer, folder: Path
) -> Iterator[Gateway]:
    """Run the bot with what the template makes for it."""
    top = f'storage = "{storage}"\n'
    plan = plan_of(folder, "slack_bot", top=top)
    stored = deploy_storage(moto, plan, folder.name.replace("_", "-"))
    env = {**moto.environment, **stored, "SLACK_API_URL": slack.url}
    bundle = example("slack_bot", dify_at(dify.url), top)
    with gateway(bundle, folder / "log", env) as running:
        yield running


@pytest.fixture
def bot(
    example: Build, dify: FailingDify, slack: SlackApi, account: MotoServer, tmp_path: Path
) -> Iterator[Gateway]:
    with deployed("dynamodb", example, dify, slack, account, tmp_path) as running:
        yield running


@pytest.fixture(params=["dynamodb", "s3"])
def bot_anywhere(
    example: Build,
    dify: FailingDify,
    slack: SlackApi,
    account: MotoServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Gateway]:
    with deployed(request.param, example, dify, slack, account, tmp_path) as running:
        yield running


def environment(slack: SlackApi, folder: Path) -> dict[str, str]:
    """The function's variables where neither AWS nor its table is, as on a developer's machine."""
    settings = {"bot_token": TOKEN, "signing_secret": SECRET}
    return {
        **local_environment(LocalSettings(settings, {"assistant": KEY})),
        "PACKAGER_STORAGE": str(folder / "storage.db"),
        "SLACK_API_URL": slack.url,
    }


def event(**changes: object) -> dict[str, object]:
    return {
        "token": "z26uFbvR1xHJEdHE1OQiO6t8",
        "team_id": "T123ABC456",
        "api_app_id": "A123ABC456",
        "event": {**MENTION, **changes},
        "type": "event_callback",
        "event_id": "Ev123ABC456",
        "event_time": 123456789,
    }


def send(
    bot: Gateway | Function,
    content: object,
    *,
    secret: str = SECRET,
    age: float = 0,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), f"v0:{sent}:".encode() + body, "sha256").hexdigest()
    named = {
        "Content-Type": "application/json",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": sent,
        "X-Slack-Signature": f"v0={digest}",
    }
    connection = http.client.HTTPConnection(urlsplit(bot.url).netloc, timeout=30)
    try:
        connection.request("POST", "/", body, named | (headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_slack_makes_sure_of_the_url(bot: Gateway) -> None:
    challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"

    answer = send(bot, {"type": "url_verification", "token": "x", "challenge": challenge})

    assert answer == (200, challenge.encode())


def test_a_mention_is_answered_in_its_thread_and_a_thread_is_one_conversation(
    bot_anywhere: Gateway, slack: SlackApi, dify: FailingDify
) -> None:
    bot = bot_anywhere
    assert send(bot, event()) == (200, b"")
    slack.wait_for(1)
    thread = {"ts": "1515449599.000016", "thread_ts": MENTION["ts"]}
    assert send(bot, event(text="<@U0LAN0Z89> and now?", **thread)) == (200, b"")
    slack.wait_for(2)
    assert send(bot, event(text="<@U0LAN0Z89> elsewhere", ts="1.2")) == (200, b"")

    posted = [(each["channel"], each["thread_ts"], each["text"]) for each in slack.wait_for(3)]
    assert posted == [
        ("C123ABC456", "1515449522.000016", "[1] is it <everything> a river should be?"),
        ("C123ABC456", "1515449522.000016", "[2] and now?"),
        ("C123ABC456", "1.2", "[1] elsewhere"),
    ]


def test_an_app_that_has_forgotten_is_told_what_was_said(
    bot: Gateway, slack: SlackApi, dify: FailingDify
) -> None:
    send(bot, event(text="<@U0LAN0Z89> my name is Ada"))
    slack.wait_for(1)
    dify.workspace.conversations.clear()

    send(bot, event(text="<@U0LAN0Z89> who am I?"))

    asked = "U061F7AUR: my name is Ada\nbot: [1] my name is Ada\nU061F7AUR: who am I?"
    assert slack.wait_for(2)[1]["text"] == f"[1] {asked}"


BROKEN = InjectedFailure(status=500, code="internal_server_error", message="It broke.")
# As a stream brings it: an event like the others.
FAILED = InjectedFailure(garbage=b'data: {"event": "error", "message": "It broke."}\n\n')


@pytest.mark.parametrize("fault", [BROKEN, FAILED])
def test_an_app_that_fails_is_excused_and_the_log_says_why(
    bot: Gateway, slack: SlackApi, dify: FailingDify, fault: InjectedFailure
) -> None:
    dify.failures.append(fault)

    assert send(bot, event()) == (200, b"")

    text = "I could not get an answer. Please try again later."
    assert slack.wait_for(1)[0]["text"] == text
    log = bot.emulator.log
    assert "no answer to a mention" in log
    assert "It broke." in log
    assert [secret for secret in (SECRET, TOKEN, KEY) if secret in log] == []


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (event(), {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}),
        (event(bot_id="B19LU7CSY"), {}),
        (event(subtype="bot_message"), {}),
        (event(type="message"), {}),
        ({"type": "app_rate_limited"}, {}),
    ],
)
def test_what_is_taken_and_left_at_that(
    bot: Gateway, slack: SlackApi, dify: FailingDify, content: object, headers: dict[str, str]
) -> None:
    assert send(bot, content, headers=headers) == (200, b"")
    # The function takes a request after it has finished the one before.
    assert send(bot, {"type": "url_verification", "challenge": "x"}) == (200, b"x")
    assert (slack.posted, dify.seen) == ([], [])


@pytest.mark.parametrize(
    ("content", "options", "answer"),
    [
        (event(), {"secret": "another"}, (401, b"wrong or missing X-Slack-Signature")),
        (event(), {"age": 400}, (401, b"wrong or missing X-Slack-Signature")),
        (b"no JSON", {}, (400, b"the body must be a JSON object")),
        (b"[]", {}, (400, b"the body must be a JSON object")),
    ],
)
def test_what_is_refused(
    bot: Gateway, content: object, options: dict[str, object], answer: tuple[int, bytes]
) -> None:
    assert send(bot, content, **options) == answer  # type: ignore[arg-type]


@pytest.mark.parametrize("entry", ["fast", "stock"])
def test_a_slow_app_is_waited_for_where_lambda_freezes_the_function(
    example: Build, dify: FailingDify, slack: SlackApi, tmp_path: Path, entry: str
) -> None:
    """The app takes more than the 3 seconds that Slack waits."""
    chosen = f'[groups.slack_bot]\nentry = "{entry}"\n'
    folder = example("slack_bot", dify_at(dify.url) + chosen)
    with function(folder, tmp_path / "log", environment(slack, tmp_path)) as bot:
        bot.wait_until_frozen()
        for count in (1, 2):
            dify.failures.append(InjectedFailure(pause=0.7))

            assert send(bot, event(text="<@U0LAN0Z89> one two three")) == (200, b"")

            # AWS's client freezes with its answer, so there Slack has to wait.
            assert len(slack.posted) == (count if entry == "stock" else count - 1)
            bot.wait_until_frozen()
            assert slack.wait_for(count)[-1]["text"] == f"[{count}] one two three"
        assert "cut off" not in bot.log
