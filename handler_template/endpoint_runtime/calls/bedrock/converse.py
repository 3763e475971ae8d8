"""Reads what Bedrock's Converse and ConverseStream answer, as the SDK's chunks.

Source: "Converse" and "ConverseStream" of the Amazon Bedrock Runtime API. What a model thinks goes
into the text between `<think>` and `</think>`, as in Dify.
"""

from __future__ import annotations

from time import time

from endpoint_runtime.calls.bedrock.event_stream import read_messages
from endpoint_runtime.calls.bedrock.requests import STRUCTURED, arguments_text
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.server import json_object
from endpoint_runtime.calls.values import chunk, tool_call, usage
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from endpoint_runtime.calls.server import Exchange

# Why an answer ends, in the words that most models have.
_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
}


class Answer:
    """What has come of an answer so far; `model` is the name that the plugin knows."""

    def __init__(self, model: str, started: float, *, structured: bool) -> None:
        self._model = model
        self._started = started
        self._structured = structured
        self._index = 0
        self._thinking = False
        self._calls: dict[int, list[str]] = {}  # id, name and arguments, by their block
        self._reason = ""
        self._usage: Mapping[str, Any] = {}

    def read_stream(self, exchange: Exchange) -> Iterator[dict[str, Any]]:
        """Yield the chunks of a streamed answer; raises CallError."""
        for headers, payload in read_messages(exchange.chunks(), checked=not exchange.is_encrypted):
            event = json_object(payload) if payload else {}
            kind = headers.get(":exception-type") or headers.get(":error-code")
            if kind or headers.get(":message-type") in ("exception", "error"):
                said = event.get("message") or headers.get(":error-message") or kind
                raise CallError(str(said or "the model failed"), code=kind or "")
            yield from self._add(headers.get(":event-type", ""), event)
        if not self._reason:
            raise CallError("the answer ended in the middle")
        yield self._last()

    def read_whole(self, exchange: Exchange) -> Iterator[dict[str, Any]]:
        """Yield the chunks of an answer that comes in one piece; raises CallError."""
        found = exchange.read_json()
        output = found.get("output")
        message = output.get("message") if isinstance(output, dict) else None
        if not isinstance(message, dict):
            raise CallError("the answer has no message")
        for index, block in enumerate(message.get("content") or ()):
            used = block.get("toolUse")
            if used:
                arguments = arguments_text(used.get("input") or {})
                self._calls[index] = [used["toolUseId"], used["name"], arguments]
                continue
            thought = (block.get("reasoningContent") or {}).get("reasoningText") or {}
            yield from self._text(thought.get("text") or "", block.get("text") or "")
        self._reason = str(found.get("stopReason") or "end_turn")
        self._usage = found.get("usage") or {}
        yield self._last()

    def _add(self, kind: str, event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        index = int(event.get("contentBlockIndex", 0))
        if kind == "contentBlockStart":
            used = (event.get("start") or {}).get("toolUse")
            if used:
                self._calls[index] = [used.get("toolUseId", ""), used.get("name", ""), ""]
        elif kind == "contentBlockDelta":
            delta = event.get("delta") or {}
            used = delta.get("toolUse")
            if used and index in self._calls:
                self._calls[index][2] += used.get("input", "")
            thought = (delta.get("reasoningContent") or {}).get("text") or ""
            yield from self._text(thought, delta.get("text") or "")
        elif kind == "messageStop":
            self._reason = str(event.get("stopReason") or "end_turn")
        elif kind == "metadata":
            self._usage = event.get("usage") or {}

    def _text(self, thought: str, said: str) -> Iterator[dict[str, Any]]:
        text = ""
        if thought:
            text = thought if self._thinking else f"<think>\n{thought}"
            self._thinking = True
        if said and self._thinking:
            self._thinking = False
            text += "\n</think>"
        if text + said:
            yield chunk(self._model, self._index, text + said)
            self._index += 1

    def _last(self) -> dict[str, Any]:
        calls = [each for _, each in sorted(self._calls.items())]
        made = chunk(
            self._model,
            self._index,
            "\n</think>" if self._thinking else "",
            tool_calls=[
                tool_call(identifier, name, arguments or "{}")
                for identifier, name, arguments in calls
                if not (self._structured and name == STRUCTURED)
            ],
            used=usage(
                int(self._usage.get("inputTokens") or 0),
                int(self._usage.get("outputTokens") or 0),
                time() - self._started,
                self._usage.get("totalTokens"),
            ),
            finish_reason=_REASONS.get(self._reason, self._reason),
        )
        if self._structured:
            [found] = [text for _, name, text in calls if name == STRUCTURED][:1] or [""]
            made["structured_output"] = _structured(found)
            made["delta"]["message"]["content"] += found
        return made


def _structured(text: str) -> dict[str, Any]:
    try:
        found = decode_json(text.encode())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CallError(f"Failed to parse structured output: {text[:200]}")
    return found
