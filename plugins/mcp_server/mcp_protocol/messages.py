"""The Model Context Protocol's messages: what a request asks for, and the reply's shape.

Two kinds of clients come: those of the revisions with a handshake (`initialize`, 2025-11-25 and
before), and those of 2026-07-28 and later, whose every request says its version under `_meta`.
Nothing is kept between requests, so each is answered by itself.
(Specification of the Model Context Protocol: Base Protocol, Lifecycle, Transports, Tools.)
"""

from collections.abc import Callable, Mapping
from typing import Any

HANDSHAKE_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
STATELESS_VERSIONS = ("2026-07-28",)
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
SERVER = {"name": "dify-app", "version": "0.1.0"}
CAPABILITIES = {"tools": {}}

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
STATUS = {METHOD_NOT_FOUND: 404}  # for stateless clients; other errors of theirs are 400


class RpcError(Exception):
    """A request that can't be answered; `code` is JSON-RPC's."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


Call = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def answer(
    message: object, headers: Mapping[str, str], tools: list[dict[str, Any]], call: Call
) -> tuple[int, dict[str, Any] | None]:
    """Answer one message: HTTP's status, and JSON-RPC's reply, None for what wants none.

    `headers` are the request's; `call` runs a tool by its name with arguments.
    """
    if not isinstance(message, Mapping) or message.get("jsonrpc") != "2.0":
        return 400, _failure(None, RpcError(INVALID_REQUEST, "expected a JSON-RPC 2.0 message"))
    if "method" not in message or "id" not in message:
        return 202, None  # a notification, or a reply to what this server never asks
    number = message["id"]
    if isinstance(number, bool) or not isinstance(number, (str, int)):
        return 400, _failure(None, RpcError(INVALID_REQUEST, "an id is a string or an integer"))
    params = message.get("params", {})
    meta = params.get("_meta") if isinstance(params, Mapping) else None
    stateless = isinstance(meta, Mapping) and VERSION_KEY in meta
    try:
        if not isinstance(params, Mapping):
            raise RpcError(INVALID_PARAMS, "params must be an object")
        if stateless:
            _check_stateless(message["method"], params, meta[VERSION_KEY], headers)
            result = _stateless_result(message["method"], params, tools, call)
        else:
            _check_handshake(headers)
            result = _handshake_result(message["method"], params, tools, call)
    except RpcError as error:
        status = STATUS.get(error.code, 400) if stateless else _handshake_status(error)
        return status, _failure(number, error)
    return 200, {"jsonrpc": "2.0", "id": number, "result": result}


def unreadable() -> dict[str, Any]:
    """The reply to a body that is not JSON."""
    return _failure(None, RpcError(PARSE_ERROR, "the body must be JSON"))


def _handshake_result(
    method: object, params: Mapping[str, Any], tools: list[dict[str, Any]], call: Call
) -> dict[str, Any]:
    if method == "initialize":
        asked = params.get("protocolVersion")
        version = asked if asked in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[0]
        return {"protocolVersion": version, "capabilities": CAPABILITIES, "serverInfo": SERVER}
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": tools}
    if method == "tools/call":
        return _call_tool(params, tools, call)
    raise RpcError(METHOD_NOT_FOUND, f"there is no method {method!r} here")


def _stateless_result(
    method: object, params: Mapping[str, Any], tools: list[dict[str, Any]], call: Call
) -> dict[str, Any]:
    kept = {"ttlMs": 0, "cacheScope": "private"}  # settings may change at any time
    if method == "server/discover":
        versions = [*STATELESS_VERSIONS, *HANDSHAKE_VERSIONS]
        result = {"supportedVersions": versions, "capabilities": CAPABILITIES, **kept}
    elif method == "tools/list":
        result = {"tools": tools, **kept}
    elif method == "tools/call":
        result = _call_tool(params, tools, call)
    else:
        raise RpcError(METHOD_NOT_FOUND, f"there is no method {method!r} here")
    return {**result, "resultType": "complete", "_meta": {SERVER_KEY: SERVER}}


def _call_tool(
    params: Mapping[str, Any], tools: list[dict[str, Any]], call: Call
) -> dict[str, Any]:
    name, arguments = params.get("name"), params.get("arguments")
    if name not in [tool["name"] for tool in tools]:
        raise RpcError(INVALID_PARAMS, f"there is no tool {name!r} here")
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, Mapping):
        raise RpcError(INVALID_PARAMS, "arguments must be an object")
    return call(name, arguments)


def _check_handshake(headers: Mapping[str, str]) -> None:
    version = headers.get("MCP-Protocol-Version")
    if version is not None and version not in (*HANDSHAKE_VERSIONS, "2024-11-05"):
        raise _unsupported(version)


def _check_stateless(
    method: object, params: Mapping[str, Any], version: object, headers: Mapping[str, str]
) -> None:
    """Headers repeat what the body says, for whoever routes by them: both must agree."""
    repeated = {"MCP-Protocol-Version": version, "Mcp-Method": method}
    for header, said in repeated.items():
        if headers.get(header) != said:
            raise RpcError(HEADER_MISMATCH, f"the header {header} differs from the body")
    if version not in STATELESS_VERSIONS:
        raise _unsupported(version)


def _unsupported(version: object) -> RpcError:
    supported = [*STATELESS_VERSIONS, *HANDSHAKE_VERSIONS]
    data = {"supported": supported, "requested": version}
    return RpcError(UNSUPPORTED_VERSION, "unsupported protocol version", data)


def _handshake_status(error: RpcError) -> int:
    return 400 if error.code == UNSUPPORTED_VERSION else 200


def _failure(number: object, error: RpcError) -> dict[str, Any]:
    fault: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        fault["data"] = error.data
    return {"jsonrpc": "2.0", "id": number, "error": fault}
