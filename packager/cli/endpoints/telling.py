"""Tells what was done to an endpoint, where it answers, and from when on."""

from __future__ import annotations

from packager.cli.console import say, show_diagnostics, write, write_json
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction
from packager.endpoints.shown import created_facts
from packager.errors import Diagnostics
from packager.formatting import columns


def tell(
    function: ManagedFunction,
    endpoint: Endpoint,
    done: str,
    form: str,
    diagnostics: Diagnostics,
    *,
    addressed: bool = True,
) -> None:
    """Say what was `done`, with the warnings; write the endpoint as JSON, or its addresses."""
    show_diagnostics(diagnostics.warnings)
    say(done)
    if form == "json":
        write_json(created_facts(function, endpoint))
    elif addressed:
        write(addresses(function, endpoint))


def addresses(function: ManagedFunction, endpoint: Endpoint, indent: str = "") -> str:
    """Return a line for each interface that is not hidden."""
    rows = [(each.method, each.url) for each in function.urls(endpoint)]
    return columns(rows, indent) if rows else f"{indent}all interfaces are hidden\n"


def effect(function: ManagedFunction) -> str:
    """Return from when on functions have what was written."""
    if function.ttl == 0:
        return "the next request has it"
    if function.aws is None:
        return f"the next run has it, `packager serve` within {function.ttl} s (settings_ttl)"
    return f"running functions have it within {function.ttl} s (settings_ttl)"
