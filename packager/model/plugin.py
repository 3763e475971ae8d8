"""What a plugin declares: groups with endpoints and settings, trigger providers with events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal, get_args

from packager.dataclass import dataclass
from packager.errors import Place

Method = Literal["HEAD", "GET", "POST", "PUT", "DELETE", "OPTIONS"]
METHODS: tuple[str, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class Setting:
    """One ProviderConfig of a group's `settings`. `has_default` tells a null from no default."""

    name: str
    type: str
    required: bool
    place: Place
    default: Any = None
    has_default: bool = False
    options: tuple[str, ...] = ()
    multiple: bool = False
    label: Mapping[str, str] = field(default_factory=dict)
    help: Mapping[str, str] = field(default_factory=dict)
    placeholder: Mapping[str, str] = field(default_factory=dict)
    scope: str | None = None
    url: Mapping[str, str] = field(default_factory=dict)  # of where to get a value
    option_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by option
    default_place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One HTTP interface: a werkzeug rule, one method, and the source file that answers it."""

    path: str
    method: str
    source: str  # posix path, relative to the plugin's root
    hidden: bool
    place: Place  # of the endpoint's file, or of the inline mapping
    path_place: Place
    source_place: Place


@dataclass(frozen=True, slots=True)
class Parameter(Setting):
    """What a user says of an event, or of a subscription to be: a setting with bounds."""

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """What a provider may tell of a request: `source` makes variables of it.

    `output_schema` is the JSON Schema of these; None where nothing is said of them.
    """

    name: str
    file: str  # posix path, relative to the plugin's root
    source: str  # likewise
    place: Place  # of its file
    source_place: Place
    parameters: tuple[Parameter, ...] = ()
    output_schema: Mapping[str, Any] | None = None
    label: Mapping[str, str] = field(default_factory=dict)  # by language
    description: Mapping[str, str] = field(default_factory=dict)  # by language

    @property
    def variables(self) -> tuple[str, ...] | None:
        """The variables that the schema names; None where there may be any."""
        schema = self.output_schema or {}
        named = schema.get("properties")
        if not isinstance(named, Mapping) or schema.get("additionalProperties"):
            return None
        return tuple(str(name) for name in named)


@dataclass(frozen=True, slots=True)
class OAuthSchema:
    """What OAuth takes: settings of the client (the registered application), and those that are
    had in return."""

    client_schema: tuple[Setting, ...] = ()
    credentials_schema: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class SubscriptionConstructor:
    """What makes subscriptions at the service itself, with its user's credentials."""

    parameters: tuple[Parameter, ...]
    credentials_schema: tuple[Setting, ...]  # of an API key and its like
    oauth_schema: OAuthSchema | None
    place: Place


@dataclass(frozen=True, slots=True)
class TriggerProvider:
    """A service whose webhooks are dispatched to events. `source` has its Trigger, and the
    subscription constructor's class; `subscription_schema` are a subscription's properties."""

    name: str
    source: str  # posix path, relative to the plugin's root
    source_place: Place
    subscription_schema: tuple[Setting, ...]
    subscription_constructor: SubscriptionConstructor | None
    events: tuple[TriggerEvent, ...]
    label: Mapping[str, str] = field(default_factory=dict)  # by language
    description: Mapping[str, str] = field(default_factory=dict)  # by language

    def event(self, name: str) -> TriggerEvent | None:
        """Return the event of a name; None for none."""
        return next((each for each in self.events if each.name == name), None)


@dataclass(frozen=True, slots=True)
class EndpointGroup:
    """Endpoints that share settings. `name` is the file's stem, or its path where two agree.

    A trigger provider counts as a group without endpoints, whose subscriptions are managed.
    """

    name: str
    file: str  # posix path, relative to the plugin's root
    settings: tuple[Setting, ...]
    endpoints: tuple[Endpoint, ...]
    place: Place  # of the group's entry in the manifest
    provider: TriggerProvider | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that answer, each once: those of endpoints, or of a provider and its events."""
        found = [endpoint.source for endpoint in self.endpoints]
        if self.provider is not None:
            found += [self.provider.source, *(event.source for event in self.provider.events)]
        return tuple(dict.fromkeys(found))
