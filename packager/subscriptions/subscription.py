"""A subscription to a trigger provider, and the endpoint that a store has it as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, Literal, get_args

from packager.contract import SECRET_WORDS, SUBSCRIPTION_SECRET
from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction, Values
from packager.errors import PackagerError
from packager.model.options import AwsSource
from packager.model.plugin import TriggerProvider

NEVER = -1  # it does not expire
_LEAST_SECRET = 8  # characters of what is masked: as in functions' logs
CredentialType = Literal["api-key", "oauth2", "unauthorized"]  # CredentialType of Dify's SDK


@dataclass(frozen=True, slots=True)
class Workflow:
    """An app that an event starts. `parameters` are the event's; `inputs` say which variable (a
    path of names, with dots) is which input of the app. Without inputs all variables are."""

    event: str
    app: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is known of a subscription besides its name and hook id.

    `references` say where values are kept, by "credentials.NAME" and the like. Both expiries are
    in seconds since the epoch. `endpoint` is the address that the service was told, `redirect_uri`
    that of OAuth; `pending` is one that its constructor is making.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    oauth_client: Mapping[str, Any] = field(default_factory=dict, repr=False)
    references: Mapping[str, AwsSource] = field(default_factory=dict)
    credential_type: CredentialType = "unauthorized"
    expires_at: int = NEVER
    credentials_expire_at: int = NEVER
    workflows: tuple[Workflow, ...] = ()
    endpoint: str = ""
    redirect_uri: str = ""
    pending: bool = False

    @property
    def constructed(self) -> bool:
        """Whether the provider's constructor made it, and ends and renews it."""
        return self.credential_type != "unauthorized"


def subscription_of(function: ManagedFunction, endpoint: Endpoint) -> Subscription:
    """Return what a store has of a subscription, secrets too; raise `PackagerError`."""
    return read_subscription(function.values(endpoint), endpoint.name)


def shown_subscription(endpoint: Endpoint) -> Subscription:
    """Return what a store shows of one without the key of its secrets."""
    return read_subscription(Values(endpoint.settings, endpoint.references), endpoint.name)


def read_subscription(values: Values, name: str) -> Subscription:
    """Return the subscription that `values_of` wrote; raise `PackagerError` for anything else."""
    plain = values.plain
    try:
        credential_type = plain.get("credential_type", "unauthorized")
        if credential_type not in get_args(CredentialType):
            raise ValueError
        return Subscription(
            parameters=dict(plain.get("parameters") or {}),
            properties=dict(plain.get("properties") or {})
            | dict(plain.get("secret_properties") or {}),
            credentials=dict(plain.get("credentials") or {}),
            oauth_client=dict(plain.get("oauth_client") or {}),
            references={_named(key): each for key, each in values.references.items()},
            credential_type=credential_type,
            expires_at=int(plain.get("expires_at", NEVER)),
            credentials_expire_at=int(plain.get("credentials_expire_at", NEVER)),
            workflows=tuple(Workflow(**each) for each in plain.get("workflows") or ()),
            endpoint=str(plain.get("endpoint") or ""),
            redirect_uri=str(plain.get("redirect_uri") or ""),
            pending=bool(plain.get("pending")),
        )
    except (ValueError, TypeError, AttributeError):
        raise PackagerError(
            f"what its store has of the subscription {name} can't be read",
            hint="was it written by another packager? use that, or delete it with --force",
        ) from None


def values_of(subscription: Subscription, provider: TriggerProvider) -> Values:
    """Return a subscription as an endpoint's values, which are those that the runtime reads."""
    secret = set(secret_properties(provider, subscription.properties))
    properties = subscription.properties.items()
    plain: dict[str, Any] = {
        "parameters": dict(subscription.parameters),
        "properties": {name: each for name, each in properties if name not in secret},
        "secret_properties": {name: each for name, each in properties if name in secret},
        "credentials": dict(subscription.credentials),
        "oauth_client": dict(subscription.oauth_client),
        "credential_type": subscription.credential_type,
        "expires_at": subscription.expires_at,
        "credentials_expire_at": subscription.credentials_expire_at,
        "workflows": [workflow_facts(each) for each in subscription.workflows],
        "endpoint": subscription.endpoint,
        "redirect_uri": subscription.redirect_uri,
        "pending": subscription.pending,
    }
    references = {_kept(key): each for key, each in subscription.references.items()}
    return Values({name: each for name, each in plain.items() if each or each == 0}, references)


def workflow_facts(workflow: Workflow) -> dict[str, Any]:
    """Return a workflow as JSON says it."""
    return {
        "event": workflow.event,
        "app": workflow.app,
        "parameters": dict(workflow.parameters),
        "inputs": dict(workflow.inputs),
    }


def secret_properties(provider: TriggerProvider, names: Iterable[str]) -> list[str]:
    """Return those of `names` whose values are secret: as they are declared, or as they sound."""
    declared = {each.name: each.type == "secret-input" for each in provider.subscription_schema}
    return [
        name
        for name in names
        if declared.get(name, any(word in name.lower() for word in SECRET_WORDS))
    ]


def secret_texts(endpoint: Endpoint) -> list[str]:
    """Return what is to be seen nowhere of a subscription whose store seals nothing."""
    found: list[str] = []
    values = [endpoint.settings.get(part) for part in SUBSCRIPTION_SECRET]
    while values:
        match values.pop():
            case str() as text if len(text) >= _LEAST_SECRET:
                found.append(text)
            case dict() as inner:
                values += inner.values()
            case list() as inner:
                values += inner
    return found


def _named(key: str) -> str:
    return key.removeprefix("secret_") if key.startswith("secret_properties.") else key


def _kept(key: str) -> str:
    # What somebody keeps elsewhere is secret, whatever it is called.
    return f"secret_{key}" if key.startswith("properties.") else key
