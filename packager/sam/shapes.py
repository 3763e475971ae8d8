"""Says which shape a SAM property's value has, and finds what in a value has another shape.

A shape is a plain function that yields (path, what was expected) for each part of a value that
does not fit. A CloudFormation function or a dynamic reference fits every shape: what it will be
is known at the deployment only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from packager.inputs.suggestions import did_you_mean

Misfit = tuple[str, str]  # the path below the value ("" for itself), and what was expected there
Shape = Callable[[Any], Iterator[Misfit]]

# CloudFormation, "Intrinsic function reference", less what needs conditions or mappings, which a
# generated template has none of.
INTRINSICS = frozenset(
    {
        *("Ref", "Fn::Base64", "Fn::Cidr", "Fn::GetAtt", "Fn::GetAZs", "Fn::ImportValue"),
        *("Fn::Join", "Fn::Length", "Fn::Select", "Fn::Split", "Fn::Sub", "Fn::ToJsonString"),
    }
)
_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:.+")


def is_intrinsic(value: object) -> bool:
    """Return whether `value` is a CloudFormation function in its long form, such as `{"Ref":
    ...}`."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key == "Condition" or key in INTRINSICS or str(key).startswith("Fn::")


def is_deferred(value: object) -> bool:
    """Return whether `value` is known at the deployment only."""
    return is_intrinsic(value) or (isinstance(value, str) and value.startswith("{{resolve:"))


def text(expected: str = "text", pattern: str | None = None) -> Shape:
    """A text, that `pattern` matches wholly."""
    compiled = re.compile(pattern) if pattern is not None else None

    def misfits(value: Any) -> Iterator[Misfit]:
        if not isinstance(value, str) or (compiled and not compiled.fullmatch(value)):
            yield "", expected

    return _deferrable(misfits)


def arn() -> Shape:
    """The ARN of anything."""
    return text("an ARN", _ARN.pattern)


def choice(*texts: str) -> Shape:
    """One of `texts`."""
    return text(f"one of {', '.join(texts)}", "|".join(map(re.escape, texts)))


def number(least: float = 0, most: float | None = None, *, whole: bool = True) -> Shape:
    """A number from `least` to `most`."""
    kind = "a whole number" if whole else "a number"
    expected = f"{kind} from {least}" + ("" if most is None else f" to {most}")

    def misfits(value: Any) -> Iterator[Misfit]:
        right = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not right or value < least or (most is not None and value > most):
            yield "", expected

    return _deferrable(misfits)


def truth() -> Shape:
    """True or false."""

    def misfits(value: Any) -> Iterator[Misfit]:
        if not isinstance(value, bool):
            yield "", "true or false"

    return _deferrable(misfits)


def scalar(value: Any) -> Iterator[Misfit]:
    """A text, or a number or truth that CloudFormation makes a text of."""
    if not is_deferred(value) and not isinstance(value, str | int | float):
        yield "", "text"


def anything(value: Any) -> Iterator[Misfit]:
    """Whatever SAM makes of it."""
    yield from ()


def items(of: Shape, least: int = 0) -> Shape:
    """A list of values of one shape, at least `least`."""

    def misfits(value: Any) -> Iterator[Misfit]:
        if not isinstance(value, list | tuple):
            yield "", "a list"
        elif len(value) < least:
            yield "", "a list that is not empty"
        else:
            for position, item in enumerate(value):
                yield from _below(str(position), of(item))

    return _deferrable(misfits)


def mapping(of: Shape, names: str | None = None, expected: str = "") -> Shape:
    """A table whose names are free, or match `names`, with values of one shape."""
    compiled = re.compile(names) if names is not None else None

    def misfits(value: Any) -> Iterator[Misfit]:
        if not isinstance(value, Mapping):
            yield "", "a table"
            return
        for name, inner in value.items():
            if compiled and not compiled.fullmatch(name):
                yield name, expected
            else:
                yield from _below(name, of(inner))

    return _deferrable(misfits)


def table(fields: Mapping[str, Shape], *needed: str, more: bool = False) -> Shape:
    """A table with these fields, `needed` ones among them, and no others unless `more`."""

    def misfits(value: Any) -> Iterator[Misfit]:
        if not isinstance(value, Mapping):
            yield "", "a table"
            return
        missing = [name for name in needed if name not in value]
        if missing:
            yield "", " and ".join(missing)
        for name, inner in value.items():
            if name in fields:
                yield from _below(name, fields[name](inner))
            elif not more:
                suggestion = did_you_mean(name, fields)
                yield name, suggestion or f"one of {', '.join(fields)}"

    return _deferrable(misfits)


def either(*shapes: Shape) -> Shape:
    """One of several shapes; what is wrong is said of the last."""

    def misfits(value: Any) -> Iterator[Misfit]:
        if not any(not list(shape(value)) for shape in shapes):
            yield from shapes[-1](value)

    return misfits


def _deferrable(misfits: Shape) -> Shape:
    def known(value: Any) -> Iterator[Misfit]:
        if not is_deferred(value):
            yield from misfits(value)

    return known


def _below(name: str, misfits: Iterator[Misfit]) -> Iterator[Misfit]:
    for path, expected in misfits:
        yield (f"{name}.{path}" if path else name), expected
