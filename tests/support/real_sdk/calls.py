"""Calls a plugin might make of `dify_plugin`'s data classes; prints what each gives, one a line.

Run with the real SDK on the path, and with ours: the lines are to be the same. Errors are printed
without inputs and URLs, which ours never say.
"""

# It runs on either SDK, and mypy sees one.
# mypy: ignore-errors

import collections
import copy
import enum
import json
import pickle
import sys
import types
from collections.abc import Mapping
from decimal import Decimal

from werkzeug import Response

from dify_plugin.core.runtime import InvokeCredentials, SessionContext
from dify_plugin.entities import I18nObject, ParameterOption
from dify_plugin.entities.agent import AgentInvokeMessage
from dify_plugin.entities.invoke_message import InvokeMessage
from dify_plugin.entities.model import (
    AIModelEntity,
    BaseModelConfig,
    ModelFeature,
    ModelType,
    ParameterRule,
    PriceConfig,
    PriceInfo,
)
from dify_plugin.entities.model.llm import (
    LLMModelConfig,
    LLMPollingResult,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMResultChunkWithStructuredOutput,
    LLMResultWithStructuredOutput,
    LLMUsage,
    NumTokensResult,
)
from dify_plugin.entities.model.message import (
    AssistantPromptMessage,
    AudioPromptMessageContent,
    DeveloperPromptMessage,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    PromptMessage,
    PromptMessageContent,
    PromptMessageContentType,
    PromptMessageFunction,
    PromptMessageRole,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
    VideoPromptMessageContent,
    ensure_prompt_message,
)
from dify_plugin.entities.model.moderation import ModerationModelConfig, ModerationResult
from dify_plugin.entities.model.rerank import (
    MultiModalRerankModelConfig,
    RerankModelConfig,
    RerankResult,
)
from dify_plugin.entities.model.speech2text import Speech2TextModelConfig, Speech2TextResult
from dify_plugin.entities.model.text_embedding import (
    EmbeddingUsage,
    MultiModalContent,
    TextEmbeddingModelConfig,
    TextEmbeddingResult,
)
from dify_plugin.entities.model.tts import TTSModelConfig, TTSResult
from dify_plugin.entities.oauth import OAuthCredentials, OAuthSchema, TriggerOAuthCredentials
from dify_plugin.entities.provider_config import CredentialType, LogMetadata, ProviderConfig
from dify_plugin.entities.tool import (
    ToolDescription,
    ToolIdentity,
    ToolInvokeMessage,
    ToolParameter,
    ToolProviderType,
    ToolRuntime,
    ToolSelector,
)
from dify_plugin.entities.trigger import (
    EventDispatch,
    Subscription,
    TriggerSubscriptionConstructorRuntime,
    UnsubscribeResult,
    Variables,
)
from dify_plugin.entities.workflow_node import ModelConfig, NodeResponse, ParameterConfig
from dify_plugin.errors.model import InvokeError, InvokeRateLimitError
from dify_plugin.errors.trigger import EventIgnoreError, SubscriptionError
from dify_plugin.file.file import File
from dify_plugin.interfaces.agent import (
    AgentModelConfig,
    AgentScratchpadUnit,
    AgentToolIdentity,
    ToolEntity,
    ToolInvokeMeta,
)
from dify_plugin.interfaces.tool import Tool, ToolProvider
from dify_plugin.interfaces.trigger import (
    Event,
    EventRuntime,
    Trigger,
    TriggerRuntime,
    TriggerSubscriptionConstructor,
)
from dify_plugin.invocations.file import UploadFileResponse


class Number(enum.Enum):
    ONE = 1


class Whole(enum.IntEnum):
    ONE = 1


class Text(str):
    pass


class Ordered(collections.UserDict):
    pass


