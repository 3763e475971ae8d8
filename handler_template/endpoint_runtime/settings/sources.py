"""Reads the values that sources name: literals, environment variables, parameters and secrets."""

from __future__ import annotations

import os

from endpoint_runtime.settings.source_kinds import UnknownSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def read_sources(
    sources: Mapping[str, tuple[Any, ...]],
    deadline: float | None = None,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Return the values of `sources` by name; what is not set is absent.

    `deadline` is when whoever waits for them gives up (seconds since the epoch). A value from
    outside the bundle is text, and an empty variable is one, too; the key of a secret is whatever
    its JSON says. Parameters and secrets are read again (`Refreshed` keeps them), in as few
    calls as possible. Raises `SourceError`.
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
