"""What keeps managed endpoints: the interface of all stores, and why they refuse to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint
from packager.errors import PackagerError, UsageError

# Bytes of a whole endpoint: an item ("Constraints in Amazon DynamoDB"), a parameter of the advanced
# tier ("Managing parameter tiers"); a file takes as much as the largest of them.
MOST_BYTES = {"dynamodb": 409_600, "ssm": 8192, "file": 409_600}
STANDARD_BYTES = 4096  # of a parameter that costs nothing


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one endpoint: made (no `before`), deleted (no `after`), or replaced."""

    before: Endpoint | None
    after: Endpoint | None

    @property
    def name(self) -> str:
        """The endpoint's name, the new one where it changes."""
        one = self.after or self.before
        return "" if one is None else one.name


class Store(Protocol):
    """The endpoints of one function. Every method raises `PackagerError` where it can't be done."""

    @property
    def label(self) -> str:
        """What messages call it."""

    def all(self) -> list[Endpoint]:
        """Return every endpoint, in no order."""

    def get(self, hook_id: str) -> Endpoint | None:
        """Return the endpoint of a hook id; None where there is none."""

    def named(self, name: str) -> Endpoint | None:
        """Return the endpoint of a name; None where there is none."""

    def root(self) -> str | None:
        """Return the hook id of the endpoint that also answers at the root; None for none."""

    def size(self, endpoint: Endpoint) -> int:
        """Return the bytes that an endpoint takes."""

    def write(self, changes: Sequence[Change]) -> None:
        """Write `changes`, all of one function's endpoints and each of another one.

        Nothing is lost that others write meanwhile: raises `NameTaken` and `RootTaken` where they
        were first, and `Clash` where an endpoint is no longer what `before` is. What was written
        before a failure is said by `WrittenInPart`, where not all is written at once.
        """


class NameTaken(UsageError):
    """There is an endpoint of this name already."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is an endpoint named {name} already", hint="names differ within a group"
        )


class RootTaken(UsageError):
    """Another endpoint answers at the root already."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(
            f"{name or 'another endpoint'} answers at the root already",
            hint="take it from there first: packager endpoints edit --name NAME --no-root",
        )


class Clash(PackagerError):
    """Somebody else wrote at the same time; nothing of this was written, unless it says so."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint or "look at it, and do it again if it is still wanted")


class WrittenInPart(PackagerError):
    """Some of several endpoints were written before one could not be."""

    def __init__(self, done: Sequence[str], why: PackagerError) -> None:
        """`done` are the names of those that were written."""
        shown = ", ".join(done[:5]) + (f" and {len(done) - 5} more" if len(done) > 5 else "")
        super().__init__(
            f"{why} (written before: {shown})",
            hint="import the same again with --update: what is written already stays as it is",
        )
        self.done = tuple(done)


def changed(name: str) -> Clash:
    """Return the error for an endpoint that somebody else changed or deleted since it was read."""
    return Clash(f"{name} was changed or deleted by somebody else meanwhile; nothing was written")