ODD_VALUES = (
    None, True, False, 0, 1, 2, -1, 10**30, 0.0, 1.0, 1.5, float("nan"), float("inf"),
    "", "1", "1.0", " 1 ", "1_0", "x", "true", "Yes", "off", "llm", "text", "é", "-5", "1e3",
    b"1", b"\xff", b"text", bytearray(b"a"), Decimal("1"), Decimal("1.5"), Decimal("NaN"),
    [], [1], ["a"], (1,), {1}, {}, {"a": 1}, {1: "a"}, {"a": {"b": [1, None]}}, Ordered(a=1),
    types.MappingProxyType({"a": 1}), range(2), Number.ONE, Whole.ONE, Text("sub"),
    ModelType.LLM, PromptMessageContentType.TEXT, object, collections.deque([1]), [[1.5, "2"]],
)  # fmt: skip
TEXT_PART = {"type": "text", "data": "hello"}
IMAGE_PART = {"type": "image", "format": "png", "mime_type": "image/png", "url": "https://x/y"}
USAGE = LLMUsage.empty_usage()
ASSISTANT = AssistantPromptMessage(content="hi")
LABEL = {"en_US": "Label", "zh_Hans": "标签"}
PARAMETER = {
    "name": "p", "label": LABEL, "human_description": LABEL, "type": "select", "form": "llm",
    "options": [{"value": 1, "label": LABEL}],
}  # fmt: skip
# A valid instance of each, of which every field is tried with every odd value.
SAMPLES = (
    (I18nObject, {"en_US": "a", "ja_JP": "b"}),
    (ParameterOption, {"value": 5, "label": LABEL, "icon": None}),
    (ProviderConfig, {"name": "n", "type": "boolean", "label": LABEL, "default": True,
                      "options": [{"value": "a", "label": LABEL}], "url": "u", "help": LABEL}),
    (OAuthCredentials, {"credentials": {"a": 1}}),
    (OAuthSchema, {"client_schema": [{"name": "n", "type": "select", "label": LABEL}]}),
    (PromptMessageTool, {"name": "n", "description": "d", "parameters": {"a": [1]}}),
    (PromptMessageFunction, {"function": {"name": "n", "description": "d", "parameters": {}}}),
    (PromptMessageContent, {"opaque_body": {"a": [1, 1.5, None, True, "x"]}}),
    (TextPromptMessageContent, {"data": "x", "type": PromptMessageContentType.TEXT}),
    (ImagePromptMessageContent, {**IMAGE_PART, "detail": "high", "filename": "f"}),
    (AudioPromptMessageContent, {"format": "mp3", "mime_type": "audio/mp3", "base64_data": "aa"}),
    (VideoPromptMessageContent, {"format": "mp4", "mime_type": "video/mp4"}),
    (DocumentPromptMessageContent, {"format": "pdf", "mime_type": "application/pdf"}),
    (PromptMessage, {"role": "user", "content": "x", "name": "n"}),
    (UserPromptMessage, {"content": [TEXT_PART, IMAGE_PART]}),
    (SystemPromptMessage, {"content": "x"}),
    (DeveloperPromptMessage, {"content": "x"}),
    (ToolPromptMessage, {"content": "x", "tool_call_id": "1"}),
    (AssistantPromptMessage, {"content": None, "opaque_body": {"a": 1}, "tool_calls": [
        {"id": 5, "type": None, "function": {"name": None, "arguments": "{}"}}]}),
    (BaseModelConfig, {"provider": "p", "model": "m", "model_type": "tts"}),
    (LLMModelConfig, {"provider": "p", "model": "m", "mode": "chat",
                      "completion_params": {"temperature": 0.5}}),
    (TextEmbeddingModelConfig, {"provider": "p", "model": "m"}),
    (RerankModelConfig, {"provider": "p", "model": "m", "score_threshold": "0.5", "top_n": "3"}),
    (MultiModalRerankModelConfig, {"provider": "p", "model": "m"}),
    (TTSModelConfig, {"provider": "p", "model": "m", "voice": "v"}),
    (Speech2TextModelConfig, {"provider": "p", "model": "m"}),
    (ModerationModelConfig, {"provider": "p", "model": "m"}),
    (LLMUsage, USAGE.model_dump()),
    (LLMResultChunkDelta, {"index": 0, "message": ASSISTANT, "usage": USAGE, "finish_reason": "s"}),
    (LLMResultChunk, {"model": "m", "prompt_messages": [UserPromptMessage(content="x")],
                      "delta": {"index": 0, "message": {"content": "x"}}}),
    (LLMResultChunkWithStructuredOutput, {"model": "m", "structured_output": {"a": 1},
                                          "delta": {"index": 0, "message": ASSISTANT}}),
    (LLMResult, {"model": "m", "message": ASSISTANT, "usage": USAGE}),
    (LLMResultWithStructuredOutput, {"model": "m", "message": ASSISTANT, "usage": USAGE}),
    (LLMPollingResult, {"status": "failed", "error": "e", "plugin_state": {"a": 1},
                        "max_attempts": 3}),
    (NumTokensResult, {"tokens": 1, "unit_price": "0.1", "unit": 1, "total_amount": 0.3,
                       "currency": "USD"}),
    (PriceConfig, {"input": "1.10", "output": 2, "unit": 0.001, "currency": "USD"}),
    (PriceInfo, {"unit_price": 1, "unit": "1000", "total_amount": "1E+2", "currency": "EUR"}),
    (ParameterRule, {"name": "n", "type": "float", "min": 0, "max": "1", "options": ["a"]}),
    (AIModelEntity, {"model": "m", "model_type": "llm", "features": ["vision"],
                     "model_properties": {"mode": "chat", "context_size": 5}}),
    (EmbeddingUsage, {"tokens": 1, "total_tokens": 1, "unit_price": 0, "price_unit": 0,
                      "total_price": 0, "currency": "USD", "latency": 1}),
    (TextEmbeddingResult, {"model": "m", "embeddings": [[1, 2.5]], "usage": {
        "tokens": 1, "total_tokens": 1, "unit_price": 0, "price_unit": 0, "total_price": 0,
        "currency": "USD", "latency": 1e-05}}),
    (MultiModalContent, {"content": "c", "content_type": "image"}),
    (RerankResult, {"model": "m", "docs": [{"index": 0, "text": "t", "score": 1}]}),
    (TTSResult, {"result": "00"}),
    (Speech2TextResult, {"result": "x"}),
    (ModerationResult, {"result": "yes"}),
    (ToolIdentity, {"author": "a", "name": "n", "label": LABEL}),
    (ToolDescription, {"human": LABEL, "llm": "l"}),
    (ToolParameter, PARAMETER),
    (ToolRuntime, {"credentials": {"a": 1}, "user_id": None, "session_id": "s"}),
    (ToolSelector, {"provider_id": "p", "tool_name": "t", "tool_description": "d",
                    "tool_configuration": {}, "tool_parameters": {"q": {
                        "name": "q", "type": "date-range", "required": True, "description": "d"}}}),
    (ToolInvokeMessage, {"type": "text", "message": {"text": "x"}, "meta": {"a": 1}}),
    (AgentInvokeMessage, {"type": "blob", "message": {"blob": "aGVsbG8="}}),
    (InvokeMessage.LogMessage, {"id": "1", "label": "l", "status": "start", "data": {"a": 1},
                                "metadata": {"provider": 1, LogMetadata.CURRENCY: "x"}}),
    (InvokeMessage.VariableMessage, {"variable_name": "n", "variable_value": "x", "stream": True}),
    (InvokeMessage.BlobChunkMessage, {"id": "1", "sequence": 0, "total_length": 2, "blob": b"ab",
                                      "end": False}),
    (InvokeMessage.JsonMessage, {"json_object": {"a": 1}}),
    (AgentToolIdentity, {"author": "a", "name": "n", "label": LABEL, "provider": "p"}),
    (ToolEntity, {"identity": {"author": "a", "name": "n", "label": LABEL, "provider": "p"},
                  "parameters": [PARAMETER], "credential_type": "oauth2"}),
    (AgentModelConfig, {"provider": "p", "model": "m", "mode": "chat",
                        "history_prompt_messages": [{"role": "assistant", "content": "x"},
                                                    ToolPromptMessage(tool_call_id="1")]}),
    (AgentScratchpadUnit, {"thought": "t", "action": {"action_name": "Final Answer",
                                                      "action_input": {"a": 1}}}),
    (ToolInvokeMeta, {"time_cost": "1.5"}),
    (UploadFileResponse, {"id": "1", "name": "n", "size": "5", "extension": "png",
                          "mime_type": "image/png"}),
    (File, {"url": "https://x/y", "type": "image", "size": 1}),
    (NodeResponse, {"process_data": {}, "inputs": {"a": 1}, "outputs": {}}),
    (ModelConfig, {"provider": "p", "name": "n"}),
    (ParameterConfig, {"name": "n", "type": "t", "description": None, "required": True}),
    (InvokeCredentials, {"tool_credentials": {"a": "b"}}),
    (SessionContext, {"credentials": {"tool_credentials": {"a": "b"}}}),
    (Subscription, {"endpoint": "https://x/e/y", "parameters": {"a": [1]},
                    "properties": {"secret": "s", "events": ["a"]}, "expires_at": 5}),
    (UnsubscribeResult, {"success": True, "message": "gone"}),
    (Variables, {"variables": {"a": {"b": [1, None]}}}),
)  # fmt: skip


