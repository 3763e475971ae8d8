"""A chat completion: what of a request the app is told, and the objects that clients get back.

(OpenAI's API reference: Chat Completions.)
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

ROLES = ("system", "developer", "user", "assistant")


class BadRequest(ValueError):
    """A request that says too little, or what no app takes; the message is for the client."""


def query_of(messages: object) -> str:
    """Return what the app is asked: the last message, what was said before it told along.

    The API's clients send the whole conversation each time, and Dify wants one question.
    """
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages must be a list that is not empty")
    said = [_said(message) for message in messages]
    role, text = said[-1]
    if role != "user":
        raise BadRequest("the last message must be a user's")
    if len(said) == 1:
        return text
    before = "\n".join(f"{role}: {text}" for role, text in said[:-1])
    return f"{before}\nuser: {text}"


def _said(message: object) -> tuple[str, str]:
    if not isinstance(message, Mapping) or message.get("role") not in ROLES:
        raise BadRequest(f"a message's role must be one of {', '.join(ROLES)}")
    content = message.get("content")
    if isinstance(content, list):  # parts, of which an app takes text
        kinds = {part.get("type") if isinstance(part, Mapping) else None for part in content}
        if kinds - {"text"}:
            raise BadRequest("of a message's parts, only text is taken here")
        content = "".join(str(part.get("text", "")) for part in content)
    if content is None and message["role"] == "assistant":
        content = ""
    if not isinstance(content, str):
        raise BadRequest("a message's content must be text")
    return message["role"], content


class Completion:
    """One answer as it comes: `pieces` are texts; the rest is known at the end.

    The rest is `usage`, `finish`, why it ended, and `tool_calls`, which no app asks for.
    """

    def __init__(self, events: Iterator[Any], model: str) -> None:
        self.identity = f"chatcmpl-{os.urandom(12).hex()}"
        self.created = int(time.time())
        self.model = model
        self.usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        self.finish = "stop"
        self.tool_calls: list[dict[str, Any]] = []
        self._events = events

    def pieces(self) -> Iterator[str]:
        """Yield the answer's texts. Whatever the app's call raises comes through."""
        for event in self._events:
            if event["event"] in ("message", "agent_message"):
                if event["answer"]:
                    yield event["answer"]
            elif event["event"] == "message_end":
                used = (event.get("metadata") or {}).get("usage") or {}
                self.usage = {name: int(used.get(name) or 0) for name in self.usage}
            elif event["event"] == "error":
                raise RuntimeError(f"the app failed: {event.get('message')}")

    def whole(self) -> dict[str, Any]:
        """Return the completion in one object."""
        text = "".join(self.pieces())
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if self.tool_calls:
            message |= {"content": text or None, "tool_calls": self.tool_calls}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish}
        return {**self._common("chat.completion"), "choices": [choice], "usage": self.usage}

    def chunks(self, first: str | None, rest: Iterator[str], *, with_usage: bool) -> Iterator[str]:
        """Yield the completion as server-sent events; `first` and `rest` are its pieces.

        A failure midway can't change the status any more: it becomes an event, and the end.
        """
        try:
            yield self._chunk({"role": "assistant", "content": ""})
            if first is not None:
                yield self._chunk({"content": first})
            for piece in rest:
                yield self._chunk({"content": piece})
        except Exception:
            failed = {"message": "the answer broke off", "type": "server_error"}
            yield _event({"error": {**failed, "param": None, "code": None}})
            raise
        if self.tool_calls:
            calls = [{"index": index, **call} for index, call in enumerate(self.tool_calls)]
            yield self._chunk({"tool_calls": calls})
        yield self._chunk({}, finish=self.finish)
        if with_usage:
            yield _event(
                {**self._common("chat.completion.chunk"), "choices": [], "usage": self.usage}
            )
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._common("chat.completion.chunk"), "choices": [choice]})

    def _common(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.identity,
            "object": kind,
            "created": self.created,
            "model": self.model,
        }


def _event(content: object) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False, separators=(',', ':'))}\n\n"
