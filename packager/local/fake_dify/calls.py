"""The models, tools and nodes of Dify's stand-in: what they answer, by rule or by the script.

A model says what it is asked, a tool the arguments that it is given. Kinds and shapes are those of
`InvokeType` in langgenius/dify-plugin-sdks, and of what langgenius/dify-plugin-daemon gives back.
"""

from __future__ import annotations

import hashlib
import json
from binascii import hexlify, unhexlify
from collections.abc import Iterator, Mapping
from typing import Any

from packager.local.fake_dify.events import pieces_of
from packager.local.fake_dify.refusals import ApiRefusal
from packager.local.fake_dify.script import Script, Turn

_DIMENSIONS = 8  # of an embedding
# What forms offer for it, though any model and any tool will do.
FAKE_MODELS = ("fake/echo",)
FAKE_TOOLS = ("fake/echo",)
_VALUES: Mapping[str, Any] = {
    "string": "",
    "number": 0,
    "integer": 0,
    "boolean": False,
    "bool": False,
    "array": [],
    "object": {},
}


class FakeCalls:
    """What answers calls; it remembers nothing but how far the `script` is."""

    def __init__(self, script: Script | None = None) -> None:
        self._script = script or Script()

    def answers(self, kind: str, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what a call of a kind is answered with; raises ApiRefusal."""
        make = _KINDS.get(kind)
        if make is None:
            raise ApiRefusal(404, "not_found", f"unsupported invoke type: {kind}")
        try:
            yield from make(self, request)
        except (AttributeError, KeyError, TypeError, ValueError) as fault:
            message = f"the request is not valid: {type(fault).__name__}: {fault}"
            raise ApiRefusal(400, "invalid_param", message) from None

    def _turn(self, request: Mapping[str, Any], asked: str) -> Turn | None:
        """Return what the script has a model or a tool answer; raise the error that it says."""
        name = request.get("tool") or request.get("model")
        provider = str(request.get("provider"))
        if isinstance(name, Mapping):  # of a node
            provider, name = str(name.get("provider")), name.get("name")
        table = self._script.tools if request.get("tool") else self._script.models
        turn = self._script.call(table, f"{provider}/{name}", asked)
        if turn is not None and turn.error is not None:
            raise ApiRefusal(turn.error.status, turn.error.code, turn.error.message)
        return turn

    def _llm(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        asked = _asked(request["prompt_messages"])
        turn = self._turn(request, asked)
        text = asked if turn is None else turn.text(asked, 1)
        called = [each for each in request.get("tools") or () if each["name"] in asked.split()]
        if called and turn is None:
            text = ""
        schema = request.get("structured_output_schema")
        found = None
        if schema is not None:
            scripted = turn is not None and turn.outputs is not None
            found = dict(turn.outputs or {}) if turn and scripted else _by_schema(schema)
            text = json.dumps(found)
        pieces = [*pieces_of(text, None)] if request.get("stream", True) else [text]
        for index, piece in enumerate(pieces if text else ()):
            yield _chunk(request, index, piece)
        calls = [
            {"id": f"call-{n}", "type": "function", "function": {"name": each["name"], **_NO_INPUT}}
            for n, each in enumerate(called, 1)
        ]
        last = _chunk(request, len(pieces), "", calls if turn is None else [])
        last["delta"] |= {
            "usage": _usage(len(asked.split()), len(text.split())),
            "finish_reason": "tool_calls" if last["delta"]["message"]["tool_calls"] else "stop",
        }
        yield last if found is None else last | {"structured_output": found}

    def _embedding(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        texts = request.get("texts") or [each["content"] for each in request.get("documents", ())]
        self._turn(request, " ".join(texts))
        tokens = sum(len(each.split()) for each in texts)
        yield {
            "model": request["model"],
            "embeddings": [_embedded(each) for each in texts],
            "usage": {
                "tokens": tokens,
                "total_tokens": tokens,
                "unit_price": "0",
                "price_unit": "0",
                "total_price": "0",
                "currency": "USD",
                "latency": 0.1,
            },
        }

    def _rerank(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        docs = [each if isinstance(each, str) else each["content"] for each in request["docs"]]
        query = request["query"]
        query = query if isinstance(query, str) else query["content"]
        self._turn(request, query)
        words = {*query.casefold().split()}
        scored = [
            {
                "index": index,
                "text": text,
                "score": len(words & {*text.casefold().split()}) / max(len(words), 1),
            }
            for index, text in enumerate(docs)
        ]
        least = request.get("score_threshold") or 0
        scored = sorted(scored, key=lambda each: (-float(str(each["score"])), each["index"]))
        best = [each for each in scored if float(str(each["score"])) >= least]
        yield {"model": request["model"], "docs": best[: request.get("top_n") or None]}

    def _moderation(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        self._turn(request, request["text"])
        yield {"result": "forbidden" in request["text"]}

    def _tts(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        self._turn(request, request["content_text"])
        for piece in pieces_of(request["content_text"], None):
            yield {"result": hexlify(piece.encode()).decode()}

    def _speech2text(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        said = unhexlify(request["file"]).decode("utf-8", "replace")
        turn = self._turn(request, said)
        yield {"result": said if turn is None else turn.text(said, 1)}

    def _tool(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        given = request.get("tool_parameters") or {}
        text = ", ".join(f"{name}={value}" for name, value in given.items())
        turn = self._turn(request, text)
        said = text if turn is None else turn.text(text, 1)
        yield {"type": "text", "message": {"text": said}, "meta": None}
        found = dict(given) if turn is None or turn.outputs is None else dict(turn.outputs)
        yield {"type": "json", "message": {"json_object": found}, "meta": None}

    def _extractor(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        query = request["query"]
        turn = self._turn(request, query)
        words = dict(word.split("=", 1) for word in query.split() if "=" in word)
        found = {
            each["name"]: words.get(each["name"], _VALUES.get(each["type"].partition("[")[0], ""))
            for each in request["parameters"]
        }
        if turn is not None and turn.outputs is not None:
            found = dict(turn.outputs)
        outputs = {"__is_success": 1, "__reason": None, **found}
        yield {"process_data": {}, "inputs": {"query": query}, "outputs": outputs}

    def _classifier(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        query = request["query"]
        turn = self._turn(request, query)
        classes = request["classes"]
        named = [each for each in classes if each["name"].casefold() in query.casefold()]
        chosen = (named or classes)[0]
        if turn is not None and turn.answer:
            chosen = next((each for each in classes if each["name"] == turn.answer), chosen)
        outputs = {"class_name": chosen["name"], "class_id": chosen["id"]}
        yield {"process_data": {}, "inputs": {"query": query}, "outputs": outputs}

    def _summary(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield {"summary": request["text"][:100]}


_NO_INPUT = {"arguments": "{}"}
_KINDS = {
    "llm": FakeCalls._llm,
    "llm_structured_output": FakeCalls._llm,
    "text_embedding": FakeCalls._embedding,
    "multimodal_embedding": FakeCalls._embedding,
    "rerank": FakeCalls._rerank,
    "multimodal_rerank": FakeCalls._rerank,
    "moderation": FakeCalls._moderation,
    "tts": FakeCalls._tts,
    "speech2text": FakeCalls._speech2text,
    "tool": FakeCalls._tool,
    "node_parameter_extractor": FakeCalls._extractor,
    "node_question_classifier": FakeCalls._classifier,
    "system_summary": FakeCalls._summary,
}


def _asked(messages: list[dict[str, Any]]) -> str:
    """Return the text of the last message of a user's, or of the last at all."""
    said = [each for each in messages if each.get("role") == "user"] or messages
    content = said[-1].get("content") if said else ""
    if isinstance(content, list):
        return "".join(each.get("data", "") for each in content if each.get("type") == "text")
    return content or ""


def _chunk(
    request: Mapping[str, Any], index: int, text: str, calls: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "name": "", "tool_calls": calls or []}
    return {
        "model": request["model"],
        "prompt_messages": [],
        "system_fingerprint": "",
        "delta": {"index": index, "message": message, "usage": None, "finish_reason": None},
    }


def _usage(prompt: int, completion: int) -> dict[str, Any]:
    prices = (
        *("prompt_unit_price", "prompt_price_unit", "prompt_price", "completion_unit_price"),
        *("completion_price_unit", "completion_price", "total_price"),
    )
    tokens = {"prompt_tokens": prompt, "completion_tokens": completion}
    whole = {"total_tokens": prompt + completion, "currency": "USD", "latency": 0.1}
    return {**tokens, **dict.fromkeys(prices, "0.001"), **whole}


def _embedded(text: str) -> list[float]:
    """Return a vector that is the same for the same text."""
    digest = hashlib.sha256(text.encode()).digest()
    return [round(byte / 127.5 - 1, 6) for byte in digest[:_DIMENSIONS]]


def _by_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object that has what a JSON Schema asks for, and no more."""
    found = {}
    for name, each in (schema.get("properties") or {}).items():
        kind = each.get("type", "string")
        options = each.get("enum")
        found[name] = options[0] if options else _VALUES.get(kind, "")
        if kind == "object":
            found[name] = _by_schema(each)
    return found
