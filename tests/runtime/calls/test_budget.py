"""What a cold call of a model or a tool loads: the client's own modules, and nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.runtime.calls.conftest import Make
from tests.support.builders import Bundle, endpoint, url
from tests.support.model_server import Reply, aws_event, aws_events, events, reply

# Nothing of these may a call import: they cost from 1 to 100 ms each.
HEAVY = {
    *("_decimal", "asyncio", "boto3", "botocore", "concurrent", "copy", "dataclasses", "decimal"),
    *("difflib", "email", "hashlib", "http", "httpx", "importlib.metadata", "inspect", "json"),
    *("logging", "numbers", "openai", "pathlib", "pydantic", "random", "requests", "socket"),
    *("ssl", "tempfile", "typing", "urllib.request", "uuid", "yaml"),
}
CALLS = {
    "app.backends",
    "calls",
    "calls.answering",
    "calls.errors",
    "calls.server",
    "calls.values",
    "http_client",
    "http_client.connection",
    "http_client.pool",
    "http_client.response",
    "http_client.stream",
    "json_codec",
}
KEYS = {"calls.keys", "settings.keys", "settings.source_kinds", "settings.sources"}
OPENAI = {
    *("calls.model_names", "calls.openai", "calls.openai.api", "calls.openai.chat"),
    *("calls.openai.requests", "http_client.event_stream"),
}
BEDROCK = {
    *("aws", "aws.credentials", "aws.endpoints", "aws.errors", "aws.sigv4"),
    *("calls.bedrock", "calls.bedrock.api", "calls.bedrock.converse", "calls.bedrock.event_stream"),
    *("calls.bedrock.requests", "calls.model_names", "calls.signed"),
}
MODELS = {"invocations", "invocations.model", "invocations.model.llm"}
MODEL = """
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
config = LLMModelConfig(provider="p", model="m", mode="chat")
if r.path == "/b":
    messages = [UserPromptMessage(content="hi")]
    for chunk in self.session.model.llm.invoke(config, messages):
        usage = chunk.delta.usage
    assert usage.total_tokens == 0
return Response()
"""
WHOLE = """
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import UserPromptMessage
config = LLMModelConfig(provider="p", model="m", mode="chat")
if r.path == "/b":
    messages = [UserPromptMessage(content="hi")]
    result = self.session.model.llm.invoke(config, messages, stream=False)
    assert (result.message.content, result.usage.total_tokens) == ("Hello", 0)
return Response()
"""
TOOL = """
if r.path == "/b":
    list(self.session.tool.invoke_builtin_tool("a", "b", {}))
return Response()
"""
HELLO = events(
    {"choices": [{"index": 0, "delta": {"content": "Hello"}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
)
OPERATION = {"method": "GET", "path": "/x", "parameters": (), "body": None}
CONVERSE = aws_events(
    aws_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}}),
    aws_event("messageStop", {"stopReason": "end_turn"}),
)


@pytest.mark.parametrize(
    ("source", "provider", "answer", "runtime", "sdk"),
    [
        (MODEL, "openai", HELLO, CALLS | KEYS | OPENAI, MODELS),
        (WHOLE, "openai", HELLO, CALLS | KEYS | OPENAI, MODELS),
        (MODEL, "bedrock", CONVERSE, CALLS | BEDROCK, MODELS),
        (
            TOOL,
            "openai",
            reply({"a": 1}),
            CALLS
            | KEYS
            | {"calls.tools", "calls.tools.find", "calls.tools.http_api", "calls.tools.messages"},
            {"invocations", "invocations.tool"},
        ),
    ],
)
def test_modules(
    models: Make,
    bundle: Callable[..., Bundle],
    source: str,
    provider: str,
    answer: Reply,
    runtime: set[str],
    sdk: set[str],
) -> None:
    server = models(answer).server
    made = bundle(
        {"bot.py": endpoint(source)},
        ROUTES=(("/a", "GET", "bot.py"), ("/b", "GET", "bot.py")),
        MODELS={
            **{"provider": provider, "base_url": server.url, "region": None},
            "names": {"*": "m"},
        },
        TOOLS={"a/b": ("openapi", {"url": server.url, **OPERATION})},
    )
    aws = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret-4711",
    }

    found = added(made, url(path="/a"), url(path="/b"), **aws)

    assert found & HEAVY == set()
    assert of(found, "endpoint_runtime") == runtime
    calls = {each for each in of(found, "dify_plugin") if each.startswith("invocations")}
    assert calls == sdk


def of(modules: set[str], package: str) -> set[str]:
    """Those of a package, by their names in it."""
    start = f"{package}."
    return {each.removeprefix(start) for each in modules if each.startswith(start)}


def added(
    made: Bundle, before: dict[str, Any], event: dict[str, Any], **environment: str
) -> set[str]:
    """The modules that a request to `/b` loads after one to `/a`, in a process of its own."""
    code = (
        "import sys, json\n"
        "from endpoint_runtime.lambda_handler import handler\n"
        f"assert handler({before!r}, None)['statusCode'] == 200\n"
        "before = set(sys.modules)\n"
        f"assert handler({event!r}, None)['statusCode'] == 200\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    done = made.run(code, **environment)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))
