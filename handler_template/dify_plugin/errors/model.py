"""Errors of model calls."""

from __future__ import annotations


class InvokeError(Exception):
    """A model call that went wrong."""

    description: str | None = None

    def __init__(self, description: str | None = None) -> None:
        if description:
            self.description = description

    def __str__(self) -> str:
        return self.description or type(self).__name__


class InvokeConnectionError(InvokeError):
    """The model's server could not be reached."""

    description = "Connection Error"


class InvokeServerUnavailableError(InvokeError):
    """The model's server does not answer."""

    description = "Server Unavailable Error"


class InvokeRateLimitError(InvokeError):
    """Too many calls."""

    description = "Rate Limit Error"


class InvokeAuthorizationError(InvokeError):
    """The model's credentials are wrong."""

    description = "Incorrect model credentials provided, please check and try again. "


class InvokeBadRequestError(InvokeError):
    """The model refused the call."""

    description = "Bad Request Error"


class CredentialsValidateFailedError(Exception):
    """Credentials were checked and refused."""
