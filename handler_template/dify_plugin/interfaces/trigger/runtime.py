"""What triggers and events start with: the session, and the subscription's credentials."""

from __future__ import annotations

from dify_plugin._lazy_names import lazy
from dify_plugin.entities.trigger import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dify_plugin.core.runtime import Session
    from dify_plugin.entities.provider_config import CredentialType
    from dify_plugin.entities.trigger import Subscription

__all__ = ["EventRuntime", "TriggerRuntime"]

_set = object.__setattr__


class TriggerRuntime(Frozen):
    """A trigger's."""

    __slots__ = ("credential_type", "credentials", "session")

    session: Session
    credential_type: CredentialType
    credentials: Mapping[str, Any] | None

    def __init__(
        self,
        session: Session,
        credential_type: CredentialType,
        credentials: Mapping[str, Any] | None = None,
    ) -> None:
        _set(self, "session", session)
        _set(self, "credential_type", credential_type)
        _set(self, "credentials", credentials)


class EventRuntime(Frozen):
    """An event's."""

    __slots__ = ("credential_type", "credentials", "session", "subscription")

    session: Session
    credential_type: CredentialType
    subscription: Subscription
    credentials: Mapping[str, Any] | None

    def __init__(
        self,
        session: Session,
        credential_type: CredentialType,
        subscription: Subscription,
        credentials: Mapping[str, Any] | None = None,
    ) -> None:
        _set(self, "session", session)
        _set(self, "credential_type", credential_type)
        _set(self, "subscription", subscription)
        _set(self, "credentials", credentials)


__getattr__ = lazy(__name__)
