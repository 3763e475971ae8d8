"""What triggers take and return: subscriptions, dispatched events, their variables."""

from __future__ import annotations

from collections.abc import Mapping

from dify_plugin._entity.entity import Entity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from werkzeug.wrappers import Response

    from dify_plugin.entities.provider_config import CredentialType

__all__ = [
    "EventDispatch",
    "Mapping",
    "Subscription",
    "TriggerSubscriptionConstructorRuntime",
    "UnsubscribeResult",
    "Variables",
]


class Frozen:
    """Plain attributes that are given once, as frozen data classes have them."""

    __slots__: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__slots__))

    def __repr__(self) -> str:
        # Unlike a data class's this has no credentials: it may come into a log.
        return f"{type(self).__qualname__}(...)"


class TriggerSubscriptionConstructorRuntime(Frozen):
    """What a subscription constructor starts with."""

    __slots__ = ("credential_type", "credentials", "session")

    session: Any  # core.runtime.Session, which stands above
    credential_type: CredentialType
    credentials: Mapping[str, Any] | None

    def __init__(
        self,
        session: Any,
        credential_type: CredentialType,
        credentials: Mapping[str, Any] | None = None,
    ) -> None:
        for name, value in (
            ("session", session),
            ("credential_type", credential_type),
            ("credentials", credentials),
        ):
            object.__setattr__(self, name, value)


def _response() -> type:
    """Return werkzeug's class, which is there when a request is dispatched, and here is not."""
    from werkzeug.wrappers import Response

    return Response


class EventDispatch(Entity):
    """What a request is: the events it tells, and the response that goes back at once.

    `payload` is what `_on_event` gets besides the request, `user_id` who caused it.
    """

    _factories: ClassVar[dict[str, Any]] = {"events": list, "payload": dict}
    _shapes: ClassVar[dict[str, str]] = {"response": "_response()"}

    user_id: str = ""
    events: list[str]
    response: Response
    payload: Mapping[str, Any]


class Variables(Entity):
    """What an event gives workflows, by the names of its `output_schema`."""

    variables: Mapping[str, Any]


class Subscription(Entity):
    """A webhook at a service: its address here, and what is known of it; -1: it does not expire."""

    _factories: ClassVar[dict[str, Any]] = {"properties": dict}

    expires_at: int = -1
    endpoint: str
    parameters: Mapping[str, Any] | None = None
    properties: Mapping[str, Any]


class UnsubscribeResult(Entity):
    """Whether a subscription was ended at its service, and what there is to say of it."""

    success: bool
    message: str | None = None


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