def say(label, call):
    try:
        given = call()
    except Exception as error:
        given = type(error).__name__
        if hasattr(error, "errors"):
            found = error.errors(include_url=False, include_input=False)
            given += f" {error.title} {error.error_count()} {found!r}"
        else:
            # Which class of ours or pydantic's a message names tells nothing.
            said = str(error).replace("BaseModel.__init__", "Entity.__init__")
            given += f" {said}"
    else:
        given = repr(given)
    print(f"{label} -> {given}")


def try_fields(cls, data):
    name = cls.__qualname__
    say(name, lambda: cls(**copy.deepcopy(data)))
    say(f"{name} validated", lambda: cls.model_validate(copy.deepcopy(data)))
    say(f"{name} of nothing", cls)
    for key in list(cls.model_fields):
        alias = cls.model_fields[key].alias or key
        for odd in ODD_VALUES:
            changed = {**copy.deepcopy(data), alias: odd}
            say(f"{name}.{key} = {odd!r}", lambda changed=changed: cls(**changed))
        without = {k: v for k, v in copy.deepcopy(data).items() if k not in (alias, key)}
        if "Log" not in name:  # its default is random
            say(f"{name} without {key}", lambda without=without: cls(**without))


def try_whole(cls, data):
    name = cls.__qualname__
    one = cls(**copy.deepcopy(data))
    for label, call in {
        "str": lambda: str(one),
        "dump": one.model_dump,
        "dump json": lambda: one.model_dump(mode="json"),
        "json": one.model_dump_json,
        "indented": lambda: one.model_dump_json(indent=2),
        "by alias": lambda: one.model_dump(by_alias=True),
        "by name": lambda: one.model_dump(by_alias=False),
        "unset": lambda: one.model_dump(exclude_unset=True),
        "defaults": lambda: one.model_dump(exclude_defaults=True),
        "none": lambda: one.model_dump(exclude_none=True),
        "no name": lambda: one.model_dump(exclude={"name", "model"}),
        "only name": lambda: one.model_dump(include={"name", "content", "label", "en_us"}),
        "inside": lambda: one.model_dump(exclude={"label": {"en_us"}, "usage": {"latency": True}}),
        "item": lambda: one.model_dump(
            include={"content": {0: {"data"}}, "docs": {"__all__": {"text"}}}
        ),
        "round": lambda: cls.model_validate(one.model_dump()) == one,
        "round json": lambda: cls.model_validate_json(one.model_dump_json()) == one,
        "set": lambda: sorted(one.model_fields_set),
        "fields": lambda: list(cls.model_fields),
        "required": lambda: [f.is_required() for f in cls.model_fields.values()],
        "iter": lambda: dict(one),
        "same": lambda: cls.model_validate(one) is one,
        "equal": lambda: (one == cls(**copy.deepcopy(data)), one == 5, one != one.model_copy()),
        "copy": lambda: copy.copy(one) == one,
        "deepcopy": lambda: copy.deepcopy(one) == one,
        "pickle": lambda: pickle.loads(pickle.dumps(one)) == one,
        "vars": lambda: vars(one),
        "hash": lambda: hash(one),
        "positional": lambda: cls(1),
        "extra": lambda: cls(**copy.deepcopy(data), nonsense=1),
        "wrong": lambda: cls.model_validate(5),
        "text": lambda: cls.model_validate("x"),
        "mapping": lambda: cls.model_validate(types.MappingProxyType(copy.deepcopy(data))),
        "set unknown": lambda: setattr(one, "nonsense", 1),
        "get unknown": lambda: one.nonsense,
        "construct": lambda: cls.model_construct(**copy.deepcopy(data)),
        "construct none": lambda: vars(cls.model_construct()).keys(),
        "update": lambda: one.model_copy(update={"name": "new"}),
        "model": lambda: issubclass(cls, ValueError),
    }.items():
        if "construct none" in label and "Log" in name:
            continue
        say(f"{name} {label}", call)


