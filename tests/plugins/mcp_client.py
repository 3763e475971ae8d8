"""Runs the official MCP client against a server: python mcp_client.py URL TOKEN MODE; prints JSON.

A process of its own: the client is asynchronous, and its warnings are not ours.
"""

import asyncio
import json
import sys
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

url, token, mode = sys.argv[1:]


async def main() -> None:
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"})
    transport = streamable_http_client(url, http_client=http)
    async with http, Client(transport, mode=mode) as client:
        tools = (await client.list_tools()).tools
        first = await ask(client, tools[0].name, query="Hello, 世界")
        conversation = (first["said"] or {}).get("conversation_id")
        second = await ask(client, tools[0].name, query="And again", conversation_id=conversation)
        others = [await ask(client, each.name, city="Rome") for each in tools[1:]]
        seen = {
            "version": client.protocol_version,
            "tools": [[tool.name, tool.description, tool.input_schema] for tool in tools],
            "results": [first, second, *others],
        }
        print(json.dumps(seen))


async def ask(client: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    return {
        "text": result.content[0].text,
        "said": result.structured_content,
        "failed": result.is_error,
    }


asyncio.run(main())
