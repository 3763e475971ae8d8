"""The base classes of a service's webhooks: what dispatches them, and what makes subscriptions."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dify_plugin._lazy_names import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from werkzeug.wrappers import Request

    from dify_plugin.entities.oauth import OAuthCredentials, TriggerOAuthCredentials
    from dify_plugin.entities.parameters import ParameterOption
    from dify_plugin.entities.provider_config import CredentialType
    from dify_plugin.entities.trigger import (
        EventDispatch,
        Subscription,
        TriggerSubscriptionConstructorRuntime,
        UnsubscribeResult,
    )
    from dify_plugin.interfaces.trigger.runtime import TriggerRuntime

__all__ = ["Trigger", "TriggerSubscriptionConstructor"]


class Trigger(ABC):
    """A service's webhooks; made again for every request."""

    runtime: TriggerRuntime

    def __init__(self, runtime: TriggerRuntime) -> None:
        self.runtime = runtime

    def dispatch_event(self, subscription: Subscription, request: Request) -> EventDispatch:
        """Dispatch a request through `_dispatch_event`; for whoever runs the trigger."""
        return self._dispatch_event(subscription=subscription, request=request)

    @abstractmethod
    def _dispatch_event(self, subscription: Subscription, request: Request) -> EventDispatch:
        """Verify a request and return its events, and the response.

        Raises `TriggerValidationError` for one that is not the service's, `TriggerDispatchError`
        for one that can't be read.
        """


class TriggerSubscriptionConstructor(ABC):
    """What makes, renews and ends subscriptions at a service, with its user's credentials."""

    runtime: TriggerSubscriptionConstructorRuntime

    def __init__(self, runtime: TriggerSubscriptionConstructorRuntime) -> None:
        self.runtime = runtime

    def validate_api_key(self, credentials: Mapping[str, Any]) -> None:
        """Raise whatever is wrong with credentials."""
        return self._validate_api_key(credentials=credentials)

    def _validate_api_key(self, credentials: Mapping[str, Any]) -> None:
        raise NotImplementedError(
            "This plugin should implement `_validate_api_key` method to enable "
            "credentials validation"
        )

    def oauth_get_authorization_url(
        self, redirect_uri: str, system_credentials: Mapping[str, Any]
    ) -> str:
        """Return where the user consents; `system_credentials` are the OAuth client's."""
        return self._oauth_get_authorization_url(
            redirect_uri=redirect_uri, system_credentials=system_credentials
        )

    def _oauth_get_authorization_url(
        self, redirect_uri: str, system_credentials: Mapping[str, Any]
    ) -> str:
        _no_oauth("_oauth_get_authorization_url")

    def oauth_get_credentials(
        self, redirect_uri: str, system_credentials: Mapping[str, Any], request: Request
    ) -> OAuthCredentials:
        """Return the credentials that the redirected `request` leads to."""
        from dify_plugin.entities.oauth import OAuthCredentials

        credentials = self._oauth_get_credentials(
            redirect_uri=redirect_uri, system_credentials=system_credentials, request=request
        )
        return OAuthCredentials(
            expires_at=credentials.expires_at or -1, credentials=credentials.credentials
        )

    def _oauth_get_credentials(
        self, redirect_uri: str, system_credentials: Mapping[str, Any], request: Request
    ) -> TriggerOAuthCredentials:
        _no_oauth("_oauth_get_credentials")

    def oauth_refresh_credentials(
        self,
        redirect_uri: str,
        system_credentials: Mapping[str, Any],
        credentials: Mapping[str, Any],
    ) -> OAuthCredentials:
        """Return new credentials for those that expire."""
        return self._oauth_refresh_credentials(
            redirect_uri=redirect_uri,
            system_credentials=system_credentials,
            credentials=credentials,
        )

    def _oauth_refresh_credentials(
        self,
        redirect_uri: str,
        system_credentials: Mapping[str, Any],
        credentials: Mapping[str, Any],
    ) -> OAuthCredentials:
        _no_oauth("_oauth_refresh_credentials")

    def create_subscription(
        self,
        endpoint: str,
        parameters: Mapping[str, Any],
        credentials: Mapping[str, Any],
        credential_type: CredentialType,
    ) -> Subscription:
        """Have a service send its webhooks to `endpoint`."""
        return self._create_subscription(
            endpoint=endpoint,
            parameters=parameters,
            credentials=credentials,
            credential_type=credential_type,
        )

    @abstractmethod
    def _create_subscription(
        self,
        endpoint: str,
        parameters: Mapping[str, Any],
        credentials: Mapping[str, Any],
        credential_type: CredentialType,
    ) -> Subscription:
        """Have a service send its webhooks to `endpoint`; raises `SubscriptionError`."""

    def delete_subscription(
        self,
        subscription: Subscription,
        credentials: Mapping[str, Any],
        credential_type: CredentialType,
    ) -> UnsubscribeResult:
        """End a subscription at its service."""
        return self._delete_subscription(
            subscription=subscription, credentials=credentials, credential_type=credential_type
        )

    @abstractmethod
    def _delete_subscription(
        self,
        subscription: Subscription,
        credentials: Mapping[str, Any],
        credential_type: CredentialType,
    ) -> UnsubscribeResult:
        """End a subscription at its service; what went wrong is in the result."""

    def refresh_subscription(
        self,
        subscription: Subscription,
        credentials: Mapping[str, Any],
        credential_type: CredentialType,
    ) -> Subscription:
        """Renew a subscription before it expires."""
        return self._refresh_subscription(
            subscription=subscription, credentials=credentials, credential_type=credential_type
        )

    @abstractmethod
    def _refresh_subscription(
        self,
        subscription: Subscription,
        credentials: Mapping[str, Any],
        credential_type: CredentialType,
    ) -> Subscription:
        """Renew a subscription, which may change its properties; raises `SubscriptionError`."""

    def fetch_parameter_options(self, parameter: str) -> list[ParameterOption]:
        """Return what a parameter may be."""
        return self._fetch_parameter_options(
            parameter=parameter,
            credentials=self.runtime.credentials or {},
            credential_type=self.runtime.credential_type,
        )

    def _fetch_parameter_options(
        self, parameter: str, credentials: Mapping[str, Any], credential_type: CredentialType
    ) -> list[ParameterOption]:
        raise NotImplementedError(
            "This plugin should implement `_fetch_parameter_options` method "
            "to enable dynamic select parameter"
        )


def _no_oauth(method: str) -> NoReturn:
    raise NotImplementedError(
        f"The trigger you are using does not support OAuth, please implement `{method}` method"
    )


__getattr__ = lazy(__name__)
