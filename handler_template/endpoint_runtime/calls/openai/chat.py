"""Reads what an OpenAI-compatible endpoint answers, streamed or whole, as the SDK's chunks.

Source: OpenAI's API reference, "The chat completion chunk object". Endpoints differ: usage comes
with the last choice, after it or not at all; what a model thinks is `reasoning_content` or
`reasoning`, and goes into the text between `<think>` and `</think>`, as in Dify.
"""

from __future__ import annotations

from time import time

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.server import json_object
from endpoint_runtime.calls.values import chunk, tool_call, usage
from endpoint_runtime.http_client.event_stream import EventTooLarge, read_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from endpoint_runtime.calls.server import Exchange

_DONE = "[DONE]"


def read_answer(exchange: Exchange, model: str, started: float) -> Iterator[dict[str, Any]]:
    """Yield the chunks of an answer: its texts as they come, and a last one with all the rest.

    That has tool calls, usage and the reason why the answer ends. `model` is the name that the
    plugin knows, `started` when it called (seconds since the epoch). Raises CallError.
    """
    answer = _Answer(model, started)
    kind = exchange.headers.get("content-type", "")
    if kind.startswith("application/json"):
        yield from answer.add(exchange.read_json())
    else:
        done = False
        try:
            for name, text in read_events(exchange.chunks()):
                done = text == _DONE
                if done:
                    break
                event = json_object(text.encode())
                if name == "error" and "error" not in event:
                    event = {"error": event}
                yield from answer.add(event)
        except EventTooLarge as fault:
            raise CallError(str(fault)) from None
        if not answer.begun:
            raise CallError("the answer ended before it began")
        if not done and answer.finish_reason is None:
            raise CallError("the answer ended in the middle")
    yield answer.last()
    exchange.drain()


class _Answer:
    """What has come of an answer so far."""

    def __init__(self, model: str, started: float) -> None:
        self.model = model
        self.begun = False
        self.finish_reason: str | None = None
        self.usage: Mapping[str, Any] = {}
        self._started = started
        self._index = 0
        self._thinking = False
        self._fingerprint: str | None = None
        self._calls: dict[int, list[str]] = {}  # id, name and arguments, by their index

    def add(self, event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Take in an event, or a whole answer; yield the chunk of its text, if it has some."""
        fault = event.get("error")
        if fault:
            found = fault if isinstance(fault, dict) else {"message": fault}
            said = str(found.get("message") or "the model failed")
            raise CallError(said, code=str(found.get("code") or found.get("type") or ""))
        self.begun = True
        self._fingerprint = event.get("system_fingerprint") or self._fingerprint
        if isinstance(event.get("usage"), dict):
            self.usage = event["usage"]
        for choice in event.get("choices") or ():
            if choice.get("index", 0) != 0:
                continue
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            found = choice.get("delta") or choice.get("message") or {}
            self._add_calls(found.get("tool_calls") or ())
            text = self._text(found, choice.get("text"))
            if text:
                yield self._chunk(text)

    def last(self) -> dict[str, Any]:
        """Return the chunk that ends the answer."""
        text = "\n</think>" if self._thinking else ""
        prompt = int(self.usage.get("prompt_tokens") or 0)
        completion = int(self.usage.get("completion_tokens") or 0)
        total = self.usage.get("total_tokens")
        made = chunk(
            self.model,
            self._index,
            text,
            tool_calls=[tool_call(*each) for _, each in sorted(self._calls.items())],
            used=usage(prompt, completion, time() - self._started, total),
            finish_reason=self.finish_reason or "stop",
        )
        made["system_fingerprint"] = self._fingerprint
        return made

    def _text(self, found: Mapping[str, Any], completion: str | None) -> str:
        thought = found.get("reasoning_content") or found.get("reasoning") or ""
        said = completion or found.get("content") or ""
        if isinstance(said, list):  # some give parts
            said = "".join(each.get("text", "") for each in said if isinstance(each, dict))
        text = ""
        if isinstance(thought, str) and thought:
            text = thought if self._thinking else f"<think>\n{thought}"
            self._thinking = True
        if said and self._thinking:
            self._thinking = False
            text += "\n</think>"
        return text + str(said)

    def _add_calls(self, calls: Any) -> None:
        for position, call in enumerate(calls):
            index = call.get("index")
            if index is None:  # whole answers have none, and some streams
                known = any(call.get("id") == each[0] for each in self._calls.values())
                index = position if known or call.get("id") is None else len(self._calls)
            made = self._calls.setdefault(int(index), ["", "", ""])
            function = call.get("function") or {}
            made[0] = made[0] or str(call.get("id") or "")
            made[1] += str(function.get("name") or "") if not made[1] else ""
            made[2] += str(function.get("arguments") or "")

    def _chunk(self, text: str) -> dict[str, Any]:
        made = chunk(self.model, self._index, text)
        made["system_fingerprint"] = self._fingerprint
        self._index += 1
        return made
