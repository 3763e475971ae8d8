"""JSON as Lambda's events and replies have it, without the `json` package.

`json` imports `re`, which costs a cold start milliseconds; its C accelerator `_json` alone does
the work. The encoder's results equal the stock client's: text that is not ASCII stays as it is, a
Decimal becomes a number with all its digits.
"""

from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    _Encode = Callable[[object, int], Iterable[str]]

_SPACE = " \t\n\r"


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")  # as the stock client finds


class _Context:
    """What the scanner wants to know of a `json.JSONDecoder`."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None  # from Python 3.15 on
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_no_constant)
    memo: dict[str, str] = {}  # noqa: RUF012  # part of the interface


_scan: "Callable[[str, int], tuple[object, int]]" = make_scanner(_Context)  # type: ignore[arg-type]


def decode_json(data: bytes | bytearray) -> object:
    """Parse JSON in UTF-8.

    Raises ValueError with json's own message, and position, where `data` is none.
    """
    text = data.decode("utf-8").removeprefix("\ufeff")
    stripped = text.strip(_SPACE)
    try:
        value, end = _scan(stripped, 0)
        if end == len(stripped):
            return value
        problem = None
    except (StopIteration, ValueError) as error:
        problem = error
    import json

    json.loads(text)  # says what is wrong with it, and where
    raise problem or ValueError("not JSON")


class _Unplain(Exception):
    """There is something that JSON has no form for."""


def _refuse(item: object) -> object:
    raise _Unplain


def _encoder(substitute: "Callable[[object], object]", write: "Callable[[str], str]") -> "_Encode":
    return make_encoder(None, substitute, write, None, ": ", ", ", False, False, True)


_encode = _encoder(_refuse, encode_basestring)  # of what nearly all replies are


def encode_json(
    value: object,
    *,
    ascii_only: bool = False,
    default: "Callable[[object], object] | None" = None,
) -> bytes:
    """Return `value` as JSON in UTF-8. `default` gives a substitute for what JSON has no form for.

    Raises TypeError for such values without it.
    """
    if default is None and not ascii_only:
        try:
            return "".join(_encode(value, 0)).encode("utf-8", "backslashreplace")
        except _Unplain:
            pass
    numbers: list[tuple[str, str]] = []

    def substitute(item: object) -> object:
        if default is not None:
            return default(item)
        if type(item).__name__ == "Decimal" and type(item).__module__ == "decimal":
            digits = str(item)
            if "NaN" in digits:
                return float("nan")
            # A string that nothing else can hold stands for the number until all is encoded.
            import os

            mark = f"decimal {os.urandom(16).hex()}"
            numbers.append((f'"{mark}"', digits))
            return mark
        raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")

    encode = _encoder(substitute, encode_basestring_ascii if ascii_only else encode_basestring)
    text = "".join(encode(value, 0))
    for mark, digits in numbers:
        text = text.replace(mark, digits, 1)
    # A lone surrogate has no UTF-8 form; this leaves it as the JSON escape that it is.
    return text.encode("utf-8", "backslashreplace")
