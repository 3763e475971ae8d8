"""Tools of an MCP server, by Streamable HTTP.

Source: the Model Context Protocol's specification of 2025-06-18: "Lifecycle", "Transports",
"Tools". A session is begun by the first call of a process, and again where the server has lost it.
"""

from __future__ import annotations

from _thread import allocate_lock

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.server import json_object, server_and_path
from endpoint_runtime.calls.tools.messages import (
    blob_message,
    json_message,
    link_message,
    text_message,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.server import Authorization, Exchange

VERSION = "2025-06-18"
# What a session that a server does not know is answered with: 404 by the specification, and 400 by
# servers written after the examples of its TypeScript SDK.
_FORGOTTEN = (404, 400)


class McpServer:
    """One server; threads share its session."""

    def __init__(self, url: str, authorization: Authorization | None, name: str) -> None:
        self._server, self._path = server_and_path(url, authorization)
        self._name = name  # of the plugin, which the server is told
        self._lock = allocate_lock()
        self._number = 0
        self._session: dict[str, str] | None = None  # the headers that go with each request

    def call(
        self, session: Session, tool: str, parameters: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the messages that a tool answers; raises CallError."""
        asked = {"name": tool, "arguments": parameters}
        headers = self._begun(session)
        try:
            result = self._ask(session, "tools/call", asked, headers)
        except CallError as fault:
            if fault.status not in _FORGOTTEN or "Mcp-Session-Id" not in headers:
                raise
            # The server has forgotten the session, so it did nothing.
            self._session = None
            result = self._ask(session, "tools/call", asked, self._begun(session))
        yield from _messages(result)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._server.close()

    def _begun(self, session: Session) -> dict[str, str]:
        with self._lock:
            if self._session is None:
                self._session = self._begin(session)
            return self._session

    def _begin(self, session: Session) -> dict[str, str]:
        asked = {
            "protocolVersion": VERSION,
            "capabilities": {},
            "clientInfo": {"name": self._name, "version": "1"},
        }
        given: dict[str, str] = {}
        result = self._ask(session, "initialize", asked, {}, given)
        headers = {"MCP-Protocol-Version": str(result.get("protocolVersion") or VERSION)}
        if "mcp-session-id" in given:
            headers["Mcp-Session-Id"] = given["mcp-session-id"]
        done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        with self._server.send(session, self._path, done, headers=_accepting(headers)) as exchange:
            exchange.read()
        return headers

    def _ask(
        self,
        session: Session,
        method: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        given: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a request and return its result; the answer's headers go into `given`."""
        self._number += 1
        number = self._number
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        with self._server.send(session, self._path, body, headers=_accepting(headers)) as exchange:
            if given is not None:
                given |= exchange.headers
            answer = _answer(exchange, number)
        error = answer.get("error")
        if isinstance(error, dict):
            raise CallError(str(error.get("message")), code=str(error.get("code", "")))
        result = answer.get("result")
        if not isinstance(result, dict):
            raise CallError("the MCP server's answer has no result")
        return result


def _accepting(headers: Mapping[str, str]) -> dict[str, str]:
    return {"Accept": "application/json, text/event-stream", **headers}


def _answer(exchange: Exchange, number: int) -> dict[str, Any]:
    """Return the answer to a request, which may come as an event among others."""
    if not exchange.headers.get("content-type", "").startswith("text/event-stream"):
        return exchange.read_json()
    from endpoint_runtime.http_client.event_stream import EventTooLarge, read_events

    try:
        for _, text in read_events(exchange.chunks()):
            if not text:  # it only says from where the answer could go on
                continue
            found = json_object(text.encode())
            if found.get("id") == number and ("result" in found or "error" in found):
                return found
    except EventTooLarge as fault:
        raise CallError(str(fault)) from None
    raise CallError("the MCP server ended its answer in the middle")


def _messages(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    parts = result.get("content") or []
    if result.get("isError"):
        texts = [str(each.get("text")) for each in parts if each.get("type") == "text"]
        raise CallError("\n".join(texts) or "the tool failed")
    for part in parts:
        kind = part.get("type")
        if kind == "text":
            yield text_message(str(part.get("text", "")))
        elif kind in ("image", "audio"):
            yield blob_message(str(part.get("data", "")), str(part.get("mimeType", "")))
        elif kind == "resource_link":
            yield link_message(str(part.get("uri", "")))
        elif kind == "resource":
            held = part.get("resource") or {}
            if "blob" in held:
                name = str(held.get("uri", "")).rpartition("/")[2]
                yield blob_message(str(held["blob"]), str(held.get("mimeType", "")), name)
            else:
                yield text_message(str(held.get("text", "")))
    if isinstance(result.get("structuredContent"), dict | list):
        yield json_message(result["structuredContent"])
