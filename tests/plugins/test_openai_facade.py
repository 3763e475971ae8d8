"""plugins/openai_facade behind AWS's emulator, with the official openai client before it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.host.cache import cache_folder, cached_folder
from packager.host.uv import find_uv
from packager.local.http_reply import read_reply
from packager.local.request_event import make_event
from packager.settings.local_file import LocalSettings, local_environment
from tests.plugins.conftest import Build, dify_at
from tests.plugins.frozen import function
from tests.plugins.gateway import Gateway, gateway
from tests.plugins.timed_dify import TimedDify
from tests.support.aws.moto_server import MotoServer
from tests.support.failing_dify import FailingDify, InjectedFailure
from tests.support.model_server import ModelServer, events, reply

CLIENT = Path(__file__).with_name("openai_client.py")
LITELLM_CLIENT = Path(__file__).with_name("litellm_client.py")
LITELLM = "litellm==1.110.2"
STREAM_CLIENT = Path(__file__).with_name("openai_stream_client.py")
KEY, APP_KEY, MODELS_KEY = "sk-an-example", "app-key", "sk-of-the-models"
KEYS = {"api_key": KEY, "app_key": APP_KEY, "models_key": MODELS_KEY}
JSON = ("Content-Type", "application/json")
AUTHORIZED = ("Authorization", f"Bearer {KEY}")


@pytest.fixture(scope="module")
def dify() -> Iterator[FailingDify]:
    with FailingDify({"assistant": "advanced-chat"}, keys={"assistant": APP_KEY}) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer(reply({})) as running:
        yield running


@pytest.fixture
def endpoint(server: ModelServer) -> ModelServer:
    """What answers the models of a client, an endpoint such as OpenAI's."""
    whole = {"index": 0, "delta": {"content": "Hi"}}, {"index": 0, "delta": {"content": " there"}}
    stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    chat = events(*({"choices": [each]} for each in whole), {"choices": [stop], "usage": usage})
    embeddings = reply({"data": [{"index": n, "embedding": [n, 0.5]} for n in (0, 1)]})
    server.replies[:] = chat, chat, embeddings
    server.seen.clear()
    return server


