"""An MCP server over HTTP whose messages pydantic checks: a client's `initialize`."""

import json
import logging
from collections.abc import Mapping
from typing import Any, Literal, Optional, Union

from pydantic import BaseModel, Field, ValidationError
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)


class ClientInfo(BaseModel):
    name: str
    version: str


class InitializeParams(BaseModel):
    protocolVersion: str
    capabilities: dict[str, Any] = Field(default_factory=dict)
    clientInfo: ClientInfo


class JsonRpcRequest(BaseModel):
    jsonrpc: Literal["2.0"]
    id: Optional[Union[int, str]] = None
    method: str
    params: Optional[dict[str, Any]] = None


class McpEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        try:
            message = JsonRpcRequest.model_validate(r.get_json())
        except ValidationError as e:
            logger.info("a bad message: %s", e)
            return self._reply({"error": {"code": -32600, "message": "Invalid Request"}})
        if message.method == "initialize":
            params = InitializeParams.model_validate(message.params)
            result = {
                "protocolVersion": params.protocolVersion,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "dify", "version": "1.0"},
            }
            return self._reply({"id": message.id, "result": result})
        return self._reply({"id": message.id, "error": {"code": -32601, "message": "none"}})

    def _reply(self, body: dict[str, Any]) -> Response:
        text = json.dumps({"jsonrpc": "2.0", **body})
        return Response(text, status=200, content_type="application/json")
