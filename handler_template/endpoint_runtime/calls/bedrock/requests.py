"""Writes what Bedrock's Converse is asked, from what the SDK's calls hand over.

Source: "Converse" of the Amazon Bedrock Runtime API.
"""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

STRUCTURED = "structured_output"  # the tool that an answer by a schema is the input of
# Dify's names of parameters, and Converse's.
_INFERENCE = {
    "max_tokens": "maxTokens",
    "max_tokens_to_sample": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
}
_FORMATS = {"jpg": "jpeg", "plain": "txt", "markdown": "md", "vnd.ms-excel": "xls"}


def converse_request(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a call of Converse; `data` is the SDK's, as plain data."""
    system: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    for message in data["prompt_messages"]:
        role, content = _message(message)
        if not content:
            continue
        if role == "system":
            system += content
        elif messages and messages[-1]["role"] == role:  # they have to take turns
            messages[-1]["content"] += content
        else:
            messages.append({"role": role, "content": content})
    body: dict[str, Any] = {"messages": messages}
    body |= _parameters(data, system)
    if system:
        body["system"] = system
    tools = [_tool(each) for each in data.get("tools") or ()]
    schema = data.get("structured_output_schema")
    if schema is not None:
        parameters = schema if schema.get("type") else {"type": "object", **schema}
        described = {"name": STRUCTURED, "description": "Takes the answer."}
        tools.append(_tool({**described, "parameters": parameters}))
        body["toolConfig"] = {"tools": tools, "toolChoice": {"tool": {"name": STRUCTURED}}}
    elif tools:
        body["toolConfig"] = {"tools": tools}
    return body


def _parameters(data: Mapping[str, Any], system: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the parameters of a request; what is told in words is added to `system`."""
    inference: dict[str, Any] = {}
    more: dict[str, Any] = {}
    given = dict(data.get("completion_params") or {})
    schema = given.pop("json_schema", None)
    wanted = given.pop("response_format", None)
    stop = [*(data.get("stop") or ()), *(given.pop("stop", None) or ())]
    if wanted in ("json_object", "json_schema", "JSON"):
        told = "Answer with one JSON object alone, without any other text"
        told += f", that fits this JSON Schema: {schema}" if schema else ""
        system.append({"text": f"{told}."})
    for name, value in given.items():
        if value is None:
            continue
        if name in _INFERENCE:
            inference[_INFERENCE[name]] = value
        else:
            more[name] = value
    if stop:
        inference["stopSequences"] = list(dict.fromkeys(stop))
    made = {"inferenceConfig": inference} if inference else {}
    return made | ({"additionalModelRequestFields": more} if more else {})


def _message(message: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    role, content = message.get("role"), message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "data": content or ""}]
    blocks = [block for number, each in enumerate(parts, 1) if (block := _block(each, number))]
    if role == "tool":
        held = {"toolUseId": message.get("tool_call_id", ""), "content": blocks}
        return "user", [{"toolResult": held}]
    if role in ("system", "developer"):
        return "system", blocks
    for call in message.get("tool_calls") or ():
        function = call["function"]
        used = {
            "toolUseId": call["id"],
            "name": function["name"],
            "input": _arguments(function.get("arguments") or "{}"),
        }
        blocks.append({"toolUse": used})
    return ("assistant" if role == "assistant" else "user"), blocks


def _arguments(text: str) -> Any:
    try:
        return decode_json(text.encode())
    except (ValueError, RecursionError):
        raise CallError("the arguments of a tool call are not valid JSON") from None


def _block(part: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    """Return a part of a message's content; None for a text without words, which is refused."""
    kind = part.get("type")
    if kind == "text":
        text = part.get("data") or ""
        return {"text": text} if text.strip() else None
    if kind not in ("image", "document", "video"):
        raise CallError(f"a message has a part of the type {kind!r}, which Bedrock does not take")
    data, url = part.get("base64_data"), str(part.get("url") or "")
    if not data and url.startswith("data:"):
        data = url.partition(";base64,")[2]
    if not data:
        raise CallError(f"a message has a {kind} by its URL; Bedrock takes it as base64_data only")
    form = part.get("format") or str(part.get("mime_type", "")).rpartition("/")[2]
    form = form.lower().lstrip(".")
    held: dict[str, Any] = {"format": _FORMATS.get(form, form), "source": {"bytes": data}}
    if kind == "document":
        stem = str(part.get("filename") or "").rpartition(".")[0] or f"document {number}"
        # "DocumentBlock": letters, digits, single blanks, hyphens, parentheses and brackets.
        plain = "".join(each if each.isalnum() or each in "-()[]" else " " for each in stem)
        held["name"] = " ".join(plain.split()) or f"document {number}"
    return {kind: held}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("parameters") or {"type": "object", "properties": {}}
    described = {"name": tool["name"], "inputSchema": {"json": schema}}
    if tool.get("description"):
        described["description"] = tool["description"]
    return {"toolSpec": described}


def arguments_text(value: Any) -> str:
    """Return a tool's input as the JSON that the SDK has for arguments."""
    return encode_json(value).decode()
