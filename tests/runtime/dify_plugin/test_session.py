"""`dify_plugin` as plugins see it: names, the session, what its calls say, the log handler."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from dify_plugin.core.runtime import InvocationUnavailable, Session
from tests.support.builders import Bundle

# What published endpoint plugins import (reference: dify-endpoints.md).
NAMES = """
dify_plugin Endpoint Plugin DifyPluginEnv Tool ToolProvider File get_current_session
dify_plugin.plugin Plugin plugin_logger_handler DifyPluginEnv InstallMethod
dify_plugin.config.config InstallMethod DifyPluginEnv
dify_plugin.config.logger_format plugin_logger_handler DifyPluginLoggerFormatter
dify_plugin.core.runtime Session BackwardsInvocation
dify_plugin.core.session_context get_current_session
dify_plugin.interfaces.endpoint Endpoint Request Response Session Mapping
dify_plugin.interfaces.endpoint.endpoint Endpoint
dify_plugin.interfaces.agent ToolEntity AgentToolIdentity
dify_plugin.interfaces.tool Tool ToolProvider
dify_plugin.invocations.app FetchAppInvocation
dify_plugin.invocations.app.fetch_app FetchAppInvocation
dify_plugin.invocations.app.chat ChatAppInvocation
dify_plugin.invocations.app.workflow WorkflowAppInvocation
dify_plugin.invocations.app.completion CompletionAppInvocation
dify_plugin.invocations.file UploadFileResponse File
dify_plugin.invocations.storage StorageInvocation StorageInvocationError
dify_plugin.invocations.tool ToolInvocation
dify_plugin.invocations.model.llm LLMInvocation SummaryInvocation
dify_plugin.invocations.model.llm_structured_output LLMStructuredOutputInvocation
dify_plugin.invocations.model.text_embedding TextEmbeddingInvocation
dify_plugin.invocations.model.tts TTSInvocation
dify_plugin.invocations.model.rerank RerankInvocation
dify_plugin.invocations.model.moderation ModerationInvocation
dify_plugin.invocations.model.speech2text Speech2TextInvocation
dify_plugin.entities I18nObject
dify_plugin.entities.model ModelType BaseModelConfig
dify_plugin.entities.model.llm LLMModelConfig
dify_plugin.entities.model.text_embedding TextEmbeddingModelConfig
dify_plugin.entities.model.tts TTSModelConfig
dify_plugin.entities.model.message UserPromptMessage SystemPromptMessage AssistantPromptMessage
dify_plugin.entities.model.message ToolPromptMessage PromptMessage PromptMessageTool
dify_plugin.entities.model.message TextPromptMessageContent ImagePromptMessageContent
dify_plugin.entities.tool ToolInvokeMessage ToolParameter ToolProviderType ToolDescription
dify_plugin.errors.tool ToolProviderCredentialValidationError
dify_plugin.errors.model InvokeError InvokeAuthorizationError
"""


@pytest.mark.parametrize("line", NAMES.strip().splitlines())
def test_names(line: str) -> None:
    module, *names = line.split()

    assert all(getattr(importlib.import_module(module), name) is not None for name in names)


def test_one_endpoint_class() -> None:
    import dify_plugin
    from dify_plugin.interfaces.endpoint import Endpoint
    from dify_plugin.interfaces.endpoint.endpoint import Endpoint as Deep

    assert dify_plugin.Endpoint is Endpoint is Deep


def test_an_unknown_name_is_an_import_error() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Nothing' from 'dify_plugin'"):
        from dify_plugin import Nothing  # noqa: F401


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("app.chat.invoke", ("app", "query", {}, "blocking", "", None), {}),
    ("app.chat.invoke", (), {"app_id": "a", "query": "q", "inputs": {}, "user": "u"}),
    ("app.workflow.invoke", ("app", {}, "blocking", "user"), {}),
    ("app.completion.invoke", ("app", {}), {}),
    ("app.fetch_app", ("app",), {}),
    ("storage.set", ("key", b"value"), {}),
    ("storage.get", ("key",), {}),
    ("storage.delete", ("key",), {}),
    ("storage.exist", ("key",), {}),
    ("file.upload", ("name", b"", "text/plain"), {}),
    ("tool.invoke", ("type", "provider", "tool", {}), {}),
    ("tool.invoke_builtin_tool", ("provider", "tool", {}), {}),
    ("model.llm.invoke", (), {"model_config": {}, "prompt_messages": [], "stream": False}),
    ("model.text_embedding.invoke", ({}, []), {}),
    ("model.tts.invoke", ({}, "text"), {}),
    ("model.rerank.invoke", ({}, [], "q"), {}),
    ("model.moderation.invoke", ({}, "text"), {}),
    ("model.speech2text.invoke", ({}, None), {}),
    ("model.summary.invoke", ("text" * 256, "instruction"), {}),
    ("workflow_node.question_classifier.invoke", ([], {}, "q"), {}),
    ("workflow_node.parameter_extractor.invoke", ([], {}, "q"), {}),
]


@pytest.mark.parametrize(("call", "args", "kwargs"), CALLS)
def test_calls_that_nothing_answers_name_themselves(
    call: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    target: Any = Session()
    for name in call.split("."):
        target = getattr(target, name)

    with pytest.raises(InvocationUnavailable) as caught:
        target(*args, **kwargs)

    would = {"app": "[apps]", "file": "[apps]", "tool": "[tools]"}.get(call.partition(".")[0])
    would = f"{would or '[models]'} or dify.inner_url"
    assert str(caught.value) == (
        f"session.{call} is not available: this plugin runs outside Dify, and nothing is "
        f"configured to answer the call ({'storage' if 'storage' in call else would} would)"
    )


def test_an_invocation_made_by_a_plugin() -> None:
    from dify_plugin.invocations.app.chat import ChatAppInvocation

    with pytest.raises(InvocationUnavailable, match=r"^session\.app\.chat\.invoke is not"):
        ChatAppInvocation(Session()).invoke("app", "query", {})


def test_parts_handed_in_are_used() -> None:
    storage = object()
    session = Session(session_id="s", endpoint_id="e", storage=storage)

    assert (session.storage, session.session_id, session.endpoint_id) == (storage, "s", "e")
    assert (session.conversation_id, session.message_id, session.app_id) == (None, None, None)
    assert session.app is session.app
    with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
        Session(nothing=1)
    with pytest.raises(AttributeError, match="'Session' object has no attribute 'nothing'"):
        _ = session.nothing


def test_ids_executor_and_writer(capsys: pytest.CaptureFixture[str]) -> None:
    from dify_plugin.config.config import InstallMethod

    session, other = Session(), Session()

    assert session.session_id == session.session_id != other.session_id
    assert session.install_method is InstallMethod.Serverless
    assert session._executor.submit(int, "7").result() == 7
    assert session._executor is other._executor
    session.writer.log({"a": "\u00e9"})
    assert capsys.readouterr().out == '[INFO]\tdify_plugin\t{"a": "\u00e9"}\n'


LOGGING = """
import logging
from dify_plugin.config.logger_format import plugin_logger_handler
for name in ("plugin", "plugin.part"):
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.addHandler(plugin_logger_handler)
logger.info("hello %s", "there")
logger.debug("below the handler's level")
"""
ROOT_HANDLER = "import logging, sys; logging.basicConfig(stream=sys.stdout, format='root: %(msg)s')"


@pytest.mark.parametrize(
    ("before", "output"),
    [
        ("", "[INFO]\tplugin.part\thello there\n"),
        (ROOT_HANDLER, "root: hello %s\nroot: below the handler's level\n"),
    ],
)
def test_logger_handler_writes_once(
    bundle: Callable[..., Bundle], before: str, output: str
) -> None:
    assert bundle().run(before + LOGGING).stdout == output


def test_entities() -> None:
    from dify_plugin.entities import I18nObject
    from dify_plugin.entities.model.llm import LLMModelConfig
    from dify_plugin.entities.model.message import PromptMessageRole, UserPromptMessage
    from dify_plugin.invocations.file import UploadFileResponse

    config = LLMModelConfig(provider="p", model="m", mode="chat")
    file = UploadFileResponse(id="1", name="a", size=1, extension=".png", mime_type="image/png")

    assert config.model_dump(mode="json") == {
        "provider": "p",
        "model": "m",
        "model_type": "llm",
        "mode": "chat",
        "completion_params": {},
    }
    assert UserPromptMessage(content="hi") == UserPromptMessage(role="user", content="hi")
    assert UserPromptMessage(content="hi").role is PromptMessageRole.USER
    assert I18nObject(en_US="a", zh_Hans="b").to_dict() == {
        "zh_Hans": "b",
        "en_US": "a",
        "pt_BR": "a",
        "ja_JP": "a",
    }
    assert file.to_app_parameter() == {
        "tool_file_id": "1",
        "transfer_method": "tool_file",
        "type": "image",
    }
    with pytest.raises(ValueError) as refused:
        LLMModelConfig(provider=1, model="m")
    assert type(refused.value).__name__ == "ValidationError"
    assert str(refused.value) == (
        "2 validation errors for LLMModelConfig\n"
        "provider\n"
        "  Input should be a valid string [type=string_type, input_type=int]\n"
        "mode\n"
        "  Field required [type=missing, input_type=dict]"
    )


def test_entities_in_a_plugins_pydantic_model() -> None:
    from pydantic import BaseModel

    from dify_plugin.entities.model.message import UserPromptMessage

    class Model(BaseModel):
        messages: list[UserPromptMessage]

    message = UserPromptMessage(content="hi")

    assert Model(messages=[message]).messages == [message]
    assert Model.model_validate({"messages": [{"content": "hi"}]}).messages == [message]
    assert Model(messages=[message]).model_dump(mode="json", exclude_none=True) == {
        "messages": [{"role": "user", "content": "hi"}]
    }
    assert Model.model_validate_json(Model(messages=[message]).model_dump_json()).messages == [
        message
    ]
    assert Model.model_json_schema()["properties"]["messages"]["type"] == "array"
    with pytest.raises(ValueError, match="Input should be a valid string"):
        Model.model_validate({"messages": [{"content": 5}]})
