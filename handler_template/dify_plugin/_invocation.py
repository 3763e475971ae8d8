"""The base of the calls back to Dify, and what those raise that nothing answers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Protocol

    class Session(Protocol):
        """What calls ask of a session (`core.runtime`, which makes them)."""

        backends: Any

        def call_deadline(self) -> float | None:
            """Return when a call must be over, in seconds since the epoch; None for no limit."""


class InvocationUnavailable(Exception):
    """A call back to Dify that nothing here can answer."""


class BackwardsInvocation:
    """Base of the calls back to Dify; made with a session, by it or by a plugin."""

    def __init__(self, session: Session | None = None) -> None:
        self.session = session

    def _backend(self, part: str, call: str) -> Any:
        """Return what answers the calls of a part of the session; raise where nothing does."""
        backend = getattr(getattr(self.session, "backends", None), part, None)
        if backend is None:
            self._unavailable(call)
        return backend

    def _unavailable(self, call: str) -> NoReturn:
        raise InvocationUnavailable(
            f"session.{call} is not available: this plugin runs outside Dify, and nothing is "
            "configured to answer the call"
        )

    def __class_getitem__(cls, item: object) -> type:
        return cls
