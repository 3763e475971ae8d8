"""Writes subscriptions into their store, as the endpoints that they are there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from packager.endpoints.checks import check_size
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.store import Change
from packager.errors import Diagnostics, PackagerError
from packager.subscriptions.job import Job
from packager.subscriptions.subscription import Subscription, values_of


def write(
    job: Job,
    before: Endpoint,
    subscription: Subscription,
    diagnostics: Diagnostics,
    *,
    name: str | None = None,
    enabled: bool | None = None,
) -> Endpoint:
    """Write `subscription` in the place of what `before` is, and return it."""
    after = replace(
        next_version(before),
        name=before.name if name is None else name,
        enabled=before.enabled if enabled is None else enabled,
    )
    after = as_kept(job, after, subscription, diagnostics)
    job.function.store.write([Change(before, after)])
    return read_again(job, after)


def as_kept(
    job: Job, endpoint: Endpoint, subscription: Subscription, diagnostics: Diagnostics
) -> Endpoint:
    """Return `endpoint` as the store is to have it; raise `InvalidInput` for one too large."""
    after = job.function.with_values(endpoint, values_of(subscription, job.provider))
    check_size(job.function, after, {}, None, diagnostics)
    diagnostics.raise_errors()
    return after


def read_again(job: Job, written: Endpoint) -> Endpoint:
    """Return what the store has now: with the revision that the next change is of."""
    found = job.function.store.get(written.hook_id)
    if found is None:
        raise PackagerError(f"{written.name} was deleted by somebody else meanwhile")
    return found


def next_version(before: Endpoint) -> Endpoint:
    """Return what follows an endpoint, as yet the same."""
    return replace(before, version=before.version + 1, updated=now())


def now() -> str:
    """Return the time as stores have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
