"""Finds values in requests: a header's, or the one that a JSON pointer (RFC 6901) names."""

from __future__ import annotations

from endpoint_runtime.json_codec import decode_json, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Where = tuple[str, str]  # "header" and its key in an environ, or "pointer" and the pointer
    Rule = tuple[str | None, Where | None, tuple[Any, ...] | None]  # method, value, what it equals

MISSING: Any = object()  # what a request does not have, as null is a value
_FORM = "application/x-www-form-urlencoded"


class Body:
    """The body of a request as a document, which is read when a pointer is first asked for.

    A form counts as an object of its fields' first values.
    """

    def __init__(self, environ: dict[str, Any], body: bytes) -> None:
        self._type: str = environ.get("CONTENT_TYPE", "")
        self._body = body
        self._document: Any = self  # until it is read

    def document(self) -> Any:
        """Return what the body holds, `MISSING` for what can't be read."""
        if self._document is self:
            self._document = self._read()
        return self._document

    def _read(self) -> Any:
        if self._type.partition(";")[0].strip().lower() == _FORM:
            from urllib.parse import parse_qsl

            fields: dict[str, str] = {}
            for name, value in parse_qsl(self._body.decode("utf-8", "replace"), True):
                fields.setdefault(name, value)
            return fields
        try:
            return decode_json(self._body)
        except (ValueError, RecursionError):
            return MISSING


def value_of(where: Where, environ: dict[str, Any], body: Body) -> Any:
    """Return the value that is at a place of a request, `MISSING` for none."""
    kind, name = where
    if kind == "header":
        return environ.get(name, MISSING)
    found = body.document()
    for part in name[1:].split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(part, MISSING)
        elif isinstance(found, list) and part.isascii() and part.isdecimal():
            number = int(part) if len(part) < 10 else len(found)
            plain = part == "0" or part[0] != "0"
            found = found[number] if plain and number < len(found) else MISSING
        else:
            return MISSING
    return found


def is_inline(rules: tuple[Rule, ...], method: str, environ: dict[str, Any], body: Body) -> bool:
    """Return whether one of `rules` holds for a request."""
    for wanted, where, equals in rules:
        if wanted is not None and wanted != method:
            continue
        if where is None:
            return True
        value = value_of(where, environ, body)
        if value is MISSING:
            continue
        if equals is None or any(_same(value, each) for each in equals):
            return True
    return False


def _same(value: object, wanted: object) -> bool:
    # 1 is neither true nor "1" here.
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def key_of(value: object, *scope: str) -> str:
    """Return what a value is known by within `scope`: of any length, and telling nothing of it."""
    from endpoint_runtime.aws.sigv4 import payload_hash

    return payload_hash(encode_json([*scope, value], ascii_only=True))
