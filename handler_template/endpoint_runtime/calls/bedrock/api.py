"""Calls of models that Amazon Bedrock answers, signed with the role's own credentials."""

from __future__ import annotations

from time import time

from endpoint_runtime.aws.sigv4 import quote
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.model_names import endpoint_name
from endpoint_runtime.calls.signed import aws_server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session

_CHATS = ("llm", "llm_structured_output")
_KINDS = (*_CHATS, "text_embedding", "multimodal_embedding", "rerank")


class Bedrock:
    """Bedrock in the region that the bundle's MODELS says, or the function's; threads share it."""

    name = "Amazon Bedrock"

    def __init__(self, models: Mapping[str, Any]) -> None:
        self._names: Mapping[str, str] = models["names"]
        self._server = aws_server("bedrock-runtime", "bedrock", models["region"])

    def answers(self, kind: str) -> bool:
        """Return whether it has calls of a kind (the SDK's InvokeType)."""
        return kind in _KINDS

    def invoke(
        self, session: Session, kind: str, data: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the answers to a call, as Dify's daemon gives them; raises CallError."""
        provider, model = str(data.get("provider", "")), str(data.get("model", ""))
        name = endpoint_name(self._names, provider, model)
        if name is None:
            message = f"no model of Bedrock is configured for {provider}/{model}"
            known = ", ".join(self._names)
            raise CallError(message, detail=f"{message}; models.names has {known}")
        path = f"/model/{quote(name)}"
        if kind in _CHATS:
            return self._chat(session, path, data)
        from endpoint_runtime.calls.bedrock import other_kinds

        def ask(body: Mapping[str, Any]) -> dict[str, Any]:
            return self._server.read_json(session, f"{path}/invoke", body)

        if kind == "rerank":
            return other_kinds.rerank(ask, name, data)
        return other_kinds.embed(ask, name, data)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._server.close()

    def _chat(
        self, session: Session, path: str, data: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        from endpoint_runtime.calls.bedrock.converse import Answer
        from endpoint_runtime.calls.bedrock.requests import converse_request

        structured = "structured_output_schema" in data
        answer = Answer(str(data["model"]), time(), structured=structured)
        body = converse_request(data)
        if not data.get("stream", True):
            with self._server.send(session, f"{path}/converse", body) as exchange:
                yield from answer.read_whole(exchange)
            return
        with self._server.send(session, f"{path}/converse-stream", body) as exchange:
            yield from answer.read_stream(exchange)