def try_methods():
    upload = dict(SAMPLES)[UploadFileResponse]
    user = UserPromptMessage(content=[TEXT_PART, IMAGE_PART, TEXT_PART])
    say("text content", user.get_text_content)
    say("text content of none", UserPromptMessage().get_text_content)
    say("empty", lambda: [UserPromptMessage().is_empty(), user.is_empty()])
    say("empty assistant", lambda: [ASSISTANT.is_empty(), AssistantPromptMessage().is_empty()])
    say("empty tool", lambda: ToolPromptMessage(content="", tool_call_id="").is_empty())
    say("parts", lambda: [type(part).__name__ for part in user.content])
    say("image", lambda: user.content[1].data)
    say("tuple", lambda: UserPromptMessage(content=(TEXT_PART,)))
    say("set content", lambda: setattr(user, "content", 5))
    say("unvalidated", lambda: user)
    say("unknown part", lambda: UserPromptMessage(content=[{"type": "x"}]))
    say("no part", lambda: UserPromptMessage(content=[5]))
    say("bare part", lambda: UserPromptMessage(content=[PromptMessageContent()]))
    say("ensure", lambda: ensure_prompt_message({"role": "tool", "tool_call_id": "1"}))
    say("ensure role", lambda: ensure_prompt_message({"role": PromptMessageRole.USER}))
    say("ensure none", lambda: ensure_prompt_message(5))
    say("i18n", lambda: I18nObject(en_US="a").to_dict())
    say("i18n by name", lambda: I18nObject(en_us="a", zh_hans="b"))
    say("i18n in Spanish", lambda: I18nObject(es_ES="a"))
    say(
        "file type",
        lambda: [
            UploadFileResponse.Type.from_mime_type(t)
            for t in ("image/png", "image", "video/x", "audio/x", "text/x", "")
        ],
    )
    say("file", lambda: UploadFileResponse(**upload).to_app_parameter())
    say(
        "file of another",
        lambda: UploadFileResponse(**{**upload, "type": "video"}).to_app_parameter(),
    )
    say("chunk", LLMResult(**dict(SAMPLES)[LLMResult]).to_llm_result_chunk)
    say("selector", ToolSelector(**dict(SAMPLES)[ToolSelector]).to_prompt_message)
    say("schema", lambda: [kind.to_prompt_schema("d") for kind in ToolParameter.ToolParameterType])
    say("final", AgentScratchpadUnit(**dict(SAMPLES)[AgentScratchpadUnit]).is_final)
    say("meta", lambda: [ToolInvokeMeta.empty().to_dict(), ToolInvokeMeta.error_instance("e")])
    say("multiple", lambda: ToolParameter(**{**PARAMETER, "multiple": True, "default": "x"}))
    say("multiple text", lambda: ToolParameter(**{**PARAMETER, "multiple": True, "type": "string"}))
    say("polling", lambda: [LLMPollingResult(status="running"), 1])
    say("polling 2", lambda: LLMPollingResult(status="succeeded"))
    say(
        "credentials", lambda: InvokeCredentials(tool_credentials={"a": "b"}).get_credential_id("a")
    )
    say("provider type", lambda: ToolProviderType.value_of("mcp"))
    say("provider type x", lambda: ToolProviderType.value_of("x"))
    say("errors", lambda: [str(InvokeError()), str(InvokeError("x")), str(InvokeRateLimitError())])
    say("subscription", lambda: vars(SubscriptionError("m", "c", {"a": 1})))
    say(
        "bases",
        lambda: [
            issubclass(LLMResultWithStructuredOutput, LLMResult),
            issubclass(UserPromptMessage, PromptMessage),
            issubclass(ToolInvokeMessage, InvokeMessage),
            issubclass(NumTokensResult, PriceInfo),
            ToolInvokeMessage.TextMessage is InvokeMessage.TextMessage,
        ],
    )
    say("features", lambda: list(ModelFeature))
    say("in JSON", lambda: json.dumps(USAGE.model_dump(mode="json")))
    for number in (
        0.1,
        1e-4,
        1e-5,
        1.25e-5,
        1e-6,
        1e15,
        1e16,
        1.5e16,
        1.5e300,
        5e-324,
        -0.0,
        100.0,
        float("nan"),
        float("inf"),
        -1.25e-5,
        123456789.123456789,
    ):
        say(
            f"number {number}",
            lambda n=number: RerankResult(
                model="m", docs=[{"index": 0, "text": "t", "score": n}]
            ).model_dump_json(),
        )
    for text in ('"\\/\b\f\n\r\t\x00\x1f\x7f', "\u2028é😀", ""):
        say(f"text {text!r}", lambda t=text: TTSResult(result=t).model_dump_json())
    values = (b"bytes", b"\xff", Decimal("1.50"), Number.ONE, Whole.ONE, {1: "a", None: 1, 2.5: 2},
              (1, 2), {1}, USAGE, [USAGE], types.MappingProxyType({"a": 1}))  # fmt: skip
    for value in values:
        variable = {"variable_name": "n", "variable_value": value}
        message = InvokeMessage.VariableMessage(**variable)
        say("any", message.model_dump)
        say("any json", lambda message=message: message.model_dump(mode="json"))
        say("any JSON", message.model_dump_json)


