"""The Model Context Protocol: who is let in, and what the tool answers."""

import json

MCP = "endpoints/mcp.py"
SETTINGS = {"app": {"app_id": "assistant"}, "token": "s3cret", "tool_name": "ask"}
HEADERS = {
    "Authorization": "Bearer s3cret",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
}


def send(call, method, headers=HEADERS, **params):
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return call(MCP, "POST /mcp", json=message, headers=headers, settings=SETTINGS)


def test_the_app_is_a_tool(call):
    answer = json.loads(send(call, "tools/list").get_data())
    assert [tool["name"] for tool in answer["result"]["tools"]] == ["ask"]


def test_the_tool_is_answered_by_the_app(call):
    arguments = {"query": "Hello"}
    answer = json.loads(send(call, "tools/call", name="ask", arguments=arguments).get_data())
    assert "You said: Hello" in json.dumps(answer["result"]["content"])


def test_nobody_calls_without_the_token(call):
    assert send(call, "tools/list", headers={}).status_code == 401
