"""What may be shown of a subscription: everything but its secrets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from packager.contract import ENDPOINTS_PATH
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction
from packager.plugin.value_sources import source_label
from packager.settings.show import MASK
from packager.subscriptions.subscription import NEVER, Subscription, workflow_facts

_BY = {"api-key": "API key", "oauth2": "OAuth", "unauthorized": "by hand"}


def url_of(function: ManagedFunction, endpoint: Endpoint) -> str:
    """Return a subscription's address, as far as it is known here."""
    told = endpoint.settings.get("endpoint")
    return str(told) if told else f"{function.base}{ENDPOINTS_PATH}{endpoint.hook_id}"


def made_by(subscription: Subscription) -> str:
    """Return how a subscription was made, in a word or two."""
    return _BY[subscription.credential_type]


def expiry_text(when: int) -> str:
    """Return a time for people and programs: ISO 8601, UTC; "never"."""
    if when == NEVER:
        return "never"
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed_facts(
    function: ManagedFunction, endpoint: Endpoint, subscription: Subscription
) -> dict[str, Any]:
    """Return what a list says of a subscription. `served` is false for one of another stack."""
    provider = function.declaration.provider
    return {
        "name": endpoint.name,
        "hook_id": endpoint.hook_id,
        "enabled": endpoint.enabled,
        "url": url_of(function, endpoint),
        "plugin": function.declaration.plugin,
        "provider": provider.name if provider else function.declaration.group,
        "function": function.declaration.function,
        "credential_type": subscription.credential_type,
        "expires_at": subscription.expires_at,
        "credentials_expire_at": subscription.credentials_expire_at,
        "workflows": [workflow_facts(each) for each in subscription.workflows],
        "pending": subscription.pending,
        "served": function.takes(endpoint),
        "version": endpoint.version,
        "created": endpoint.created,
        "updated": endpoint.updated,
    }


def shown_values(function: ManagedFunction, subscription: Subscription) -> dict[str, Any]:
    """Return parameters and properties, and which credentials are set; secrets are stars."""
    provider = function.declaration.provider
    made = provider.subscription_constructor if provider else None
    parameters = {
        each.name for each in (made.parameters if made else ()) if each.type != "secret-input"
    }
    properties = {
        each.name
        for each in (provider.subscription_schema if provider else ())
        if each.type != "secret-input"
    }
    kept = {key: source_label(source) for key, source in subscription.references.items()}
    parts = {
        "parameters": (subscription.parameters, parameters),
        "properties": (subscription.properties, properties),
        "credentials": (subscription.credentials, set[str]()),
        "oauth_client": (subscription.oauth_client, set[str]()),
    }
    shown = {
        part: {name: each if name in open_ else MASK for name, each in values.items()}
        for part, (values, open_) in parts.items()
    }
    for key, label in kept.items():
        part, _, name = key.partition(".")
        shown[part][name] = label
    return shown
