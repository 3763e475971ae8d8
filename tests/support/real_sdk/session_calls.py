"""Calls models, tools and nodes through a session, and prints what comes: the same on either SDK.

    python session_calls.py URL

With the real SDK on the path URL is a daemon's; with ours, Dify's stand-in's. Both answer alike.
"""

# It runs on either SDK, and mypy sees one.
# mypy: ignore-errors

import io
import json
import os
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dify_plugin
from dify_plugin.entities.model import EmbeddingInputType
from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import (
    AssistantPromptMessage,
    DeveloperPromptMessage,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)
from dify_plugin.entities.model.moderation import ModerationModelConfig
from dify_plugin.entities.model.rerank import MultiModalRerankModelConfig, RerankModelConfig
from dify_plugin.entities.model.speech2text import Speech2TextModelConfig
from dify_plugin.entities.model.text_embedding import (
    MultiModalContent,
    MultiModalContentType,
    MultiModalEmbeddingModelConfig,
    TextEmbeddingModelConfig,
)
from dify_plugin.entities.model.tts import TTSModelConfig
from dify_plugin.entities.tool import ToolProviderType
from dify_plugin.entities.workflow_node import ClassConfig, ModelConfig, ParameterConfig
from dify_plugin.invocations.model.llm import LLMInvocation
from dify_plugin.invocations.tool import ToolInvocation

URL = sys.argv[1]
OF = {"provider": "fake", "model": "echo"}
LLM = LLMModelConfig(**OF, mode="chat", completion_params={"temperature": 0.1})
FAILING = LLMModelConfig(provider="fake", model="failing", mode="chat")
TOOL = PromptMessageTool(name="weather", description="d", parameters={"type": "object"})
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["x"]}}}
NODE = ModelConfig(provider="fake", name="echo")


def made_session():
    if Path(dify_plugin.__file__).with_name("_entity").is_dir():
        from endpoint_runtime.app.application import Backends

        os.environ["PACKAGER_DIFY"] = URL
        bundle = types.SimpleNamespace(
            MODELS=None,
            DIFY_INNER=None,
            TOOLS={},
            OWN_TOOLS={},
            OWN_DEFAULTS={},
            KEYS={},
            APPS={},
            LEFT_OUT=(),
            SETTINGS_TTL=300,
        )
        from dify_plugin.core.runtime import Session

        return Session.of_request("endpoint", Backends(bundle))
    from dify_plugin.core.server.tcp.request_reader import TCPReaderWriter

    from dify_plugin.config.config import InstallMethod
    from dify_plugin.core.runtime import Session

    nowhere = TCPReaderWriter(host="", port=0, key="")
    return Session(
        session_id="session",
        executor=ThreadPoolExecutor(),
        reader=nowhere,
        writer=nowhere,
        install_method=InstallMethod.Serverless,
        dify_plugin_daemon_url=URL,
    )


def shown(value):
    if hasattr(value, "model_dump"):
        return [type(value).__name__, value.model_dump(mode="json"), repr(value)]
    if isinstance(value, bytes):
        return value.hex()
    return value


def say(label, call):
    try:
        found = call()
        if isinstance(found, types.GeneratorType):
            found = [shown(each) for each in found]
        print(label, json.dumps(shown(found), sort_keys=True, default=str))
    except Exception as error:
        kinds = [each.__name__ for each in type(error).__mro__]
        print(label, "raises an Exception" if "Exception" in kinds else kinds, str(error))


def call_models(session):
    llm = session.model.llm.invoke
    hello = [SystemPromptMessage(content="be"), UserPromptMessage(content="Hello big world")]
    say("streamed", lambda: llm(LLM, hello))
    say("by name", lambda: llm(model_config=LLM, prompt_messages=hello, stream=True))
    say("whole", lambda: llm(LLM, hello, stream=False))
    say("of a dict", lambda: llm(LLM.model_dump(), hello, None, ["x"], False))
    say("by class", lambda: LLMInvocation(session).invoke(LLM, hello, stream=False))
    say("tools", lambda: llm(LLM, [UserPromptMessage(content="the weather")], [TOOL]))
    say(
        "tools whole", lambda: llm(LLM, [UserPromptMessage(content="weather")], [TOOL], None, False)
    )
    call = AssistantPromptMessage.ToolCall(
        id="1",
        type="function",
        function=AssistantPromptMessage.ToolCall.ToolCallFunction(name="f", arguments="{}"),
    )
    parts = [
        TextPromptMessageContent(data="see"),
        ImagePromptMessageContent(format="png", base64_data="eA==", mime_type="image/png"),
        DocumentPromptMessageContent(format="pdf", url="https://x/a.pdf", mime_type="a/pdf"),
    ]
    talk = [
        DeveloperPromptMessage(content="d"),
        AssistantPromptMessage(content="a", tool_calls=[call]),
        ToolPromptMessage(content="t", tool_call_id="1"),
        UserPromptMessage(content=parts),
    ]
    say("all messages", lambda: llm(LLM, talk, stream=False))
    say("no messages", lambda: llm(LLM, [], stream=False))
    for stream in (True, False):
        say("failing", lambda stream=stream: llm(FAILING, hello, stream=stream))
    by_schema = session.model.llm_structured_output.invoke
    say("by schema", lambda: by_schema(LLM, hello, SCHEMA))
    say("by schema whole", lambda: by_schema(LLM, hello, SCHEMA, stream=False))
    say("by schema failing", lambda: by_schema(FAILING, hello, SCHEMA, stream=False))
    say("summary", lambda: session.model.summary.invoke("word " * 300, "be brief"))
    say("short summary", lambda: session.model.summary.invoke("short", "be brief"))


