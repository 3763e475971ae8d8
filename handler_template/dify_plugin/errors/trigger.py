"""Errors of triggers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class TriggerError(Exception):
    """A trigger that went wrong."""


class SubscriptionError(TriggerError):
    """A subscription could not be made, renewed or read; with what a service said of it."""

    def __init__(
        self,
        message: str,
        error_code: str | None = None,
        external_response: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.external_response = external_response


class UnsubscribeError(TriggerError):
    """A subscription could not be ended; with what a service said of it."""

    def __init__(
        self,
        message: str,
        error_code: str | None = None,
        external_response: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.external_response = external_response


class TriggerValidationError(TriggerError):
    """A webhook's signature is wrong."""


class TriggerProviderCredentialValidationError(TriggerError):
    """A provider's credentials are wrong."""


class TriggerDispatchError(TriggerError):
    """An event could not be told or handed on."""


class TriggerProviderOAuthError(TriggerError):
    """A provider's OAuth went wrong."""


class EventIgnoreError(TriggerError):
    """An event that the user's filters leave out."""
