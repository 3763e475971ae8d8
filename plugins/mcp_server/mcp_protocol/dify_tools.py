"""Tools of Dify's as tools of the protocol: their descriptions, and their calls.

What a form of Dify's stores of a chosen tool: `type`, `provider_name`, `tool_name`, `enabled`,
`settings` (what a person has set), `schemas` (its parameters) and the like.
"""

import base64
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from dify_plugin.entities.tool import ToolProviderType

log = logging.getLogger(__name__)

# JSON Schema's types, by Dify's. Files are not offered: a client has none that Dify knows.
TYPES = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "select": "string",
    "object": "object",
    "array": "array",
}


def chosen(settings: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the tools that the setting has, by their names, but for those switched off."""
    tools = settings.get("tools") or ()
    return {each["tool_name"]: each for each in tools if each.get("enabled", True)}


def describe(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool as `tools/list` shows it: with the parameters that a model is to set."""
    properties: dict[str, Any] = {}
    required = []
    for parameter in tool.get("schemas") or ():
        kind = TYPES.get(parameter.get("type"))
        if kind is None or parameter.get("form", "llm") != "llm":
            continue
        described = {"type": kind, "description": parameter.get("llm_description") or ""}
        options = [each["value"] for each in parameter.get("options") or ()]
        properties[parameter["name"]] = described | ({"enum": options} if options else {})
        if parameter.get("required"):
            required.append(parameter["name"])
    extra = (tool.get("extra") or {}).get("description")
    return {
        "name": tool["tool_name"],
        "description": extra or tool.get("tool_description") or tool.get("tool_label") or "",
        "inputSchema": {"type": "object", "properties": properties, "required": required},
    }


def run(session: Any, tool: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call a tool and return the result of `tools/call`; its failure is one, too."""
    preset = {name: _plain(value) for name, value in (tool.get("settings") or {}).items()}
    result: dict[str, Any] = {"content": [], "isError": False}
    try:
        messages = session.tool.invoke(  # packager: ignore[unanswered-call]
            ToolProviderType(tool.get("type") or "builtin"),
            tool["provider_name"],
            tool["tool_name"],
            {**preset, **arguments},
        )
        for message in messages:
            result["content"] += _content(message)
            found = getattr(message.message, "json_object", None)
            if isinstance(found, Mapping):
                result["structuredContent"] = found
    except Exception:
        log.exception("the tool %s did not answer", tool["tool_name"])
        text = "The tool did not answer."
        return {"content": [{"type": "text", "text": text}], "isError": True}
    return result


def _plain(value: Any) -> Any:
    """Return what a person has set: newer forms keep it as {"value": ...}."""
    return value["value"] if isinstance(value, Mapping) and "value" in value else value


def _content(message: Any) -> Iterator[dict[str, Any]]:
    held = message.message
    if hasattr(held, "blob"):
        kind = (message.meta or {}).get("mime_type") or "application/octet-stream"
        data = base64.b64encode(held.blob).decode()
        if kind.startswith(("image/", "audio/")):
            yield {"type": kind.partition("/")[0], "data": data, "mimeType": kind}
        else:
            resource = {"uri": "dify:blob", "blob": data, "mimeType": kind}
            yield {"type": "resource", "resource": resource}
    elif hasattr(held, "json_object"):
        yield {"type": "text", "text": json.dumps(held.json_object, ensure_ascii=False)}
    elif hasattr(held, "text"):
        yield {"type": "text", "text": held.text}
