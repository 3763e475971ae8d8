"""The Dify app as a tool: its description, and its call."""

import json
import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)

QUERY = {"type": "string", "description": "What to ask"}
CONVERSATION = {
    "type": "string",
    "description": "The conversation_id of an earlier answer, to go on with that conversation",
}


def describe(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tool as `tools/list` shows it. ValueError for an input schema that is none."""
    schema = input_schema(settings.get("input_schema") or "")
    if app_type(settings) == "chat":
        own = {"query": QUERY, "conversation_id": CONVERSATION}
        schema["properties"] = {**own, **schema.get("properties", {})}
        schema["required"] = sorted({"query", *schema.get("required", [])})
    return {
        "name": settings.get("tool_name") or "ask",
        "description": settings.get("tool_description") or "",
        "inputSchema": schema,
    }


def input_schema(text: str) -> dict[str, Any]:
    """Read the setting; a blank one is an object without inputs."""
    if not text.strip():
        return {"type": "object"}
    schema = json.loads(text)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ValueError("input_schema must be the schema of an object")
    return schema


def app_type(settings: Mapping[str, Any]) -> str:
    """Return the kind of the app: chat, workflow or completion."""
    return settings.get("app_type") or "chat"


def run(session: Any, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call the app and return the result of `tools/call`.

    A failure is a result too, one that the model behind the client gets to see; its cause is in
    the log alone.
    """
    try:
        content = _ask(session.app, settings["app"]["app_id"], app_type(settings), arguments)
    except Exception:
        log.exception("the app did not answer")
        text = "The app did not answer."
        return {"content": [{"type": "text", "text": text}], "isError": True}
    text = content.get("answer") or json.dumps(content, ensure_ascii=False)
    result = {"content": [{"type": "text", "text": text}], "structuredContent": content}
    return {**result, "isError": False}


def _ask(app: Any, app_id: str, kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    inputs = dict(arguments)
    if kind == "workflow":
        reply = app.workflow.invoke(app_id, inputs, response_mode="blocking")
        data = reply["data"]
        if data.get("status") != "succeeded":
            raise RuntimeError(f"the workflow ended as {data.get('status')}: {data.get('error')}")
        return data.get("outputs") or {}
    if kind == "completion":
        reply = app.completion.invoke(app_id, inputs, response_mode="blocking")
        return {"answer": reply["answer"]}
    query = str(inputs.pop("query", ""))
    conversation = str(inputs.pop("conversation_id", None) or "")
    answer = ""
    # Streamed, since agents answer in no other way.
    for event in app.chat.invoke(
        app_id, query, inputs, response_mode="streaming", conversation_id=conversation
    ):
        if event["event"] in ("message", "agent_message"):
            answer += event["answer"]
        elif event["event"] == "message_replace":
            answer = event["answer"]
        elif event["event"] == "error":
            raise RuntimeError(f"the app failed: {event.get('message')}")
        conversation = event.get("conversation_id") or conversation
    return {"answer": answer, "conversation_id": conversation}