def call_other_models(session):
    model = session.model
    embedding = TextEmbeddingModelConfig(**OF)
    say("embedding", lambda: model.text_embedding.invoke(embedding, ["a", "b c"]))
    kind = EmbeddingInputType.DOCUMENT
    say("documents", lambda: model.text_embedding.invoke(embedding, ["a"], kind))
    failing = TextEmbeddingModelConfig(provider="fake", model="failing")
    say("embedding failing", lambda: model.text_embedding.invoke(failing, ["a"]))
    say("no text", lambda: model.text_embedding.invoke(embedding, ["a", None]))
    text = MultiModalContent(content="a b", content_type=MultiModalContentType.TEXT)
    several = MultiModalEmbeddingModelConfig(**OF, tenant_id="t")
    say("contents", lambda: model.text_embedding.invoke_multimodal(several, [text]))
    ranking = RerankModelConfig(**OF, score_threshold=0.4, top_n=2)
    docs = ["nothing", "a cat", "a big cat", "big"]
    say("rerank", lambda: model.rerank.invoke(ranking, docs, "big cat"))
    of_contents = MultiModalRerankModelConfig(**OF, score_threshold=0.0, top_n=1)
    say("rerank contents", lambda: model.rerank.invoke_multimodal(of_contents, text, [text]))
    voice = TTSModelConfig(**OF, voice="v", tenant_id="t")
    say("tts", lambda: model.tts.invoke(voice, "one two"))
    listener = Speech2TextModelConfig(**OF)
    say("speech", lambda: model.speech2text.invoke(listener, io.BytesIO(b"said")))
    say("moderation", lambda: model.moderation.invoke(ModerationModelConfig(**OF), "forbidden"))
    say("moderation", lambda: model.moderation.invoke(ModerationModelConfig(**OF), "fine"))


def call_tools(session):
    tool = session.tool
    say("tool", lambda: tool.invoke(ToolProviderType.BUILT_IN, "fake", "echo", {"a": 1}))
    say("api", lambda: tool.invoke_api_tool("fake", "echo", {"a": "ü"}))
    say("builtin", lambda: tool.invoke_builtin_tool("fake", "echo", {}))
    say("workflow", lambda: tool.invoke_workflow_tool(provider="f", tool_name="e", parameters={}))
    kind = ToolProviderType.MCP
    say("mcp", lambda: ToolInvocation(session).invoke(kind, "fake", "echo", {"b": [1]}, "id"))
    found = list(tool.invoke_builtin_tool("fake", "echo", {"a": [1, {"b": "ü"}]}))
    say("messages", lambda: [[each.type.value, each.message.to_dict()] for each in found])
    say("tool failing", lambda: tool.invoke_builtin_tool("fake", "failing", {}))
    say("tool by a text", lambda: tool.invoke("builtin", "fake", "echo", {}))


def call_nodes(session):
    node = session.workflow_node
    parameters = [
        ParameterConfig(name="city", type="string", description="d", required=True),
        ParameterConfig(name="days", type="number", description=None, required=False),
    ]
    asked = {"model": NODE, "query": "city=Rome now"}
    say("extractor", lambda: node.parameter_extractor.invoke(parameters, **asked))
    classes = [ClassConfig(id="1", name="Cats"), ClassConfig(id="2", name="Dogs")]
    classify = node.question_classifier.invoke
    say("classifier", lambda: classify(classes, NODE, "of dogs", "an instruction"))
    failing = ModelConfig(provider="fake", name="failing")
    say("classifier failing", lambda: classify(classes, failing, "of dogs"))


SESSION = made_session()
for part in (call_models, call_other_models, call_tools, call_nodes):
    part(SESSION)
