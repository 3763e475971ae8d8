"""What stores give of managed endpoints, and what a store is.

A store has `read(hook_id, deadline)`, and `root(deadline)` and `named(name, deadline)`, which
return a hook id; each returns None for what is not there. `deadline` is in seconds since the epoch,
or None.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    # `name`, `enabled`, `settings` and `references` (by setting), `sealed` (bytes or None), and
    # `space`: whose values of `session.storage` it sees, where each endpoint has its own.
    Document = dict[str, Any]

    class Store(Protocol):
        """Endpoints by hook id."""

        def read(self, hook_id: str, deadline: float | None) -> Document | None:
            """Return what is kept of an endpoint."""

        def root(self, deadline: float | None) -> str | None:
            """Return the hook id of the endpoint that also answers at the root."""

        def named(self, name: str, deadline: float | None) -> str | None:
            """Return the hook id of the endpoint `name`."""


def from_json(value: object, hook_id: str) -> Document:
    """Return the document that a store has as one piece of JSON, secrets included."""
    if not isinstance(value, dict):
        raise ValueError("the endpoint's document is not an object")
    return {
        "name": value["name"],
        "enabled": value["enabled"],
        "settings": value.get("settings") or {},
        "references": value.get("references") or {},
        "sealed": None,
        "space": value.get("space") or hook_id,
    }
