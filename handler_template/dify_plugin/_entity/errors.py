"""What is wrong with the data of an entity: where, which kind, in words; never the data itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Location = tuple[str | int, ...]


class ValidationError(ValueError):
    """Data that an entity does not take. `errors()` and `str()` tell all that is wrong with it."""

    def __init__(self, title: str, faults: list[ErrorDetail]) -> None:
        super().__init__(title)
        self.title = title
        self._faults = faults

    def errors(
        self, *, include_url: bool = True, include_context: bool = True, include_input: bool = True
    ) -> list[dict[str, Any]]:
        """Each fault as `type`, `loc`, `msg` and perhaps `ctx`; inputs and URLs are left out."""
        said = []
        for fault in self._faults:
            error: dict[str, Any] = {"type": fault.type, "loc": fault.loc, "msg": fault.msg}
            if fault.ctx and include_context:
                error["ctx"] = fault.ctx
            said.append(error)
        return said

    def error_count(self) -> int:
        """How many faults there are."""
        return len(self._faults)

    def json(self, *, indent: int | None = None, **options: Any) -> str:
        """`errors()` as JSON."""
        import json

        separators = (",", ":") if indent is None else None
        return json.dumps(self.errors(), indent=indent, separators=separators, default=str)

    def __str__(self) -> str:
        count = len(self._faults)
        lines = [f"{count} validation error{'s' if count != 1 else ''} for {self.title}"]
        for fault in self._faults:
            if fault.loc:
                lines.append(".".join(map(str, fault.loc)))
            lines.append(f"  {fault.msg} [type={fault.type}, input_type={fault.input_type}]")
        return "\n".join(lines)

    __repr__ = __str__

    def __reduce__(self) -> Any:
        return ValidationError, (self.title, self._faults)


class ErrorDetail:
    """One thing that is wrong with a value, of which it keeps only the type's name."""

    __slots__ = ("ctx", "input_type", "loc", "msg", "type")

    def __init__(
        self, kind: str, msg: str, value: object, ctx: dict[str, Any] | None = None
    ) -> None:
        self.type = kind
        self.msg = msg
        self.ctx = ctx
        self.loc: Location = ()
        self.input_type = type(value).__name__


class ValidationFailed(Exception):
    """Details on their way up; each level adds its part of the location."""

    def __init__(self, faults: list[ErrorDetail]) -> None:
        super().__init__()
        self.faults = faults

    def at(self, *part: str | int) -> list[ErrorDetail]:
        """The faults, with `part` before their locations."""
        for fault in self.faults:
            fault.loc = (*part, *fault.loc)
        return self.faults


def refusal(kind: str, msg: str, value: object, **ctx: Any) -> ValidationFailed:
    """Return what to raise for the one fault of a value."""
    return ValidationFailed([ErrorDetail(kind, msg, value, ctx or None)])


def said_by_validator(error: Exception, value: object) -> list[ErrorDetail]:
    """The faults of a value for which a validator raised a ValueError or an AssertionError."""
    if isinstance(error, ValidationError):
        return error._faults
    if isinstance(error, AssertionError):
        return [
            ErrorDetail("assertion_error", f"Assertion failed, {error}", value, {"error": error})
        ]
    return [ErrorDetail("value_error", f"Value error, {error}", value, {"error": error})]


def not_json(title: str, error: Exception) -> ValidationError:
    """Return the error of a text that is not valid JSON."""
    said = f"Invalid JSON: {error}"
    return ValidationError(title, [ErrorDetail("json_invalid", said, "", {"error": str(error)})])


def frozen(title: str, name: str) -> ValidationError:
    """The error of setting an attribute of a frozen instance."""
    fault = ErrorDetail("frozen_instance", "Instance is frozen", "")
    fault.loc = (name,)
    return ValidationError(title, [fault])
