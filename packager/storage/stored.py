"""What keeps a plugin's values, as the commands use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Stored(NamedTuple):
    """A key, and the bytes of its value; None where only reading it would tell."""

    key: str
    size: int | None


class Values(Protocol):
    """The values of one plugin. Every method raises `PackagerError` where it can't be done."""

    @property
    def label(self) -> str:
        """What messages call what keeps them."""

    def all(self) -> Iterator[Stored]:
        """Yield every key, in no order."""

    def get(self, key: str) -> bytes | None:
        """Return a value; None for a key without."""

    def delete(self, key: str) -> None:
        """Forget a value."""
