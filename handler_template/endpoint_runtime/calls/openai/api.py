"""Calls of models that an OpenAI-compatible endpoint answers."""

from __future__ import annotations

from time import time

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.keys import KeyHeader
from endpoint_runtime.calls.model_names import endpoint_name
from endpoint_runtime.calls.server import Server
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.server import Exchange
    from endpoint_runtime.settings.keys import Keys

_KEY = "models.api_key"


class OpenAi:
    """The endpoint that the bundle's MODELS names; threads share one."""

    name = "an OpenAI-compatible endpoint"

    def __init__(self, models: Mapping[str, Any], keys: Keys) -> None:
        self._names: Mapping[str, str] = models["names"]
        key = KeyHeader(keys, _KEY) if _KEY in keys.names else None
        self._server = Server(models["base_url"], key)

    def answers(self, kind: str) -> bool:
        """Return whether it has calls of a kind (the SDK's InvokeType)."""
        return kind in _CALLS

    def invoke(
        self, session: Session, kind: str, data: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the answers to a call, as Dify's daemon gives them; raises CallError."""
        provider, model = str(data.get("provider", "")), str(data.get("model", ""))
        name = endpoint_name(self._names, provider, model) or model
        if kind in ("llm", "llm_structured_output"):
            return self._chat(session, name, data)
        from endpoint_runtime.calls.openai import other_kinds

        return getattr(other_kinds, _CALLS[kind])(self._server, session, name, data)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the connections that are kept."""
        self._server.close()

    def _chat(
        self, session: Session, name: str, data: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        from endpoint_runtime.calls.openai.chat import read_answer

        started = time()
        schema = data.get("structured_output_schema")
        texts: list[str] = []
        with self._asked(session, name, data) as exchange:
            for chunk in read_answer(exchange, str(data["model"]), started):
                if schema is not None:
                    texts.append(chunk["delta"]["message"]["content"])
                    if chunk["delta"]["finish_reason"] is not None:
                        chunk["structured_output"] = structured("".join(texts))
                yield chunk

    def _asked(self, session: Session, name: str, data: Mapping[str, Any]) -> Exchange:
        """Send a request; what the endpoint refuses of it is asked without, or in another way."""
        from endpoint_runtime.calls.openai import requests

        path, write = "/chat/completions", requests.chat_request
        if data.get("mode") == "completion" and "structured_output_schema" not in data:
            path, write = "/completions", requests.completion_request
        body = write(name, data)
        if data.get("stream", True):
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        while True:
            try:
                return self._server.send(session, path, body)
            except CallError as fault:
                if fault.status not in (400, 422):
                    raise
                said = fault.message
                if "stream_options" in said and "stream_options" in body:
                    del body["stream_options"]
                elif "max_completion_tokens" in said and "max_tokens" in body:
                    body["max_completion_tokens"] = body.pop("max_tokens")
                elif ("response_format" in said or "json_schema" in said) and (
                    "structured_output_schema" in data and "response_format" in body
                ):
                    body = requests.asked_in_words(body, data["structured_output_schema"])
                else:
                    raise


# The functions of `other_kinds` by the SDK's kind of call; chats are answered here.
_CALLS = {
    "llm": "",
    "llm_structured_output": "",
    "text_embedding": "embed",
    "rerank": "rerank",
    "moderation": "moderate",
    "speech2text": "transcribe",
    "tts": "speak",
}


def structured(text: str) -> dict[str, Any]:
    """Return the object that an answer by a schema is; raises CallError."""
    start, end = text.rfind("</think>") + 1, text.rfind("}")
    start = text.find("{", start)
    try:
        found = decode_json(text[start : end + 1].encode()) if start >= 0 else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CallError(f"Failed to parse structured output: {text[:200]}")
    return found
