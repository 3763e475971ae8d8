"""Reads the values that sources name: literals, environment variables, parameters and secrets.

A source is a tuple of the bundle's literals: `("literal", value)`, `("env", name)`,
`("ssm", name or ARN)` or `("secret", name or ARN, key or None)`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class UnknownSource(Exception):
    """A bundle names a kind of source that this runtime does not know."""


class SourceError(Exception):
    """Values can't be read from where they are kept; the message says which and why, no values."""


def read_sources(
    sources: Mapping[str, tuple[Any, ...]],
    deadline: float | None = None,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Give the values of `sources` by name; what is not set is absent.

    `deadline` is when whoever waits for them gives up (seconds since the epoch). A value from
    outside the bundle is text, and an empty variable is one, too; the key of a secret is whatever
    its JSON says. Parameters and secrets are read anew (`Kept` keeps them), in as few calls as
    possible. Raises `SourceError`.
    """
    values: dict[str, Any] = {}
    remote: dict[str, tuple[Any, ...]] = {}
    for name, source in sources.items():
        kind = source[0]
        if kind == "literal":
            values[name] = source[1]
        elif kind == "env":
            value = environment.get(source[1])
            if value is not None:
                values[name] = value
        elif kind in ("ssm", "secret"):
            remote[name] = source
        else:
            raise UnknownSource(f"{name} comes from {kind!r}, which this runtime can't read")
    if remote:
        from endpoint_runtime.settings.aws_values import read_remote

        values |= read_remote(remote, deadline)
    return values


def label(source: tuple[Any, ...]) -> str:
    """Name a source for a message: `SSM parameter /neko/api_key`."""
    if source[0] == "ssm":
        return f"SSM parameter {source[1]}"
    if source[0] == "secret":
        return f"secret {source[1]}" + (f", key {source[2]}" if source[2] is not None else "")
    return f"environment variable {source[1]}" if source[0] == "env" else "configuration"
