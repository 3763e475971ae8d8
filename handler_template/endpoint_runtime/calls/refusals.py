"""Reads why a server refuses a call, in any of the forms that APIs say it, without its keys."""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_MESSAGE = 500  # characters of an error that is not JSON


def refusal(
    host: str, status: int, headers: Mapping[str, str], body: bytes, sent: Mapping[str, str]
) -> CallError:
    """Return the error that an answer tells; `sent` are the request's headers.

    Who answers may say what it was asked with: that is taken out.
    """
    message, code = _message(body)
    detail = ""
    if status < 400:
        target = headers.get("location", "-")
        message = f"{host} redirects to {target}: check its URL in the configuration"
    elif not message:
        message = f"{host} answered with status {status}"
        detail = f"{message}, and says no more"
    code = code or headers.get("x-amzn-errortype", "").partition(":")[0]
    for key in _keys_in(sent):
        message, code = message.replace(key, "***"), code.replace(key, "***")
    return CallError(message, status=status, code=code, detail=detail)


def _message(text: bytes) -> tuple[str, str]:
    """Return the message and the code of an error, in any of the forms that APIs have for it."""
    try:
        found = decode_json(text)
    except (ValueError, RecursionError):
        plain = text.decode("utf-8", "replace").strip()
        return ("" if plain.startswith("<") else plain[:_MAX_MESSAGE]), ""
    if isinstance(found, list) and found:
        found = found[0]
    inner = found.get("error", found) if isinstance(found, dict) else found
    if isinstance(inner, str):
        return inner, ""
    if not isinstance(inner, dict):
        return "", ""
    said = inner.get("message") or inner.get("Message") or inner.get("detail") or ""
    code = inner.get("code") or inner.get("type") or inner.get("__type") or ""
    return str(said)[: 8 * _MAX_MESSAGE], str(code)


def _keys_in(headers: Mapping[str, str]) -> list[str]:
    """Return the texts of a request's headers that are secrets, or may be."""
    plain = ("user-agent", "content-type", "accept", "host")
    return [
        part
        for name, value in headers.items()
        if name.lower() not in plain
        for part in (value, value.rpartition(" ")[2])
        if len(part) >= 8
    ]
