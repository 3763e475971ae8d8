"""Scalars by pydantic's conversion table, lax mode: what is taken, what becomes of it."""

from __future__ import annotations

from enum import Enum

from dify_plugin._entity.errors import refusal
from dify_plugin._entity.state import State

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})


def to_none(value: object, state: State) -> None:
    """None alone."""
    if value is not None:
        raise refusal("none_required", "Input should be None", value)


def to_str(value: object, state: State) -> str:
    """Text, bytes in UTF-8, an enum's value as text."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        state.lower(1)
        return str.__str__(value.value if isinstance(value, Enum) else value)
    state.lower(0)
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError:
            said = "Input should be a valid string, unable to parse raw data as a unicode string"
            raise refusal("string_unicode", said, value) from None
    if isinstance(value, Enum):
        return str(value.value)
    raise refusal("string_type", "Input should be a valid string", value)


def to_int(value: object, state: State) -> int:
    """Whole numbers, in any number type or as text."""
    if type(value) is int:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        state.lower(1)
        return int.__int__(value)
    state.lower(0)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return _whole(value)
    text = _text(value)
    if text is not None:
        number = _parsed_int(text)
        if number is None:
            said = "Input should be a valid integer, unable to parse string as an integer"
            raise refusal("int_parsing", said, value)
        return number
    if _is_decimal(value):
        return _whole(value)
    if isinstance(value, Enum):
        return value.value  # type: ignore[no-any-return] # whatever it is, as pydantic does
    raise refusal("int_type", "Input should be a valid integer", value)


def to_positive_int(value: object, state: State) -> int:
    """Whole numbers above 0."""
    number = to_int(value, state)
    if not isinstance(number, int):  # an enum's value
        said = "Unable to parse input string as an integer, exceeded maximum size"
        raise refusal("int_parsing_size", said, value)
    if number <= 0:
        raise refusal("greater_than", "Input should be greater than 0", value, gt=0)
    return number


def _whole(value: object) -> int:
    try:
        number = int(value)  # type: ignore[call-overload]
    except (ValueError, OverflowError):
        raise refusal("finite_number", "Input should be a finite number", value) from None
    if number != value:
        said = "Input should be a valid integer, got a number with a fractional part"
        raise refusal("int_from_float", said, value)
    return number  # type: ignore[no-any-return]


def _parsed_int(text: str) -> int | None:
    text = text.strip()
    whole, point, fraction = text.partition(".")
    if point and (fraction.strip("0") or not whole):
        return None
    try:
        return int(whole)
    except ValueError:
        return None


def to_float(value: object, state: State) -> float:
    """Numbers, or one as text."""
    if type(value) is float:
        return value
    if isinstance(value, bool):
        state.lower(0)
        return float(value)
    if isinstance(value, float | int) or (_is_decimal(value)):
        state.lower(1)
        return float(value)  # type: ignore[arg-type]
    state.lower(0)
    text = _text(value)
    if text is None:
        if not isinstance(value, type) and hasattr(value, "__float__"):
            return float(value)
        raise refusal("float_type", "Input should be a valid number", value)
    try:
        return float(text)
    except ValueError:
        said = "Input should be a valid number, unable to parse string as a number"
        raise refusal("float_parsing", said, value) from None


def to_bool(value: object, state: State) -> bool:
    """Booleans, 0 and 1, and the words for them."""
    if value is True or value is False:
        return value
    state.lower(0)
    text = _text(value)
    if text is not None:
        text = text.lower()
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
    elif isinstance(value, int | float) or _is_decimal(value):
        if value in (0, 1):
            return bool(value)
        if not isinstance(value, int) or abs(value) >= 1 << 63:
            raise refusal("bool_type", "Input should be a valid boolean", value)
    else:
        raise refusal("bool_type", "Input should be a valid boolean", value)
    said = "Input should be a valid boolean, unable to interpret input"
    raise refusal("bool_parsing", said, value)


def to_bytes(value: object, state: State) -> bytes:
    """Bytes, or text in UTF-8."""
    if isinstance(value, bytes):
        return value
    state.lower(0)
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytearray):
        return bytes(value)
    raise refusal("bytes_type", "Input should be a valid bytes", value)


def to_decimal(value: object, state: State) -> object:
    """Decimals, and numbers and texts that are some; all finite."""
    try:
        from _decimal import Decimal, InvalidOperation  # `decimal` does no more, and costs 0.2 ms
    except ImportError:  # an interpreter without its C part
        from decimal import Decimal, InvalidOperation

    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, str | float) or (isinstance(value, int) and not isinstance(value, bool)):
        state.lower(0)
        try:
            number = Decimal(str(value) if isinstance(value, float) else value)
        except InvalidOperation:
            said = "Input should be a valid decimal"
            raise refusal("decimal_parsing", said, value) from None
    else:
        said = "Decimal input should be an integer, float, string or Decimal object"
        raise refusal("decimal_type", said, value)
    if not number.is_finite():
        raise refusal("finite_number", "Input should be a finite number", value)
    return number


class WaitingDecimal:
    """A decimal that is made of its `text` once somebody looks at it: `decimal` costs 1 ms."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def make(self) -> object:
        """Return the decimal."""
        return to_decimal(self.text, State())


def to_waiting_decimal(value: object, state: State) -> object:
    """As `to_decimal`; what is written as digits, with a point or without, may wait."""
    if type(value) is str and value.isascii() and value.replace(".", "", 1).isdecimal():
        state.lower(0)
        return WaitingDecimal(value)
    return to_decimal(value, state)


def _text(value: object) -> str | None:
    """The text that a scalar may be written in, None where `value` is none."""
    if isinstance(value, str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return None


def _is_decimal(value: object) -> bool:
    return type(value).__name__ == "Decimal" and type(value).__module__ in ("decimal", "_decimal")


def either(choices: list[str]) -> str:
    """`a, b or c`."""
    if len(choices) < 2:
        return "".join(choices)
    return ", ".join(choices[:-1]) + f" or {choices[-1]}"