def try_tool():
    class Mine(Tool):
        def _invoke(self, tool_parameters):
            yield self.create_text_message("t")
            yield self.create_json_message({"a": 1})
            yield self.create_json_message([1])
            yield self.create_image_message("u")
            yield self.create_link_message("l")
            yield self.create_blob_message(b"b", meta={"mime_type": "m"})
            yield self.create_variable_message("n", tool_parameters)
            yield self.create_stream_variable_message("n", "v")
            yield self.finish_log_message(self.create_log_message("l", {"a": 1}), error="e")

    marked = {"dify_model_identity": "__dify__file__", "url": "https://x", "type": "image"}
    tool = Mine.from_credentials({"k": "v"}, user_id="u")
    for index, message in enumerate(tool.invoke({"f": marked, "fs": [marked], "x": 1, "e": []})):
        if index < 8:
            say("message", lambda m=message: m)
            say("message dumped", message.model_dump_json)
        else:
            say("log", lambda m=message: m.model_dump(exclude={"message": {"id"}})["type"])
    say("runtime", lambda: tool.runtime)
    try:
        ToolProvider().validate_credentials({})
    except NotImplementedError:
        print("provider refuses")
    say("abstract", lambda: Tool.from_credentials({}))


def try_trigger():
    """Triggers and events as whoever runs them calls them, and what they can't do."""

    class Mine(Trigger):
        def _dispatch_event(self, subscription, request):
            return EventDispatch(
                events=[subscription.properties["event"]], response=response, payload={"r": request}
            )

    class Told(Event):
        def _on_event(self, request, parameters, payload):
            if "ignore" in parameters:
                raise EventIgnoreError
            found = {"request": request, "parameters": parameters, "payload": payload}
            return Variables(variables=found | {"to": self.runtime.subscription.endpoint})

    class Maker(TriggerSubscriptionConstructor):
        def _create_subscription(self, endpoint, parameters, credentials, credential_type):
            return Subscription(
                endpoint=endpoint, properties={"by": credential_type, **credentials}
            )

        def _delete_subscription(self, subscription, credentials, credential_type):
            return UnsubscribeResult(success=False, message=subscription.endpoint)

        def _refresh_subscription(self, subscription, credentials, credential_type):
            return subscription.model_copy(update={"expires_at": 7})

        def _oauth_get_credentials(self, redirect_uri, system_credentials, request):
            return TriggerOAuthCredentials(credentials={"token": redirect_uri}, expires_at=None)

    response = Response("ok", status=202)
    subscription = Subscription(endpoint="https://x", properties={"event": "told"})
    kind = CredentialType.API_KEY
    trigger = Mine(TriggerRuntime(None, kind, {"a": 1}))
    dispatched = trigger.dispatch_event(subscription, "r")
    say("dispatched", lambda: (dispatched.events, dispatched.payload, dispatched.user_id))
    say("response", lambda: (dispatched.response is response, list(EventDispatch.model_fields)))
    for odd in ODD_VALUES:
        say(f"response = {odd!r}", lambda odd=odd: EventDispatch(response=odd))
        say(
            f"events = {odd!r}",
            lambda odd=odd: EventDispatch(response=response, events=odd).events,
        )
        say(
            f"payload = {odd!r}",
            lambda odd=odd: EventDispatch(response=response, payload=odd).payload,
        )
    runtime = EventRuntime(None, kind, subscription, None)
    say("variables", lambda: Told(runtime).on_event("r", {"p": 1}, {"q": 2}))
    say("ignored", lambda: Told(runtime).on_event("r", {"ignore": 1}, {}))
    say("options", lambda: Told(runtime).fetch_parameter_options("p"))
    maker = Maker(TriggerSubscriptionConstructorRuntime(None, kind, {"token": "t"}))
    say("made", lambda: maker.create_subscription("https://x", {}, {"a": 1}, kind))
    say("ended", lambda: maker.delete_subscription(subscription, {}, kind))
    say("renewed", lambda: maker.refresh_subscription(subscription, {}, kind))
    say("oauth", lambda: maker.oauth_get_credentials("https://r", {}, None))
    say("no url", lambda: maker.oauth_get_authorization_url("https://r", {}))
    say("no refresh", lambda: maker.oauth_refresh_credentials("https://r", {}, {}))
    say("no key", lambda: maker.validate_api_key({}))
    say("maker's options", lambda: maker.fetch_parameter_options("p"))
    say("frozen", lambda: setattr(runtime, "session", 1))
    say("same", lambda: (runtime == EventRuntime(None, kind, subscription), runtime == 5))
    say("held", lambda: [runtime.credentials, trigger.runtime.credentials, runtime.subscription])
    for abstract in (Trigger, Event, TriggerSubscriptionConstructor):
        say("abstract", lambda abstract=abstract: abstract(runtime))


