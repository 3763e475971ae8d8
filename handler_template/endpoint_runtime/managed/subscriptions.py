"""Reads a subscription to a trigger provider: what a managed endpoint is to a group.

Its store has it as an endpoint with these values: mappings (`SEALED`), which a table has sealed, of
which `SECRET` are in no log; `credential_type`, `expires_at`, `credentials_expire_at` and
`workflows`; `endpoint`, the address that the service was told; `pending` while it is being made.
A value that is kept elsewhere is named `credentials.<name>` and so on.
"""

from __future__ import annotations

from endpoint_runtime.managed.settings import EndpointSettings, values_of
from endpoint_runtime.settings.group import LEAST_SECRET, texts_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.managed.documents import Document
    from endpoint_runtime.managed.sealed import DataKey

NEVER = -1  # does not expire
UNAUTHORIZED = "unauthorized"  # the credential type of a subscription without a constructor
SECRET = ("credentials", "secret_properties", "oauth_client")
SEALED = ("parameters", "properties", *SECRET)
_PENDING = 1.0  # s that one is kept which has no more than its address yet


def subscription_settings(
    document: Document, hook_id: str, bundle: Any, key: DataKey, deadline: float | None
) -> EndpointSettings:
    """Return what `copy()` of is a subscription as a mapping, by what its store has of it.

    That has `id`, `name`, `hook_id`, `provider`, `enabled`, `parameters`, `properties`,
    `credentials`, `credential_type` ("api-key", "oauth2" or "unauthorized"), `expires_at` and
    `credentials_expire_at` (seconds since the epoch; -1: never), `endpoint` ("" where no service
    was told one) and `workflows`: mappings with `event`, `app`, `parameters` and `inputs`. Raises
    as `settings_of` does.
    """
    fields = fields_of(document, hook_id, key, deadline)
    secrets = texts_in([fields[name] for name in SECRET])
    pending = fields.pop("pending")
    del fields["secret_properties"], fields["oauth_client"]  # the one is in `properties` as well
    subscription = {
        "id": document["space"],
        "name": document["name"],
        "hook_id": hook_id,
        "provider": bundle.ENDPOINTS["provider"],
        "enabled": document["enabled"],
        **fields,
    }
    hidden = secrets + texts_in([fields["properties"]])
    long = [text for text in secrets if len(text) >= LEAST_SECRET]
    settings = EndpointSettings(subscription, hidden, long)
    if pending:
        settings.lasts = _PENDING
    return settings


def fields_of(
    document: Document, hook_id: str, key: DataKey, deadline: float | None
) -> dict[str, Any]:
    """Return what a store has of a subscription: unsealed, read, secret properties in both."""
    values, sources = values_of(document, hook_id, key, deadline)
    fields: dict[str, Any] = {name: dict(values.get(name) or {}) for name in SEALED}
    for name in sources:
        if name in values:
            kind, _, own = name.partition(".")
            fields[kind][own] = values[name]
    fields["properties"] |= fields["secret_properties"]
    fields["credential_type"] = values.get("credential_type", UNAUTHORIZED)
    fields["expires_at"] = values.get("expires_at", NEVER)
    fields["credentials_expire_at"] = values.get("credentials_expire_at", NEVER)
    fields["endpoint"] = values.get("endpoint") or ""
    fields["pending"] = bool(values.get("pending"))
    fields["workflows"] = list(values.get("workflows") or ())
    return fields
