"""Reads what a declaration says of settings and of a trigger provider, as
plugin/endpoint_declaration.py writes it.

Raises KeyError, TypeError, ValueError or AttributeError for what that would not have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from packager.errors import Place
from packager.model.plugin import (
    OAuthSchema,
    Parameter,
    Setting,
    SubscriptionConstructor,
    TriggerEvent,
    TriggerProvider,
)


def read_setting(document: Mapping[str, Any], where: str) -> Setting:
    """Return a setting; its place is `where`."""
    return Setting(**_common(document, where))


def read_provider(document: Mapping[str, Any], where: str) -> TriggerProvider:
    """Return a provider as far as whoever makes subscriptions has to know it: without sources."""
    place = Place(where)
    made = document.get("constructor")
    return TriggerProvider(
        name=str(document["name"]),
        source="",
        source_place=place,
        subscription_schema=_settings(document["properties"], where),
        subscription_constructor=None if made is None else _constructor(made, where),
        events=tuple(_event(each, where) for each in document["events"]),
        label=texts_of(document.get("label")),
    )


def texts_of(value: Mapping[str, Any] | None) -> dict[str, str]:
    """Return a text by language."""
    return {str(name): str(text) for name, text in (value or {}).items()}


def _constructor(document: Mapping[str, Any], where: str) -> SubscriptionConstructor:
    client = document.get("oauth_client")
    oauth = None
    if client is not None:
        credentials = _settings(document["oauth_credentials"], where)
        oauth = OAuthSchema(_settings(client, where), credentials)
    return SubscriptionConstructor(
        parameters=_parameters(document["parameters"], where),
        credentials_schema=_settings(document["credentials"], where),
        oauth_schema=oauth,
        place=Place(where),
    )


def _event(document: Mapping[str, Any], where: str) -> TriggerEvent:
    names = document.get("variables")
    return TriggerEvent(
        name=str(document["name"]),
        file="",
        source="",
        place=Place(where),
        source_place=Place(where),
        parameters=_parameters(document["parameters"], where),
        output_schema=None if names is None else {"properties": {str(name): {} for name in names}},
        label=texts_of(document.get("label")),
    )


def _settings(documents: Iterable[Mapping[str, Any]], where: str) -> tuple[Setting, ...]:
    return tuple(read_setting(each, where) for each in documents)


def _parameters(documents: Iterable[Mapping[str, Any]], where: str) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(**_common(each, where), minimum=each.get("min"), maximum=each.get("max"))
        for each in documents
    )


def _common(document: Mapping[str, Any], where: str) -> dict[str, Any]:
    options = document.get("options") or ()
    return {
        "name": str(document["name"]),
        "type": str(document["type"]),
        "required": bool(document["required"]),
        "place": Place(where),
        "default": document.get("default"),
        "has_default": "default" in document,
        "options": tuple(str(each["value"]) for each in options),
        "multiple": bool(document.get("multiple")),
        "label": texts_of(document.get("label")),
        "help": texts_of(document.get("help")),
        "placeholder": texts_of(document.get("placeholder")),
        "scope": document.get("scope"),
        "url": texts_of(document.get("url")),
        "option_labels": {str(each["value"]): texts_of(each.get("label")) for each in options},
    }
