"""Reads the URL of an API, to which paths are added."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from packager.config.refused import InvalidValue, found

# Printable ASCII without a query or a fragment, a user or a password.
URL = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?"
    r"(?:/[!\"$->@-~]*)?"
)


def base_url(value: object) -> str:
    """Return a URL without a slash at its end; raises InvalidValue."""
    if not isinstance(value, str):
        raise InvalidValue(found(value))
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - it may be no number
    except ValueError:
        raise InvalidValue(found(value)) from None
    if parts.username or parts.password:
        raise InvalidValue("one with a password")
    if not URL.fullmatch(value):
        raise InvalidValue(found(value))
    return value.rstrip("/")


def exact_url(value: object) -> str:
    """Return a URL as it is said: servers tell `/mcp` from `/mcp/`. Raises InvalidValue."""
    base_url(value)
    return str(value)