@pytest.fixture(scope="module")
def facade(
    example: Build,
    dify: FailingDify,
    server: ModelServer,
    moto: MotoServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    secrets = moto.boto("secretsmanager")
    if not secrets.list_secrets()["SecretList"]:  # another part of this file may have run before
        secrets.create_secret(Name="openai_facade", SecretString=json.dumps(KEYS))
    log = tmp_path_factory.mktemp("facade") / "log"
    where = f'{dify_at(dify.url)}[groups.openai_facade.models]\nbase_url = "{server.url}/v1"\n'
    with gateway(example("openai_facade", where), log, moto.environment) as running:
        yield running


def test_the_official_client_chats_with_the_app_and_models(
    facade: Gateway, endpoint: ModelServer
) -> None:
    done = subprocess.run(
        [sys.executable, CLIENT, facade.url, KEY], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    usage = seen.pop("usage")
    assert usage > 0
    assert seen == {
        "models": ["dify", "gpt-4o", "text-embedding-3-small"],
        "whole": ["[1] system: Be brief.\nuser: Hello, 世界\nassistant: Hi\nuser: Go", "stop"],
        "pieces": ["[1]", " Hello,", " 世界"],
        "finish": "stop",
        "streamed usage": usage,
        "bad": "Error code: 400 - messages must be a list that is not empty",
        "guess": "invalid_api_key",
        "model": ["Hi there", 5],
        "model pieces": ["", "Hi", " there", None],
        "embeddings": [[0, 0.5], [1, 0.5]],
    }
    assert {each.headers["authorization"] for each in endpoint.seen} == {f"Bearer {MODELS_KEY}"}
    assert [each.path for each in endpoint.seen] == [
        "/v1/chat/completions",
        "/v1/chat/completions",
        "/v1/embeddings",
    ]
    assert endpoint.seen[0].json["tools"][0]["function"]["name"] == "weather"
    assert MODELS_KEY not in facade.emulator.log


@pytest.fixture(scope="module")
def litellm() -> Path:
    """A folder with LiteLLM and what it needs, 250 MB, which is made once."""
    cache = cache_folder()
    assert cache is not None

    def install(folder: Path) -> None:
        # It is imported in seconds then, where its sources take a busy machine minutes.
        target = ("--target", folder, "--python", sys.executable, "--compile-bytecode")
        subprocess.run([find_uv(), "pip", "install", "-q", *target, LITELLM], check=True)

    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return cached_folder(cache, f"tests/compiled-{LITELLM.replace('==', '-')}-{python}", install)


@pytest.mark.soak
def test_litellm_works_with_models_and_the_app(
    facade: Gateway, endpoint: ModelServer, litellm: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-B", LITELLM_CLIENT, facade.url, KEY],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(litellm)},
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "whole": ["Hi there", 5],
        "pieces": ["Hi", " there"],
        "embeddings": [[0, 0.5], [1, 0.5]],
        "app": "[1] Hello",
        "guess": 401,
    }
    assert len(endpoint.seen) == 3


def test_the_official_client_gets_pieces_while_the_app_makes_the_next(
    example: Build, tmp_path: Path
) -> None:
    env = local_environment(LocalSettings({"api_key": KEY}, {"assistant": APP_KEY}))
    dify = TimedDify({"assistant": "advanced-chat"}, keys={"assistant": APP_KEY})
    with (
        dify,
        function(example("openai_facade", dify_at(dify.url)), tmp_path / "log", env) as facade,
    ):
        dify.failures.append(InjectedFailure(pause=0.5))
        done = subprocess.run(
            [sys.executable, STREAM_CLIENT, facade.url, KEY],
            capture_output=True,
            text=True,
            timeout=60,
        )
        facade.wait_until_frozen()

    assert done.returncode == 0, done.stderr + facade.log
    came, pieces = zip(*json.loads(done.stdout), strict=True)
    assert "".join(pieces) == "[1] one two three"
    assert len(pieces) == 4
    assert came[0] < dify.moments[-1]  # the first came before the last event was made
    assert sorted(came) == list(came)


def chat(facade: Gateway, **asked: object) -> tuple[int, bytes]:
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], **asked}).encode()
    event = make_event("POST", "/v1/chat/completions", (JSON, AUTHORIZED), body, "url")
    reply = read_reply(facade.emulator.invoke(event))
    assert reply is not None
    return reply.status, reply.body


BROKEN = InjectedFailure(status=500, code="internal_server_error", message="It broke.")
# As a stream brings it: an event like the others.
FAILED = InjectedFailure(garbage=b'data: {"event": "error", "message": "It broke."}\n\n')


@pytest.mark.parametrize("fault", [BROKEN, FAILED])
@pytest.mark.parametrize("stream", [False, True])
def test_an_app_that_does_not_answer_is_a_502_streamed_or_not(
    facade: Gateway, dify: FailingDify, stream: bool, fault: InjectedFailure
) -> None:
    dify.failures.append(fault)

    status, body = chat(facade, stream=stream)

    error = {"message": "the app did not answer", "type": "server_error"}
    assert (status, json.loads(body)) == (502, {"error": {**error, "param": None, "code": None}})
    assert "It broke." in facade.emulator.log
    assert APP_KEY not in facade.emulator.log


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([{"role": "user"}], "a message's content must be text"),
        ([{"role": "assistant", "content": "x"}], "the last message must be a user's"),
        (
            [{"role": "tool", "content": "x"}],
            "a message's role must be one of system, developer, user, assistant",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url"}]}],
            "of a message's parts, only text is taken here",
        ),
    ],
)
def test_what_no_app_takes_is_refused(facade: Gateway, messages: object, message: str) -> None:
    status, body = chat(facade, messages=messages)

    assert (status, json.loads(body)["error"]["message"]) == (400, message)
