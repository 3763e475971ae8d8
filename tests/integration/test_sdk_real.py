"""`sdk = "real"`: the bundle holds the real SDK, and this runtime answers its sessions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packager.host.cache import cache_folder
from packager.local.fake_dify.server import FakeDify
from packager.local.http_reply import read_reply
from packager.local.invoke import invoke_bundle
from packager.local.request_event import make_event
from tests.support.capabilities import drop_override
from tests.support.examples import Command
from tests.support.plugin_writer import write_plugin

SOURCE = """\
import json
import logging
import socket
import sys
import threading

import dify_plugin
from dify_plugin import Endpoint
from dify_plugin.config.logger_format import plugin_logger_handler
from dify_plugin.core.plugin_registration import PluginRegistration
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from dify_plugin.invocations.app.chat import ChatAppInvocation
from werkzeug import Response

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)
logger.addHandler(plugin_logger_handler)


def told(call):
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        session, storage = self.session, self.session.storage
        logger.info("asked for %s", values["app_id"])
        session.writer.log({"said": "by the writer"})
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
    assert b"session.tool.invoke_builtin_tool is answered by nothing" in done.stderr
    return folder / "out" / "TinyFunction"


def ask(bundle: Path, path: str, **env: str) -> dict[str, Any]:
    made = invoke_bundle(bundle, make_event("GET", path, (), b"", "2.0"), env=env)
    reply = read_reply(made.reply)
    assert reply is not None
    assert reply.status == 200, made.log.decode()
    said: dict[str, Any] = json.loads(reply.body)
    return said


def test_its_own_parts_are_the_sdks_and_its_sessions_ours(bundle: Path) -> None:
    assert not (bundle / "dify_plugin/_entity/entity.py").exists()
    unavailable = (
        "InvocationUnavailable: session.{} is not available: this plugin runs outside Dify, and "
        "nothing is configured to answer the call ({} or dify.inner_url would)"
    )

    assert ask(bundle, "/duck/none") == {
        "sdk": ["dify_plugin", "__init__.py"],
        "pydantic": "pydantic.main",
        "patched": "socket[1]",
        "missing": "Exception: load data failed, please check if the key is correct or you have "
        "not set it",
        "stored": [None, True, "ff31"],
        "deleted": [None, False],
        "tool": unavailable.format("tool.invoke", "[tools]"),
        "model": unavailable.format("model.llm.invoke", "[models]"),
        "endpoint": ["TinyFunction", "serverless"],
        "path": True,
        "submitted": 5,
    }


def test_apps_and_files_are_answered_by_the_service_api(bundle: Path) -> None:
    said = ask(bundle, "/duck/app-1", APP_KEY="chat-1")

    assert said["blocking"]
    assert said["streamed"] == said["blocking"]
    assert said["file"] == "image"


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_its_log_handler_writes_lines_of_the_functions_log(bundle: Path, log_format: str) -> None:
    env = {"AWS_LAMBDA_LOG_FORMAT": log_format, "APP_KEY": "none"}
    made = invoke_bundle(bundle, make_event("GET", "/duck/none", (), b"", "2.0"), env=env)

    log = made.log.decode().splitlines()
    assert not any('"event": "log"' in line for line in log)  # the SDK's protocol
    for message in ("asked for none", '{"said": "by the writer"}'):
        if log_format == "JSON":
            entries = [json.loads(line) for line in log if line.startswith("{")]
            (entry,) = [each for each in entries if each["message"] == message]
            assert entry["level"] == "INFO"
            assert entry["requestId"] == entries[-1]["requestId"] != ""
        else:
            (line,) = [line for line in log if message in line]
            level, _, request_id, said = line.split("\t")
            assert (level, said) == ("[INFO]", message)
            assert request_id == log[-1].split("\t")[2] != ""


# By either entry for bundles without the SDK: tests/integration/test_read_only_bundle.py.
@pytest.mark.parametrize(
    "bundle", ["fast", pytest.param("stock", marks=pytest.mark.soak)], indirect=True, scope="module"
)
def test_it_runs_where_nothing_can_be_written(bundle: Path, tmp_path: Path) -> None:
    """As on Lambda: a user without a home, a bundle that is read-only, caches nowhere."""
    copy = Path(shutil.copytree(bundle, tmp_path / bundle.name))
    inside = [copy, *copy.rglob("*")]
    for path in inside:
        path.chmod(path.stat().st_mode & ~0o222)
    command = [sys.executable, "-m", "packager", "invoke", str(copy), "--request", "GET /duck/none"]
    cache = cache_folder()  # of packager's own; the function has but HOME
    assert cache is not None
    places = {"HOME": "/nowhere", "XDG_CACHE_HOME": str(cache.parents[1])}
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **places, "XDG_STATE_HOME": str(tmp_path / "state")},
            preexec_fn=drop_override,
            capture_output=True,
            timeout=120,
            check=False,
        )
        written = [path for path in copy.rglob("*") if path not in inside]
    finally:
        for path in inside:
            path.chmod(path.stat().st_mode | 0o200)

    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["submitted"] == 5
    assert written == []
