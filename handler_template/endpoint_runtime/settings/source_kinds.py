"""What sources of values are, and what can be wrong with them.

A source is a tuple of the bundle's literals: `("literal", value)`, `("env", name)`,
`("ssm", name or ARN)` or `("secret", name or ARN, key or None)`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    # What holds a value, `("ssm", name)` or `("secret", name)`; and what was found of each: its
    # text, None where it does not exist, or what kept it from being read.
    Place = tuple[str, str]
    Found = dict[Place, "str | Unreadable | None"]


class UnknownSource(Exception):
    """A bundle names a kind of source that this runtime does not know."""


class SourceError(Exception):
    """Values can't be read from where they are kept; the message says which and why, no values."""


class Unreadable:
    """Why a value can't be had; the words hold no value."""

    def __init__(self, words: str) -> None:
        self.words = words


def label(source: tuple[Any, ...]) -> str:
    """Return the name of a source for a message: `SSM parameter /neko/api_key`."""
    if source[0] == "ssm":
        return f"SSM parameter {source[1]}"
    if source[0] == "secret":
        return f"secret {source[1]}" + (f", key {source[2]}" if source[2] is not None else "")
    return f"environment variable {source[1]}" if source[0] == "env" else "configuration"


def secret_text(secret: Mapping[str, Any]) -> str | Unreadable:
    """Return the text of GetSecretValue's answer, or what is wrong with it."""
    text = secret.get("SecretString")
    if isinstance(text, str):
        return text
    return Unreadable("can't be read: the secret is binary, expected text")
