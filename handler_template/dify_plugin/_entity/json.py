"""JSON as pydantic writes it: no spaces, no escapes but the needed, the shortest numbers."""

from __future__ import annotations

from json.encoder import encode_basestring, encode_basestring_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def to_json(value: Any, indent: int | None, ensure_ascii: bool) -> str:
    """Return plain data as JSON; NaN and infinities are null."""
    quote = encode_basestring_ascii if ensure_ascii else encode_basestring
    parts: list[str] = []
    _write(value, parts.append, quote, indent, "\n")
    return "".join(parts)


def _write(
    value: Any,
    out: Callable[[str], None],
    quote: Callable[[str], str],
    indent: int | None,
    line: str,
) -> None:
    if isinstance(value, str):
        out(quote(value))
    elif value is None:
        out("null")
    elif value is True or value is False:
        out("true" if value else "false")
    elif isinstance(value, int):
        out(int.__repr__(value))
    elif isinstance(value, float):
        out(_number(value))
    elif not value:
        out("{}" if isinstance(value, dict) else "[]")
    else:
        start, end = "{}" if isinstance(value, dict) else "[]"
        inner = line if indent is None else line + " " * indent
        between = "," if indent is None else "," + inner
        colon = ":" if indent is None else ": "
        out(start if indent is None else start + inner)
        first = True
        for each in value:
            if not first:
                out(between)
            first = False
            if isinstance(value, dict):
                out(quote(each))
                out(colon)
                each = value[each]
            _write(each, out, quote, indent, inner)
        out(end if indent is None else line + end)


def _number(value: float) -> str:
    text = float.__repr__(value)
    if text in ("nan", "inf", "-inf"):
        return "null"
    if "e" in text:
        digits, _, exponent = text.partition("e")
        if exponent == "-05":
            sign = "-" * (digits[0] == "-")
            return f"{sign}0.0000{digits.lstrip('-').replace('.', '')}"
        return f"{digits}e{int(exponent):+d}"
    return text
