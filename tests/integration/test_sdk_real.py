"""`sdk = "real"`: the bundle holds the real SDK, and this runtime answers its sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packager.events import make_event
from packager.fake_dify import FakeDify
from packager.invoke import invoke_bundle
from packager.reply import read_reply
from tests.integration.conftest import Command
from tests.plugin_writer import write_plugin

SOURCE = """\
import json
import socket
import sys
import threading

import dify_plugin
from dify_plugin import Endpoint
from dify_plugin.core.plugin_registration import PluginRegistration
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from dify_plugin.invocations.app.chat import ChatAppInvocation
from werkzeug import Response


def told(call):
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        session, storage = self.session, self.session.storage
        message = UserPromptMessage(content="hi")
        config = LLMModelConfig(provider="p", model="m", mode="chat")
        done = []
        thread = threading.Thread(target=done.append, args=(1,))
        thread.start()
        thread.join()
        said = {
            "sdk": dify_plugin.__file__.split("/")[-2:],
            "pydantic": type(message).__mro__[-2].__module__,
            "patched": socket.socket.__module__ + str(done),
            "missing": told(lambda: storage.get("k")),
            "stored": [storage.set("k", b"\\xff1"), storage.exist("k"), storage.get("k").hex()],
            "deleted": [storage.delete("k"), storage.exist("k")],
            "tool": told(lambda: session.tool.invoke_builtin_tool("p", "t", {})),
            "model": told(lambda: session.model.llm.invoke(config, [message], stream=False)),
            "endpoint": [session.endpoint_id, session.install_method.value],
            "path": sys.path[0].endswith("/plugin"),
            "submitted": session._executor.submit(lambda: 5).result(),
        }
        if values["app_id"] != "none":
            app = session.app.chat
            said["blocking"] = app.invoke(values["app_id"], "hi", {}, "blocking")["answer"]
            events = ChatAppInvocation(session).invoke(values["app_id"], "hi", {})
            said["streamed"] = "".join(e.get("answer", "") for e in events)
            said["file"] = session.file.upload("a.png", b"x", "image/png").type.value
        return Response(json.dumps(said), content_type="application/json")
"""


@pytest.fixture(scope="module")
def dify() -> Iterator[FakeDify]:
    with FakeDify() as fake:
        yield fake


@pytest.fixture(scope="module", params=["fast", "stock"])
def bundle(
    request: pytest.FixtureRequest,
    dify: FakeDify,
    tmp_path_factory: pytest.TempPathFactory,
    command: Command,
    target: tuple[str, ...],
) -> Path:
    folder = tmp_path_factory.mktemp("real")
    plugin = write_plugin(
        folder / "plugin",
        {
            "endpoints/duck.py": SOURCE,
            "group/tiny.yaml": "endpoints: [endpoints/duck.yaml]\n",
            "requirements.txt": "dify_plugin>=0.9\n",
            "packager.toml": f'sdk = "real"\nentry = "{request.param}"\nstorage = "memory"\n'
            f'[dify]\nbase_url = "{dify.url}"\n[apps]\n"app-1" = {{env = "APP_KEY"}}\n',
        },
    )
    done = command("build", plugin, "-o", folder / "out", *target)
    assert done.returncode == 0, done.stderr
    assert b"PluginRegistration" not in done.stderr  # no import is missing
    assert b"session.tool.invoke_builtin_tool is not answered" in done.stderr
    return folder / "out" / "TinyFunction"


def ask(bundle: Path, path: str, **env: str) -> dict[str, Any]:
    made = invoke_bundle(bundle, make_event("GET", path, (), b"", "2.0"), env=env)
    reply = read_reply(made.reply)
    assert reply is not None
    assert reply.status == 200, made.log.decode()
    said: dict[str, Any] = json.loads(reply.body)
    return said


def test_its_own_parts_are_the_sdks_and_its_sessions_ours(bundle: Path) -> None:
    assert not (bundle / "dify_plugin/core/entity.py").exists()
    unavailable = (
        "InvocationUnavailable: session.{} is not available: this plugin runs outside Dify, and "
        "nothing is configured to answer the call"
    )

    assert ask(bundle, "/duck/none") == {
        "sdk": ["dify_plugin", "__init__.py"],
        "pydantic": "pydantic.main",
        "patched": "socket[1]",
        "missing": "Exception: load data failed, please check if the key is correct or you have "
        "not set it",
        "stored": [None, True, "ff31"],
        "deleted": [None, False],
        "tool": unavailable.format("tool.invoke"),
        "model": unavailable.format("model.llm.invoke"),
        "endpoint": ["TinyFunction", "serverless"],
        "path": True,
        "submitted": 5,
    }


def test_apps_and_files_are_answered_by_the_service_api(bundle: Path) -> None:
    said = ask(bundle, "/duck/app-1", APP_KEY="chat-1")

    assert said["blocking"]
    assert said["streamed"] == said["blocking"]
    assert said["file"] == "image"
