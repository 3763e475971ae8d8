"""Turns what the SDK's calls hand over into plain data, and data into what they hand back."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def plain(value: Any) -> Any:
    """Return data as JSON has it: members of enumerations as their values, entities as objects.

    Bytes stay as they are.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or kind is float or value is None:
        return value
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if hasattr(value, "value") and hasattr(kind, "__members__"):
        return plain(value.value)
    return value


def usage(prompt: int, completion: int, seconds: float, total: int | None = None) -> dict[str, Any]:
    """Return the usage of a language model's call, in tokens; prices are only Dify's to know."""
    return {
        "prompt_tokens": prompt,
        "prompt_unit_price": "0",
        "prompt_price_unit": "0",
        "prompt_price": "0",
        "completion_tokens": completion,
        "completion_unit_price": "0",
        "completion_price_unit": "0",
        "completion_price": "0",
        "total_tokens": prompt + completion if total is None else total,
        "total_price": "0",
        "currency": "USD",
        "latency": round(seconds, 3),
    }


def embedding_usage(tokens: int, seconds: float) -> dict[str, Any]:
    """Return the usage of an embedding model's call."""
    return {
        "tokens": tokens,
        "total_tokens": tokens,
        "unit_price": "0",
        "price_unit": "0",
        "total_price": "0",
        "currency": "USD",
        "latency": round(seconds, 3),
    }


def chunk(
    model: str,
    index: int,
    content: str,
    *,
    tool_calls: list[dict[str, Any]] | None = None,
    used: dict[str, Any] | None = None,
    finish_reason: str | None = None,
) -> dict[str, Any]:
    """Return a part of a language model's answer, as Dify's daemon writes it."""
    message = {"role": "assistant", "content": content, "tool_calls": tool_calls or []}
    return {
        "model": model,
        "prompt_messages": [],
        "system_fingerprint": None,
        "delta": {
            "index": index,
            "message": message,
            "usage": used,
            "finish_reason": finish_reason,
        },
    }


def tool_call(identifier: str, name: str, arguments: str) -> dict[str, Any]:
    """Return a model's wish to call a tool; `arguments` are JSON."""
    return {
        "id": identifier,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
