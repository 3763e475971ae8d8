"""Chat completions and embeddings by a model of the workspace's, in place of an app.

(OpenAI's API reference: Chat Completions, Embeddings.)
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from openai_api.completion import BadRequest, Completion

from dify_plugin.entities.model.llm import LLMModelConfig
from dify_plugin.entities.model.message import (
    AssistantPromptMessage,
    ImagePromptMessageContent,
    PromptMessage,
    PromptMessageTool,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolPromptMessage,
    UserPromptMessage,
)

# What a model is handed on as it was asked for.
PARAMETERS = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "max_tokens", "seed")


def model_config(selected: Mapping[str, Any], asked: Mapping[str, Any]) -> LLMModelConfig:
    """Return which model to call, and how: the setting's value, and what the request says."""
    parameters = dict(selected.get("completion_params") or {})
    parameters |= {name: asked[name] for name in PARAMETERS if asked.get(name) is not None}
    if asked.get("max_completion_tokens") is not None:
        parameters["max_tokens"] = asked["max_completion_tokens"]
    wanted = asked.get("response_format")
    if isinstance(wanted, Mapping):
        parameters["response_format"] = wanted.get("type")
        if wanted.get("json_schema"):
            parameters["json_schema"] = json.dumps(wanted["json_schema"])
    return LLMModelConfig(
        provider=selected["provider"],
        model=selected["model"],
        mode=selected.get("mode") or "chat",
        completion_params=parameters,
    )


def prompt_messages(messages: object) -> list[PromptMessage]:
    """Return a request's messages as Dify's models take them; raise BadRequest."""
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages must be a list that is not empty")
    return [_message(each) for each in messages]


def prompt_tools(tools: object) -> list[PromptMessageTool]:
    """Return a request's tools; raise BadRequest."""
    found = []
    for tool in tools if isinstance(tools, list) else ():
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise BadRequest("a tool must be a function with a name")
        found.append(
            PromptMessageTool(
                name=function["name"],
                description=str(function.get("description") or ""),
                parameters=function.get("parameters") or {"type": "object", "properties": {}},
            )
        )
    return found


def stop_words(asked: Mapping[str, Any]) -> list[str] | None:
    """Return where a model is to stop, which may be said by one text or several."""
    stop = asked.get("stop")
    return [stop] if isinstance(stop, str) else stop or None


def _message(message: object) -> PromptMessage:
    role = message.get("role") if isinstance(message, Mapping) else None
    if role not in ("system", "developer", "user", "assistant", "tool"):
        raise BadRequest("a message's role must be one of system, developer, user, assistant, tool")
    content = message.get("content")
    if role == "user":
        return UserPromptMessage(content=_parts(content))
    text = _text(content)
    if role == "tool":
        return ToolPromptMessage(content=text, tool_call_id=str(message.get("tool_call_id", "")))
    if role == "assistant":
        calls = [_call(each) for each in message.get("tool_calls") or ()]
        return AssistantPromptMessage(content=text, tool_calls=calls)
    return SystemPromptMessage(content=text)


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    if content is not None and not isinstance(content, str):
        raise BadRequest("a message's content must be text, or parts")
    return content or ""


def _parts(content: object) -> str | list[Any]:
    if not isinstance(content, list):
        return _text(content)
    parts: list[Any] = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text":
            parts.append(TextPromptMessageContent(data=str(part.get("text", ""))))
        elif kind == "image_url" and isinstance(part.get("image_url"), Mapping):
            parts.append(_image(str(part["image_url"].get("url", ""))))
        else:
            raise BadRequest("of a message's parts, texts and images are taken here")
    return parts


def _image(url: str) -> ImagePromptMessageContent:
    head, comma, data = url.partition(",")
    if head.startswith("data:") and comma:
        kind = head.removeprefix("data:").removesuffix(";base64")
        form = kind.rpartition("/")[2]
        return ImagePromptMessageContent(format=form, base64_data=data, mime_type=kind)
    form = url.partition("?")[0].rpartition(".")[2].lower()
    form = form if form in ("png", "jpg", "jpeg", "gif", "webp") else "jpeg"
    return ImagePromptMessageContent(format=form, url=url, mime_type=f"image/{form}")


def _call(call: Mapping[str, Any]) -> AssistantPromptMessage.ToolCall:
    function = call.get("function") or {}
    return AssistantPromptMessage.ToolCall(
        id=call.get("id"),
        type="function",
        function=AssistantPromptMessage.ToolCall.ToolCallFunction(
            name=function.get("name"), arguments=function.get("arguments")
        ),
    )


class ModelCompletion(Completion):
    """One answer of a model's, as it comes."""

    def pieces(self) -> Iterator[str]:
        """Yield the answer's texts. Whatever the model's call raises comes through."""
        for chunk in self._events:
            delta = chunk.delta
            if isinstance(delta.message.content, str) and delta.message.content:
                yield delta.message.content
            if delta.message.tool_calls:
                self.tool_calls = [call.model_dump() for call in delta.message.tool_calls]
            if delta.usage:
                self.usage = {name: getattr(delta.usage, name) for name in self.usage}
            if delta.finish_reason:
                self.finish = delta.finish_reason
