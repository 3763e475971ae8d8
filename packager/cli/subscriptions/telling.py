"""Tells what was done to a subscription, where it answers, and from when on."""

from __future__ import annotations

from packager.cli.console import say, show_diagnostics, write, write_json
from packager.endpoints.endpoint import Endpoint
from packager.errors import Diagnostics
from packager.subscriptions.job import Job
from packager.subscriptions.shown import listed_facts, url_of
from packager.subscriptions.subscription import shown_subscription


def tell(
    job: Job,
    endpoint: Endpoint,
    done: str,
    form: str,
    diagnostics: Diagnostics,
    *,
    addressed: bool = False,
) -> None:
    """Say what was `done`, with the warnings; write the subscription as JSON, or its address."""
    show_diagnostics(diagnostics.warnings)
    say(done)
    if form == "json":
        write_json(listed_facts(job.function, endpoint, shown_subscription(endpoint)))
    elif addressed:
        write(url_of(job.function, endpoint) + "\n")
