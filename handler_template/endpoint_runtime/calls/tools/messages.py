"""The messages of tools, as Dify's daemon gives them to plugins."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = ("text", "json", "blob", "link", "image", "image_link", "variable", "file", "log")


def text_message(text: str) -> dict[str, Any]:
    """Return a message of text."""
    return {"type": "text", "message": {"text": text}, "meta": None}


def json_message(found: Any) -> dict[str, Any]:
    """Return a message of a JSON object or array."""
    return {"type": "json", "message": {"json_object": found}, "meta": None}


def link_message(url: str) -> dict[str, Any]:
    """Return a message of a link."""
    return {"type": "link", "message": {"text": url}, "meta": None}


def blob_message(content: str, mime_type: str, filename: str = "") -> dict[str, Any]:
    """Return a message of bytes, which are given in base64."""
    meta = {"mime_type": mime_type, **({"filename": filename} if filename else {})}
    return {"type": "blob", "message": {"blob": content}, "meta": meta}


def messages_of(found: Any) -> list[dict[str, Any]]:
    """Return the messages that any JSON stands for: text, one object, or messages themselves."""
    if isinstance(found, str):
        return [text_message(found)]
    if found is None:
        return []
    if isinstance(found, dict | list):
        items = found if isinstance(found, list) else [found]
        if items and all(_is_message(each) for each in items):
            return [{"meta": None, **each} for each in items]
        return [json_message(found)]
    return [text_message(str(found).lower() if isinstance(found, bool) else str(found))]


def _is_message(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.get("type") in KINDS
        and isinstance(item.get("message"), dict)
        and item.keys() <= {"type", "message", "meta"}
    )
