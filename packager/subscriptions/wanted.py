"""Makes a subscription of what was said of it: how it is made, with which values, starting what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from packager.endpoints.function import ManagedFunction
from packager.errors import Diagnostics, Place
from packager.inputs.suggestions import did_you_mean
from packager.model.plugin import Setting, SubscriptionConstructor, TriggerProvider
from packager.subscriptions.given import (
    Given,
    check_required,
    plain_of,
    references_of,
    with_defaults,
)
from packager.subscriptions.subscription import CredentialType, Subscription, Workflow

_PARTS = ("credentials", "properties", "oauth_client")


def methods(provider: TriggerProvider) -> tuple[CredentialType, ...]:
    """Return how subscriptions of a provider can be made, what is usual first.

    Without a constructor, or beside it, a user makes them at the service by hand.
    """
    made = provider.subscription_constructor
    if made is None:
        return ("unauthorized",)
    oauth: tuple[CredentialType, ...] = ("oauth2",) if made.oauth_schema else ()
    if made.credentials_schema or not oauth:
        return ("api-key", *oauth, "unauthorized")
    return (*oauth, "unauthorized")


def new_subscription(
    provider: TriggerProvider, given: Given, method: CredentialType, diagnostics: Diagnostics
) -> Subscription:
    """Return a subscription that is to be made by `method`; what it lacks is noted.

    What OAuth gives is not asked for: it comes later.
    """
    made = provider.subscription_constructor
    needed = {
        "parameters": made.parameters if made and method != "unauthorized" else (),
        "credentials": made.credentials_schema if made and method == "api-key" else (),
        "oauth_client": _client(made) if method == "oauth2" else (),
        "properties": provider.subscription_schema,
    }
    values: dict[str, Mapping[str, Any]] = {}
    for part, declared in needed.items():
        said: Mapping[str, Any] | None = getattr(given, part)
        if said and not declared and part != "properties":
            _refuse(part, method, given.place, diagnostics)
        if part == "properties" and method != "unauthorized":
            values[part] = said or {}  # the rest is what the constructor returns
            continue
        values[part] = with_defaults(said or {}, declared)
        check_required(values[part], declared, part, given.place, diagnostics)
    return _filled(Subscription(credential_type=method), values, given.workflows or ())


def changed_subscription(before: Subscription, given: Given) -> Subscription:
    """Return `before` with what is given in its place; a null removes a value."""
    values: dict[str, Mapping[str, Any]] = {
        "parameters": {**before.parameters, **(given.parameters or {})}
    }
    references = dict(before.references)
    for part in _PARTS:
        said: Mapping[str, Any] = getattr(given, part) or {}
        old: Mapping[str, Any] = getattr(before, part)
        values[part] = {**old, **said}
        for name in said:
            references.pop(f"{part}.{name}", None)
    values["parameters"] = {
        name: each for name, each in values["parameters"].items() if each is not None
    }
    workflows = before.workflows if given.workflows is None else given.workflows
    after = _filled(before, values, workflows)
    return replace(after, references={**references, **after.references})


def check_changed(
    provider: TriggerProvider, after: Subscription, place: Place | None, diagnostics: Diagnostics
) -> None:
    """Note what a changed subscription lacks."""
    made = provider.subscription_constructor
    if made is not None and after.constructed:
        check_required(after.parameters, made.parameters, "parameters", place, diagnostics)
        if after.credential_type == "api-key":
            values = {**after.credentials, **_kept(after, "credentials")}
            check_required(values, made.credentials_schema, "credentials", place, diagnostics)
    elif not after.constructed:
        values = {**after.properties, **_kept(after, "properties")}
        check_required(values, provider.subscription_schema, "properties", place, diagnostics)


def check_apps(
    function: ManagedFunction,
    workflows: Sequence[Workflow],
    place: Place | None,
    diagnostics: Diagnostics,
) -> None:
    """Warn of each app that an event is to start and that has no API key configured."""
    apps = function.declaration.choices.apps
    if apps is None:
        return
    for app in dict.fromkeys(each.app for each in workflows):
        if app not in apps:
            diagnostics.warn(
                "unanswered-choice",
                f"starts the app {app}, which nothing under [apps] answers",
                place,
                key="workflows",
                hint=did_you_mean(app, apps),
            )


def _client(made: SubscriptionConstructor | None) -> tuple[Setting, ...]:
    return made.oauth_schema.client_schema if made and made.oauth_schema else ()


def _filled(
    subscription: Subscription,
    values: Mapping[str, Mapping[str, Any]],
    workflows: Sequence[Workflow],
) -> Subscription:
    references: dict[str, Any] = {}
    for part in _PARTS:
        references |= references_of(part, values[part])
    return replace(
        subscription,
        parameters=dict(values["parameters"]),
        credentials=plain_of(values["credentials"]),
        properties=plain_of(values["properties"]),
        oauth_client=plain_of(values["oauth_client"]),
        references=references,
        workflows=tuple(workflows),
    )


def _kept(subscription: Subscription, part: str) -> dict[str, Any]:
    start = f"{part}."
    return {
        key.removeprefix(start): each
        for key, each in subscription.references.items()
        if key.startswith(start)
    }


def _refuse(part: str, method: str, place: Place | None, diagnostics: Diagnostics) -> None:
    why = {
        "unauthorized": "is for subscriptions that the constructor makes",
        "api-key": "is for OAuth",
        "oauth2": "is not given with OAuth, which gives them itself",
    }[method]
    diagnostics.error("conflicting-keys", why, place, key=part)
