"""Credentials that OAuth gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dify_plugin._entity.entity import Entity
from dify_plugin.entities.provider_config import ProviderConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = [
    "Mapping",
    "OAuthCredentials",
    "OAuthSchema",
    "ProviderConfig",
    "Sequence",
    "ToolOAuthCredentials",
    "TriggerOAuthCredentials",
]


class OAuthSchema(Entity):
    """What an OAuth client and its credentials consist of."""

    _factories: ClassVar[dict[str, Any]] = {"client_schema": list, "credentials_schema": list}

    client_schema: Sequence[ProviderConfig]
    credentials_schema: Sequence[ProviderConfig]


class OAuthCredentials(Entity):
    """Credentials and what is known of their owner; -1: they don't expire."""

    _factories: ClassVar[dict[str, Any]] = {"metadata": dict}

    metadata: Mapping[str, Any]
    credentials: Mapping[str, Any]
    expires_at: int = -1


class ToolOAuthCredentials(Entity):
    """Credentials of a tool."""

    credentials: Mapping[str, Any]
    expires_at: int | None = -1


class TriggerOAuthCredentials(Entity):
    """Credentials of a trigger."""

    credentials: Mapping[str, Any]
    expires_at: int | None = -1


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
