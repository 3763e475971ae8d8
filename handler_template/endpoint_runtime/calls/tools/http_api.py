"""Tools that are operations of an HTTP API, as its OpenAPI document describes them.

The build has read the document (OpenAPI Specification 3): what is here is one operation of it.
"""

from __future__ import annotations

from endpoint_runtime import process
from endpoint_runtime.calls.errors import CallError
from endpoint_runtime.calls.keys import KeyHeader, read_key
from endpoint_runtime.calls.server import Server
from endpoint_runtime.calls.tools.messages import blob_message, messages_of, text_message
from endpoint_runtime.json_codec import decode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from endpoint_runtime.calls.server import Authorization, Exchange
    from endpoint_runtime.settings.keys import Keys

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_REFUSED = 401
_SEPARATORS = {"space": "%20", "pipe": "%7C"}


class Operation:
    """One operation; threads share it.

    `given` has `url`, `method`, `path` (with `{name}` in it), `parameters` (name, place, whether it
    is required, and the form of lists and objects: see `packager.model.calls`), and `body`: its
    content type and the names of its properties, or None. With a `key` of `keys`, `security` says
    where that goes.
    """

    def __init__(
        self, given: Mapping[str, Any], authorization: Authorization | None, keys: Keys
    ) -> None:
        self._given = given
        self._keys = keys
        place, name = given.get("security") or ("", "")
        if place in ("header", "cookie"):
            header, before = (name, "") if place == "header" else ("Cookie", f"{name}=")
            authorization = KeyHeader(keys, given["key"], header, before)
        elif place == "basic":
            authorization = BasicKey(keys, given["key"], before="Basic ")
        self._in_query = name if place == "query" else ""
        self._server = Server(given["url"], authorization)

    def call(
        self, session: Session, tool: str, parameters: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the messages that the API's answer stands for; raises CallError."""
        path, query, headers = self._given["path"], [], {}
        cookies = []
        for name, place, required, form in self._given["parameters"]:
            value = parameters.get(name)
            if value is None:
                if required:
                    raise CallError(f"the parameter {name} is missing")
            elif place == "path":
                path = path.replace("{" + name + "}", _joined(value, form, _quoted))
            elif place == "query":
                query += _in_query(name, value, form)
            elif place == "header":
                headers[name] = _joined(value, form, str)
            else:
                cookies.append(f"{name}={_joined(value, form, _quoted)}")
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        body, kind = self._body(parameters)
        options = {"method": self._given["method"], "kind": kind, "headers": headers}
        with self._sent(session, path, query, body, options) as exchange:
            content = exchange.read()
            yield from _messages(content, exchange.headers.get("content-type", ""))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._server.close()

    def _sent(
        self, session: Session, path: str, query: list[str], body: Any, options: Mapping[str, Any]
    ) -> Exchange:
        """Send a request; a key that goes into its query is read again where it is refused."""

        def send(*more: str) -> Exchange:
            found = "&".join([*query, *more])
            target = f"{path}?{found}" if found else path
            return self._server.send(session, target, body, **options)

        if not self._in_query:
            return send()
        name, deadline = self._given["key"], session.call_deadline()
        key = read_key(self._keys, name, deadline)
        try:
            return send(f"{_quoted(self._in_query)}={_quoted(key)}")
        except CallError as fault:
            if fault.status != _REFUSED or not self._keys.forget():
                raise
            renewed = read_key(self._keys, name, deadline)
            if renewed == key:
                raise
        return send(f"{_quoted(self._in_query)}={_quoted(renewed)}")

    def _body(self, given: Mapping[str, Any]) -> tuple[Any, str]:
        declared = self._given["body"]
        if declared is None:
            return None, ""
        kind, names = declared
        if names is None:  # whatever is no parameter
            used = {name for name, *_ in self._given["parameters"]}
            held = {name: each for name, each in given.items() if name not in used}
            if isinstance(held.get("body"), dict | list):
                return held["body"], kind
        else:
            held = {name: given[name] for name in names if name in given}
        if kind == "application/x-www-form-urlencoded":
            pairs = [part for name, each in held.items() for part in _in_query(name, each)]
            return "&".join(pairs).encode(), kind
        return held, kind


class BasicKey(KeyHeader):
    """Authorizes requests by a user and a password, `user:password`, or what encodes them."""

    def _read(self, deadline: float | None) -> str:
        key = super()._read(deadline)
        if ":" not in key:
            return key
        from binascii import b2a_base64

        encoded = b2a_base64(key.encode(), newline=False).decode()
        process.add_secret(encoded)
        return encoded


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


def _in_query(name: str, value: Any, form: str = "repeat") -> list[str]:
    """Return the parts of a query, or of a form, that a parameter is."""
    if form in ("repeat", "deep"):
        if isinstance(value, dict):
            named = {f"{name}[{each}]" if form == "deep" else each: value[each] for each in value}
            return [f"{_quoted(str(each))}={_quoted(_text(of))}" for each, of in named.items()]
        several = value if isinstance(value, list | tuple) else [value]
        return [f"{_quoted(name)}={_quoted(_text(each))}" for each in several]
    return [f"{_quoted(name)}={_joined(value, form, _quoted)}"]


def _joined(value: Any, form: str, quote: Callable[[str], str]) -> str:
    """Return a parameter in one text, whose parts `quote` makes fit to be there."""
    if form == "json":
        return quote(_json(value))
    if isinstance(value, dict):
        pairs = [(quote(str(name)), quote(_text(each))) for name, each in value.items()]
        if form == "pairs":
            return ",".join([f"{name}={each}" for name, each in pairs])
        parts = [each for pair in pairs for each in pair]
    else:
        several = value if isinstance(value, list | tuple) else [value]
        parts = [quote(_text(each)) for each in several]
    return _SEPARATORS.get(form, ",").join(parts)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value) if isinstance(value, dict | list) else str(value)


def _json(value: Any) -> str:
    from endpoint_runtime.json_codec import encode_json

    return encode_json(value).decode()


def _quoted(text: str) -> str:
    return "".join(
        [chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode("utf-8")]
    )
