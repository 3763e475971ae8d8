"""Tools that are operations of an HTTP API, as its OpenAPI document describes them.

The build has read the document (OpenAPI Specification 3): what is here is one operation of it.
"""

from __future__ import annotations

from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.server import Server
from endpoint_runtime.calls.tools.messages import blob_message, messages_of, text_message
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.server import Authorization

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Operation:
    """One operation; threads share it.

    `given` has `url`, `method`, `path` (with `{name}` in it), `parameters` (name, place, whether it
    is required), and `body`: its content type and the names of its properties, or None.
    """

    def __init__(self, given: Mapping[str, Any], authorization: Authorization | None) -> None:
        self._given = given
        self._server = Server(given["url"], authorization)

    def call(
        self, session: Session, tool: str, parameters: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the messages that the API's answer stands for; raises CallError."""
        rest = dict(parameters)
        path, query, headers = self._given["path"], [], {}
        for name, place, required in self._given["parameters"]:
            if rest.get(name) is None:
                if required:
                    raise CallError(f"the parameter {name} is missing")
                rest.pop(name, None)
                continue
            value = rest.pop(name)
            if place == "path":
                path = path.replace("{" + name + "}", _quoted(_text(value)))
            elif place == "query":
                several = value if isinstance(value, list | tuple) else [value]
                query += [f"{_quoted(name)}={_quoted(_text(each))}" for each in several]
            elif place == "header":
                headers[name] = _text(value)
        body, kind = self._body(rest)
        target = path + ("?" + "&".join(query) if query else "")
        method = self._given["method"]
        with self._server.send(
            session, target, body, method=method, kind=kind, headers=headers
        ) as exchange:
            content = exchange.read()
            yield from _messages(content, exchange.headers.get("content-type", ""))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._server.close()

    def _body(self, rest: Mapping[str, Any]) -> tuple[Any, str]:
        declared = self._given["body"]
        if declared is None:
            return None, ""
        kind, names = declared
        if names is None and isinstance(rest.get("body"), dict | list):
            return rest["body"], kind
        held = {name: each for name, each in rest.items() if names is None or name in names}
        if kind == "application/x-www-form-urlencoded":
            pairs = [f"{_quoted(name)}={_quoted(_text(each))}" for name, each in held.items()]
            return "&".join(pairs).encode(), kind
        return held, kind


def _messages(content: bytes, kind: str) -> list[dict[str, Any]]:
    kind = kind.partition(";")[0].strip().lower()
    if not content:
        return [text_message("")]
    if kind.endswith("json"):
        try:
            return messages_of(decode_json(content))
        except (ValueError, RecursionError):
            return [text_message(content.decode("utf-8", "replace"))]
    if kind.startswith("text/") or kind.endswith("xml") or not kind:
        return [text_message(content.decode("utf-8", "replace"))]
    from binascii import b2a_base64

    return [blob_message(b2a_base64(content, newline=False).decode(), kind)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        from endpoint_runtime.json_codec import encode_json

        return encode_json(value).decode()
    return str(value)


def _quoted(text: str) -> str:
    return "".join(
        [chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode("utf-8")]
    )
