"""`sdk = "real"`: the session behind every kind of release of the SDK, each in one process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from packager.bundle.runtime.files import runtime_files
from packager.host.interpreter import Interpreter
from tests.support.builders import endpoint, literals, url, write_files
from tests.support.failing_dify import FailingDify, InjectedFailure
from tests.support.model_server import ModelServer, Reply, events, reply
from tests.support.sdk_folder import sdk_folder

# The newest of each line that differs in what the runtime leans on. Beside the oldest, the oldest
# that the examples take, and the newest, they prove the same once more.
TELLING = ("0.2.4", "0.4.4", "0.10.2")
RELEASES = [
    pytest.param(version, marks=[pytest.mark.soak] if version not in TELLING else [])
    for version in ("0.2.4", "0.3.2", "0.4.4", "0.5.1", "0.7.4", "0.9.1", "0.10.2")
]
SECRET = "app-key-4711"
SOURCE = endpoint("""
import importlib.metadata
import json
import dify_plugin
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
from dify_plugin.invocations.app.chat import ChatAppInvocation

def told(call, *arguments):
    try:
        return call(*arguments)
    except Exception as error:
        return [str(error), getattr(error, "status", None), getattr(error, "code", None)]

session, storage, app = self.session, self.session.storage, self.session.app
said = {"release": importlib.metadata.version("dify_plugin")}
said["timeout"] = session.max_invocation_timeout
session.max_invocation_timeout = 1
said["silent"] = told(app.chat.invoke, "chat", "hi", {}, "blocking")
said["blocking"] = app.chat.invoke("chat", "hi", {}, "blocking")["answer"]
events = ChatAppInvocation(session).invoke("chat", "hi", {})
said["streamed"] = "".join(event.get("answer", "") for event in events)
failing = app.workflow.invoke("workflow", {"a": "b c"}, response_mode="streaming")
said["failing"] = [event["event"] for event in failing]
said["workflow"] = app.workflow.invoke("workflow", {"a": 1})["data"]["outputs"]
said["refused"] = told(app.completion.invoke, "completion", {"a": 1})
said["completion"] = app.completion.invoke("completion", {"a": 1}, "blocking")["answer"]
said["unknown"] = told(app.chat.invoke, "b5f8", "hi", {}, "blocking")
said["described"] = app.fetch_app("chat")["opening_statement"]
file = session.file.upload("a.png", b"x", "image/png")
said["file"] = [type(file).__name__, file.type.value, file.to_app_parameter()["type"]]
said["uploaded"] = app.workflow.invoke("workflow", {"a": file.to_app_parameter()})["data"]["status"]
said["missing"] = told(storage.get, "k")
said["stored"] = [storage.set("k", b"\\xff1"), storage.exist("k"), storage.get("k").hex()]
said["deleted"] = [storage.delete("k"), storage.exist("k")]
said["classifier"] = told(session.workflow_node.question_classifier.invoke, [], None, "q")[0]
messages = [UserPromptMessage(content="hi")]
config = LLMModelConfig(provider="p", model="m", mode="chat")
chunks = session.model.llm.invoke(config, messages, stream=True)
said["model"] = [[c.delta.message.content, c.delta.finish_reason] for c in chunks]
whole = session.model.llm.invoke(config, messages, stream=False)
said["whole"] = [type(whole).__name__, whole.message.content, whole.usage.total_tokens]
said["mcp"] = [
    [m.type.value, m.message.blob.decode(), m.meta]
    for m in session.tool.invoke_builtin_tool("a", "t", {"x": 1})
]
said["ids"] = [session.endpoint_id, session.install_method.value]
return Response(json.dumps(said), content_type="application/json")
""")
HELLO = events(
    {"choices": [{"index": 0, "delta": {"content": "Hello"}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"total_tokens": 5}},
)
MCP = (
    reply({"jsonrpc": "2.0", "id": 1, "result": {}}),
    Reply((), 202),
    reply({"id": 2, "result": {"content": [{"type": "image", "data": "eA==", "mimeType": "a/b"}]}}),
)
EXPECTED = {
    "timeout": 250,
    "silent": ["invocation exited without response after 1 seconds", 0, ""],
    "blocking": "[1] hi",
    "streamed": "[1] hi",
    "failing": ["workflow_started", "error"],
    "workflow": {"a": 1},
    "refused": ["Injected.", 400, "invalid_param"],
    "completion": "a=1",
    "unknown": ["no API key is configured for the app", 0, ""],
    "described": "Hello from chat",
    "file": ["UploadFileResponse", "image", "image"],
    "uploaded": "succeeded",
    "missing": [
        "load data failed, please check if the key is correct or you have not set it",
        None,
        None,
    ],
    "stored": [None, True, "ff31"],
    "deleted": [None, False],
    "classifier": "there are no classes",
    "model": [["Hello", None], ["", "stop"]],
    "whole": ["LLMResult", "Hello", 5],
    "mcp": [["blob", "x", {"mime_type": "a/b"}]],
    "ids": ["TestFunction", "serverless"],
}


@pytest.mark.parametrize("version", RELEASES)
def test_the_session_behind_a_release(
    version: str, interpreter: Interpreter, tmp_path: Path
) -> None:
    apps = ("chat", "workflow", "completion")
    with ExitStack() as stack:
        dify = stack.enter_context(FailingDify(keys={app: f"{SECRET}-{app}" for app in apps}))
        dify.failures += [
            InjectedFailure(path="/chat-messages", after=2, stall=20),
            InjectedFailure(path="/run", after=1, garbage=b'data: {"event": "error"}\n\n'),
            InjectedFailure(path="/completion-messages", status=400, code="invalid_param"),
        ]
        models = stack.enter_context(ModelServer(HELLO))
        tools = stack.enter_context(ModelServer(*MCP))
        bundle = make_bundle(
            tmp_path,
            MODELS={"provider": "openai", "base_url": models.url, "names": {}},
            TOOLS={"a/*": ("mcp", {"url": tools.url, "tool": None})},
            SDK="real",
            STORAGE=("memory", {}),
            DIFY_BASE_URL=dify.url,
            APPS={app: ("literal", f"{SECRET}-{app}") for app in apps},
            ROUTES=(("/", "GET", "all.py"),),
        )
        reply, log = ask(bundle, sdk_folder(interpreter, f"dify_plugin=={version}"), interpreter)

    assert reply["statusCode"] == 200, log
    assert json.loads(reply["body"]) == {"release": version, **EXPECTED}
    for line in (
        "app workflow: the app failed",
        "app completion: 400 invalid_param: Injected.",
        "app b5f8: no API key is configured for it. Create one in Dify",
        "after 1 seconds: 127.0.0.1:",
    ):
        assert log.count(line) == 1, log
    assert SECRET not in log


def make_bundle(parent: Path, **values: Any) -> Path:
    """The root of a bundle as `sdk = "real"` has it, without its dependencies."""
    root = parent / "bundle"
    for source, name in runtime_files("real"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, root / name)
    text = "".join(f"{name} = {value!r}\n" for name, value in literals(**values).items())
    (root / "endpoint_runtime/_bundle.py").write_text(text)
    write_files(root / "plugin", {"all.py": SOURCE})
    return root


def ask(bundle: Path, sdk: Path, interpreter: Interpreter) -> tuple[dict[str, Any], str]:
    """The reply to one event, and the log."""
    code = (
        "import json, sys\n"
        "from endpoint_runtime.lambda_handler import handler\n"
        "reply = handler(json.loads(sys.argv[1]), None)\n"
        "print(json.dumps(reply))\n"
    )
    done = subprocess.run(
        [interpreter.path, "-S", "-B", "-c", code, json.dumps(url(path="/"))],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{bundle}:{sdk}"},
        cwd=bundle,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    reply: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return reply, done.stderr
