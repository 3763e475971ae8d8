"""Makes, changes, renews and ends subscriptions: what commands and the console do.

What is wrong with what is wanted goes into `diagnostics`, and is raised before anything is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field, replace

from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint, name_problem
from packager.endpoints.manage import note_taken
from packager.endpoints.store import Change
from packager.errors import Diagnostics, PackagerError, UsageError
from packager.model.options import AwsSource
from packager.subscriptions.constructor import ConstructorFailed
from packager.subscriptions.job import Job
from packager.subscriptions.keeping import as_kept, next_version, now, read_again, write
from packager.subscriptions.subscription import (
    NEVER,
    Subscription,
    secret_properties,
    subscription_of,
)

# Seconds before its end from which on a subscription, or a token, is renewed: as on Lambda.
SUBSCRIPTION_MARGIN, CREDENTIALS_MARGIN = 7200, 1500


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription to be; `subscription` is checked. `enabled` is whether it is to answer."""

    name: str
    subscription: Subscription
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Renewed:
    """What was renewed of a subscription, by its words; nothing where nothing can expire."""

    endpoint: Endpoint
    parts: tuple[str, ...] = field(default=())


def check_name(job: Job, name: str, diagnostics: Diagnostics) -> None:
    """Note a name that no subscription can have, or that one has."""
    problem = name_problem(name)
    if problem:
        diagnostics.error("invalid-value", problem, key="name")
    elif job.function.store.named(name) is not None:
        hint = "names differ within a provider; `packager subscriptions update` changes it"
        note_taken(name, None, diagnostics, hint, what="a subscription")


def create(job: Job, wanted: Wanted, diagnostics: Diagnostics) -> Endpoint:
    """Make a subscription: with credentials by the constructor, which makes it at the service.

    It is written before as one that starts nothing, as services ask its address while they make
    it; where the constructor fails, nothing is left of it.
    """
    check_name(job, wanted.name, diagnostics)
    diagnostics.raise_errors()
    made_at = now()
    endpoint = Endpoint(
        hook_id=job.function.new_hook_id(),
        name=wanted.name,
        enabled=wanted.enabled,
        created=made_at,
        updated=made_at,
    )
    subscription = wanted.subscription
    # One that is made by hand answers wherever it is asked, unless another address was named.
    if subscription.constructed or job.base != job.function.base:
        subscription = replace(subscription, endpoint=job.endpoint_url(endpoint.hook_id))
    made = as_kept(job, endpoint, subscription, diagnostics)
    if not subscription.constructed:
        job.function.store.write([Change(None, made)])
        return read_again(job, made)
    check_base(job)
    constructor = job.open_constructor()  # built before anything is written
    pending = replace(subscription, workflows=(), pending=True)
    begun = as_kept(job, replace(endpoint, enabled=True), pending, diagnostics)
    job.function.store.write([Change(None, begun)])
    begun = read_again(job, begun)
    try:
        if subscription.credential_type == "api-key":
            constructor.call("validate", credentials=job.credentials(subscription))
        subscription = _constructed(job, subscription)
    except BaseException:
        _forget(job, begun)
        raise
    try:
        return write(job, begun, subscription, diagnostics, enabled=wanted.enabled)
    except BaseException:
        with suppress(PackagerError):
            _end(job, subscription)
        _forget(job, begun)
        raise


