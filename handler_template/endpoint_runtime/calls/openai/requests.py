"""Writes what an OpenAI-compatible endpoint is asked, from what the SDK's calls hand over.

Sources: OpenAI's API reference, "Create chat completion" and "Create completion"; the parameters
that Dify's forms know by names of their own are `response_format` and `json_schema`.
"""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_AUDIO = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}


def chat_request(model: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a chat completion; `data` is the SDK's, as plain data."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(each) for each in data["prompt_messages"]],
    }
    body |= _parameters(data)
    tools = data.get("tools")
    if tools:
        body["tools"] = [{"type": "function", "function": each} for each in tools]
    schema = data.get("structured_output_schema")
    if schema is not None:
        named = {"name": "structured_output", "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return body


def completion_request(model: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a completion, for models whose mode is that."""
    texts = [_text(each.get("content")) for each in data["prompt_messages"]]
    return {"model": model, "prompt": "\n".join(texts), **_parameters(data)}


def asked_in_words(body: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request whose schema is told to the model, for endpoints that take none."""
    told = (
        "Answer with one JSON object alone, without any other text, that fits this JSON Schema:\n"
        + encode_json(schema).decode()
    )
    rest = {name: value for name, value in body.items() if name != "response_format"}
    return rest | {"messages": [{"role": "system", "content": told}, *body["messages"]]}


def _parameters(data: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(data.get("completion_params") or {})
    schema = found.pop("json_schema", None)
    wanted = found.get("response_format")
    if wanted == "json_schema":
        found["response_format"] = {"type": "json_schema", "json_schema": _schema(schema)}
    elif isinstance(wanted, str):
        found["response_format"] = {"type": wanted}
    if data.get("stop"):
        found["stop"] = data["stop"]
    return {name: value for name, value in found.items() if value is not None}


def _schema(text: Any) -> Any:
    """Return what the parameter `json_schema` says: JSON with a name and a schema, or a schema."""
    try:
        found = decode_json(text.encode()) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        raise CallError("the parameter json_schema is not valid JSON") from None
    if not isinstance(found, dict):
        raise CallError("the parameter json_schema is not a JSON object")
    return found if "schema" in found else {"name": "answer", "schema": found}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    role = message.get("role")
    content = message.get("content")
    if isinstance(content, list):
        content = [_part(each) for each in content]
    made: dict[str, Any] = {"role": role, "content": content}
    if message.get("name"):
        made["name"] = message["name"]
    if role == "assistant" and message.get("tool_calls"):
        made["tool_calls"] = message["tool_calls"]
        made["content"] = content or None
    if role == "tool":
        made["tool_call_id"] = message.get("tool_call_id", "")
    return made


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of a message's content as OpenAI has it."""
    kind = part.get("type")
    if kind == "text":
        return {"type": "text", "text": part.get("data", "")}
    url = part.get("url") or f"data:{part.get('mime_type')};base64,{part.get('base64_data', '')}"
    if kind == "image":
        image = {"url": url}
        if part.get("detail"):
            image["detail"] = part["detail"]
        return {"type": "image_url", "image_url": image}
    if kind == "document":
        name = part.get("filename") or f"document.{part.get('format') or 'pdf'}"
        return {"type": "file", "file": {"filename": name, "file_data": url}}
    if kind == "audio":
        form = part.get("format") or str(part.get("mime_type")).rpartition("/")[2]
        sound = {"data": part.get("base64_data", ""), "format": _AUDIO.get(form, form)}
        return {"type": "input_audio", "input_audio": sound}
    if kind == "video":
        return {"type": "video_url", "video_url": {"url": url}}
    raise CallError(f"a message has a part of the type {kind!r}, which no model here takes")


def _text(content: str | Sequence[Mapping[str, Any]] | None) -> str:
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(each.get("data", "") for each in content if each.get("type") == "text")
