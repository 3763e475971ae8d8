"""Reads trigger providers: their files, subscriptions and events."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from packager.errors import Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.yaml_fields import TEXT_SCHEMA, expect_text
from packager.inputs.yaml_shapes import (
    TEXTS,
    Field,
    Record,
    Shape,
    anything,
    listing,
    or_null,
)
from packager.inputs.yaml_tree import YamlValue, read_yaml
from packager.model.plugin import (
    EndpointGroup,
    OAuthSchema,
    SubscriptionConstructor,
    TriggerEvent,
    TriggerProvider,
)
from packager.plugin.groups import EXTRA, SOURCE, YAML, files_listed, group_names, source_of
from packager.plugin.manifest import PROVIDER_FILE, i18n_texts
from packager.plugin.settings import SETTINGS, read_configs
from packager.plugin.triggers.parameters import PARAMETERS, read_parameters

EVENT_FILE = "the path of an event's YAML file"
NAME = re.compile(r"[a-zA-Z0-9_-]+")  # the daemon's event_identity_name
_CREDENTIALS = "a list of credentials, or a map from name to credential"
_PROPERTIES = "a list of settings"


def _check_name(node: YamlValue, diagnostics: Diagnostics) -> bool:
    if expect_text(node, diagnostics, "the name") is None:
        return False
    if not NAME.fullmatch(node.text):
        diagnostics.error(
            "invalid-value",
            f"{node.text!r} can't be such a name; expected letters, digits, _ and -",
            node.place,
            key=node.key,
        )
        return False
    return True


_NAME = Shape(
    {
        "anyOf": [
            {"type": "string", "pattern": f"^(?:{NAME.pattern})$"},
            {"type": "integer", "minimum": 0},
            {"type": "boolean"},
        ]
    },
    _check_name,
)


def _identity(of: str) -> Record:
    return Record(
        "a mapping with name",
        (
            Field("name", _NAME, "Letters, digits, _ and -", expected=f"the {of}'s name"),
            Field("author", anything()),
            Field("label", TEXTS, "What Dify calls it."),
            Field("description", TEXTS, "What it does."),
        ),
    )


_PROVIDER_IDENTITY, _EVENT_IDENTITY = _identity("provider"), _identity("event")
_CLASS = "extra.python.source, " + SOURCE
_OAUTH = Record(
    "a mapping",
    (
        Field("client_schema", anything(SETTINGS), "What the registered application has."),
        Field("credentials_schema", anything(SETTINGS), "What its user's consent gives."),
    ),
    or_null=True,
)
_CONSTRUCTOR = Record(
    "a mapping",
    (
        Field("parameters", PARAMETERS, "What a user says of a subscription to be."),
        Field("credentials_schema", anything(SETTINGS), "An API key, or what else it takes."),
        Field("oauth_schema", _OAUTH.shape),
    ),
    or_null=True,
)
PROVIDER = Record(
    "a mapping with identity, events and extra",
    (
        Field("identity", _PROVIDER_IDENTITY.shape, expected="the provider's identity"),
        Field("subscription_schema", anything(SETTINGS), "The properties of a subscription."),
        Field("subscription_constructor", _CONSTRUCTOR.shape),
        Field(
            "events",
            listing(anything(TEXT_SCHEMA), "a list of events' YAML files", minItems=1),
            "The YAML files of events, from the plugin's folder.",
            expected="a list of events' YAML files",
        ),
        Field("extra", EXTRA, expected=_CLASS),
    ),
)
EVENT = Record(
    "a mapping with identity and extra",
    (
        Field("identity", _EVENT_IDENTITY.shape, expected="the event's identity"),
        Field("description", TEXTS, "What it tells."),
        Field("parameters", PARAMETERS, "What a user says of it."),
        Field(
            "output_schema",
            or_null(Record("a JSON Schema", ()).shape),
            "A JSON Schema of the variables.",
        ),
        Field("extra", EXTRA, expected=_CLASS),
    ),
)


def read_providers(
    folder: PluginFolder,
    references: Sequence[YamlValue],
    taken: Collection[str],
    diagnostics: Diagnostics,
) -> tuple[EndpointGroup, ...]:
    """Read the trigger providers that the manifest refers to, each as a group without endpoints.

    A provider's file whose stem is `taken` by a group is known by its path.
    """
    files = files_listed(folder, references, PROVIDER_FILE, "provider", diagnostics)
    found: list[EndpointGroup] = []
    for file, name in group_names(list(files)).items():
        provider = _provider(folder, file, diagnostics)
        if provider is not None:
            own = str(PurePosixPath(file).with_suffix("")) if name in taken else name
            found.append(EndpointGroup(own, file, (), (), files[file].place, provider))
    return tuple(found)


def _provider(folder: PluginFolder, file: str, diagnostics: Diagnostics) -> TriggerProvider | None:
    top = read_yaml(folder.root / file, folder.display_of(file), diagnostics)
    if top is None or not PROVIDER.shape.check(top, diagnostics):
        return None
    identity = PROVIDER["identity"].take(top, diagnostics)
    name = _PROVIDER_IDENTITY["name"].take(identity, diagnostics) if identity else None
    schema = top.entries.get("subscription_schema")
    properties = read_configs(schema, _PROPERTIES, diagnostics)
    constructor = _constructor(top, diagnostics)
    events = _events(folder, top, diagnostics)
    source = source_of(folder, PROVIDER["extra"].take(top, diagnostics), diagnostics)
    if identity is None or name is None or source is None:
        return None
    return TriggerProvider(
        name=name.text,
        source=source.file,
        source_place=source.place,
        subscription_schema=properties,
        subscription_constructor=constructor,
        events=events,
        label=i18n_texts(identity.entries.get("label")),
        description=i18n_texts(identity.entries.get("description")),
    )


def _constructor(top: YamlValue, diagnostics: Diagnostics) -> SubscriptionConstructor | None:
    node = PROVIDER["subscription_constructor"].take(top, diagnostics)
    if node is None or node.value is None:
        return None
    oauth = _CONSTRUCTOR["oauth_schema"].take(node, diagnostics)
    schema = None
    if oauth is not None and oauth.value is not None:
        client, credentials = (
            read_configs(oauth.entries.get(name), _CREDENTIALS, diagnostics)
            for name in ("client_schema", "credentials_schema")
        )
        schema = OAuthSchema(client, credentials)
    parameters = _CONSTRUCTOR["parameters"].take(node, diagnostics)
    own = node.entries.get("credentials_schema")
    return SubscriptionConstructor(
        read_parameters(parameters, diagnostics),
        read_configs(own, _CREDENTIALS, diagnostics),
        schema,
        node.key_place or node.place,
    )


def _events(
    folder: PluginFolder, top: YamlValue, diagnostics: Diagnostics
) -> tuple[TriggerEvent, ...]:
    node = PROVIDER["events"].take(top, diagnostics)
    if node is None:
        return ()
    if not node.items:
        diagnostics.error(
            "no-endpoints",
            "the provider has no events; expected a list of events' YAML files",
            node.place,
            key=node.key,
        )
    events: dict[str, TriggerEvent] = {}
    for reference in node.items:
        event = _event(folder, reference, diagnostics)
        if event is None:
            continue
        other = events.setdefault(event.name, event)
        if other is not event:
            diagnostics.error(
                "duplicate",
                f"the event {event.name} is declared twice; first in {other.file}",
                reference.place,
                key=reference.key,
            )
    return tuple(events.values())


def _event(
    folder: PluginFolder, reference: YamlValue, diagnostics: Diagnostics
) -> TriggerEvent | None:
    file = folder.resolve(reference, diagnostics, what=EVENT_FILE, suffixes=YAML)
    if file is None:
        return None
    top = read_yaml(folder.root / file, folder.display_of(file), diagnostics)
    if top is None or not EVENT.shape.check(top, diagnostics):
        return None
    identity = EVENT["identity"].take(top, diagnostics)
    name = _EVENT_IDENTITY["name"].take(identity, diagnostics) if identity else None
    parameters = read_parameters(EVENT["parameters"].take(top, diagnostics), diagnostics)
    schema = EVENT["output_schema"].take(top, diagnostics)
    source = source_of(folder, EVENT["extra"].take(top, diagnostics), diagnostics)
    if identity is None or name is None or source is None:
        return None
    return TriggerEvent(
        name=name.text,
        file=file,
        source=source.file,
        place=top.place,
        source_place=source.place,
        parameters=parameters,
        output_schema=schema.plain() if schema is not None and schema.value is not None else None,
        label=i18n_texts(identity.entries.get("label")),
        description=i18n_texts(top.entries.get("description")),
    )