def update(
    job: Job,
    before: Endpoint,
    subscription: Subscription,
    diagnostics: Diagnostics,
    *,
    name: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Endpoint:
    """Change a subscription; with other parameters it is ended at the service and made again.

    Its address stays.
    """
    if name is not None and name != before.name:
        check_name(job, name, diagnostics)
        diagnostics.raise_errors()
    old = subscription_of(job.function, before)
    if subscription == old and name in (None, before.name):
        return before
    if subscription.constructed and subscription.parameters != old.parameters:
        said = _end(job, old)
        if said:
            say(f"it was not ended at the service: {said}")
        subscription = _constructed(job, subscription)
    return write(job, before, subscription, diagnostics, name=name)


def enable(job: Job, before: Endpoint, enabled: bool, diagnostics: Diagnostics) -> Endpoint:
    """Have a subscription answer, or not."""
    if before.enabled == enabled:
        return before
    after = replace(next_version(before), enabled=enabled)
    job.function.store.write([Change(before, after)])
    return read_again(job, after)


def delete(job: Job, before: Endpoint, *, force: bool) -> str | None:
    """End a subscription at the service, and forget it.

    With `force` it is forgotten whatever the service says, which is returned; otherwise that
    raises.
    """
    said: str | None = None
    try:
        subscription = subscription_of(job.function, before)
        if subscription.constructed:
            said = _end(job, subscription)
    except PackagerError as error:
        if not force:
            raise
        said = str(error)
    if said and not force:
        raise ConstructorFailed(
            f"{before.name} could not be ended at the service: {said}",
            hint="--force forgets it here all the same; end it at the service yourself",
        )
    job.function.store.write([Change(before, None)])
    return said


def refresh(job: Job, before: Endpoint, diagnostics: Diagnostics, *, due: bool) -> Renewed:
    """Renew what of a subscription can expire; with `due` only what does soon."""
    old = subscription = subscription_of(job.function, before)
    if not old.constructed:
        return Renewed(before)
    present = time.time()
    parts: list[str] = []
    if _expires(old.credentials_expire_at, present, CREDENTIALS_MARGIN if due else None):
        got = job.open_constructor().call(
            "refresh_credentials",
            redirect_uri=old.redirect_uri,
            client=job.oauth_client(old),
            credentials=job.credentials(old),
        )
        subscription = replace(
            subscription,
            credentials=got["credentials"],
            credentials_expire_at=got["expires_at"],
            references=_without(subscription, "credentials."),
        )
        parts.append("credentials")
    if _expires(old.expires_at, present, SUBSCRIPTION_MARGIN if due else None):
        renewed = job.open_constructor().call("refresh", **_asked(job, subscription))
        subscription = replace(
            subscription,
            properties=renewed["properties"],
            expires_at=renewed["expires_at"],
            references=_without(subscription, "properties."),
        )
        parts.append("subscription")
    if not parts:
        return Renewed(before)
    return Renewed(write(job, before, subscription, diagnostics), tuple(parts))


def _forget(job: Job, begun: Endpoint) -> None:
    """Forget one that could not be made; who deleted or changed it meanwhile has it so."""
    with suppress(PackagerError):
        job.function.store.write([Change(begun, None)])


def check_base(job: Job) -> None:
    """Raise `UsageError` where no service could reach the subscription's address."""
    if not job.base.startswith(("https://", "http://")):
        raise UsageError(
            "the service has to be told an address, and nothing here has one",
            hint="say where it reaches this machine, such as a tunnel's address: --url "
            "https://...; or --stack NAME for a deployed function",
        )


def _constructed(job: Job, subscription: Subscription) -> Subscription:
    made = job.open_constructor().call(
        "create",
        endpoint=subscription.endpoint,
        parameters=dict(subscription.parameters),
        credentials=job.credentials(subscription),
        credential_type=subscription.credential_type,
    )
    return replace(
        subscription,
        properties={**subscription.properties, **made["properties"]},
        expires_at=made["expires_at"],
    )


def _end(job: Job, subscription: Subscription) -> str | None:
    """End a subscription at the service; return why that failed, None where it did not."""
    try:
        done = job.open_constructor().call("delete", **_asked(job, subscription))
    except ConstructorFailed as failed:
        return str(failed)
    return None if done["success"] else str(done["message"] or "it says no reason")


def _asked(job: Job, subscription: Subscription) -> dict[str, object]:
    properties = job.read(
        "properties",
        job.provider.subscription_schema,
        subscription.properties,
        subscription.references,
    )
    secret = secret_properties(job.provider, properties)
    kept = [name for name in properties if f"properties.{name}" in subscription.references]
    return {
        "subscription": {
            "expires_at": subscription.expires_at,
            "endpoint": subscription.endpoint,
            "parameters": dict(subscription.parameters),
            "properties": properties,
        },
        # These are in `properties` as well: what the plugin says is shown without them.
        "secret_properties": {name: properties[name] for name in (*secret, *kept)},
        "credentials": job.credentials(subscription),
        "credential_type": subscription.credential_type,
    }


def _without(subscription: Subscription, start: str) -> dict[str, AwsSource]:
    return {
        key: source for key, source in subscription.references.items() if not key.startswith(start)
    }


def _expires(when: int, now: float, margin: float | None) -> bool:
    return when != NEVER and (margin is None or when - now < margin)