class MyMessage(UserPromptMessage):
    extra: int = 0
    labels: list[str] = []
    inner: dict[str, I18nObject] | None = None
    _secret: str = "s"

    def shout(self):
        return self.get_text_content().upper()


class Required(LLMModelConfig):
    mode: str = "chat"
    more: Mapping[str, float]

    def model_post_init(self, context):
        self.completion_params["seen"] = True


class Own(I18nObject):
    def __init__(self, **data):
        super().__init__(**{"en_US": "default", **data})


class Holder(ParameterOption):
    label: Own


def try_subclasses():
    mine = MyMessage(content="x", extra="5", inner={"a": LABEL})
    say("mine", lambda: mine)
    say("mine dumped", mine.model_dump_json)
    say("mine shouts", mine.shout)
    say("mine in private", lambda: (mine._secret, setattr(mine, "_secret", "t"), mine._secret))
    say("mine copied", lambda: mine.model_copy()._secret)
    say("mine wrong", lambda: MyMessage(extra="x", labels=5, inner={"a": {}}))
    say("defaults are fresh", lambda: MyMessage().labels is MyMessage().labels)
    say("required", lambda: Required(provider="p", model="m"))
    say("required", lambda: Required(provider="p", model="m", more={"a": "1"}))
    say("own init", lambda: [Own(), Own(zh_Hans="z"), Own.model_validate({})])
    say("own inside", lambda: Holder(value="v", label={}))
    say("message for a base", lambda: LLMResultChunkDelta(index=0, message=mine))


for each, sample in SAMPLES:
    try_fields(each, sample)
    try_whole(each, sample)
try_methods()
try_tool()
try_trigger()
try_subclasses()
print("pydantic" in sys.modules, file=sys.stderr)
