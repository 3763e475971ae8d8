"""Reads the values that sources name: literals and environment variables.

A source is a tuple of the bundle's literals: `("literal", value)` or `("env", name)`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class UnknownSource(Exception):
    """A bundle names a kind of source that this runtime does not know."""


def read_sources(
    sources: Mapping[str, tuple[Any, ...]],
    deadline: float | None = None,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Give the values of `sources` by name; what is not set is absent.

    `deadline` is when whoever waits for them gives up (seconds since the epoch). A value from
    outside the bundle is text; an empty variable is one, too.
    """
    values: dict[str, Any] = {}
    for name, source in sources.items():
        kind = source[0]
        if kind == "literal":
            values[name] = source[1]
        elif kind == "env":
            value = environment.get(source[1])
            if value is not None:
                values[name] = value
        else:
            raise UnknownSource(f"{name} comes from {kind!r}, which this runtime can't read")
    return values
