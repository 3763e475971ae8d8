"""Reads tables of the configuration whose keys are described, and makes their JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from packager.config.key_types import Key
from packager.config.refused import InvalidPart, InvalidValue, found
from packager.config.sources import SOURCE_SCHEMA, is_reference, read_reference
from packager.config.urls import URL, base_url
from packager.errors import Code
from packager.inputs.suggestions import did_you_mean
from packager.inputs.toml_positions import KeyPath
from packager.model.options import Source

# Code, message, key, hint, and where the fault is if that is another key.
Report = Callable[[Code, str, KeyPath, str | None, KeyPath | None], None]


def any_table(value: object) -> dict[str, Any]:
    """Return a table, whose keys are read elsewhere; raise InvalidValue for anything else."""
    if not isinstance(value, dict):
        raise InvalidValue(found(value))
    return value


def read_table(
    keys: tuple[Key, ...],
    value: object,
    path: KeyPath,
    report: Report,
    hints: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what is sound in a table with these `keys`; `hints` are on keys that it does not have.

    What is wrong is reported.
    """
    if not isinstance(value, dict):
        report("wrong-type", f"expected a table, not {found(value)}", path, None, None)
        return {}
    by_name = {key.name: key for key in keys}
    read: dict[str, Any] = {}
    for name, each in value.items():
        key = by_name.get(name)
        if key is None:
            hint = (hints or {}).get(name) or did_you_mean(name, by_name)
            hint = hint or "the keys are " + ", ".join(by_name)
            report("unknown-key", "there is no such key", (*path, name), hint, None)
            continue
        try:
            read[name] = key.read(each)
        except InvalidPart as refused:
            report("invalid-value", str(refused), (*path, name, *refused.inside), None, None)
        except InvalidValue as refused:
            message = f"expected {key.expected}, not {refused}"
            report("invalid-value", message, (*path, name), None, None)
    return read


def table_schema(keys: tuple[Key, ...]) -> dict[str, Any]:
    """Return the schema of a table with these `keys` and no others."""
    return {
        "type": "object",
        "properties": {key.name: dict(key.schema) for key in keys},
        "additionalProperties": False,
    }


def url(name: str, example: str, read: Callable[[object], str] = base_url) -> Key:
    """A key that takes a URL, such as the `example`; `read` takes the slash from its end."""
    schema = {"type": "string", "pattern": f"^(?:{URL.pattern})$"}
    return Key(name, f"a URL such as {example}", read, schema)


def secret(name: str, what: str, parameter: str) -> Key:
    """A key that takes the source of a secret, `what`; `parameter` might hold it."""
    expected = f'the source of {what}, such as {{ssm = "{parameter}"}}'

    def read(value: object) -> Source:
        if not is_reference(value):
            # A text may be the secret itself: it is not repeated.
            raise InvalidValue("the key itself" if isinstance(value, str) else found(value))
        try:
            return read_reference(value)
        except InvalidValue as refused:
            raise InvalidPart(str(refused)) from None

    return Key(name, expected, read, SOURCE_SCHEMA)
