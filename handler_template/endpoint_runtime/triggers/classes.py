"""Finds the classes of a provider and of its events, each at the first request that needs it."""

from __future__ import annotations

from endpoint_runtime.app.endpoints import EndpointError, load_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load_trigger(root: str, source: str) -> type[Any]:
    """Return the one subclass of `Trigger` in a source; raises as `load_endpoint` does."""
    from dify_plugin.interfaces.trigger import Trigger

    return _only(root, source, Trigger)


def load_event(root: str, source: str) -> type[Any]:
    """Return the one subclass of `Event` in a source, likewise."""
    from dify_plugin.interfaces.trigger import Event

    return _only(root, source, Event)


def _only(root: str, source: str, base: type[Any]) -> type[Any]:
    """Return the subclass in a source's namespace; an imported one counts, the base does not."""
    module = load_source(root, source)
    found = {
        id(value): value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value is not base
    }
    if len(found) == 1:
        return found.popitem()[1]
    if not found:
        raise EndpointError(f"{source} has no subclass of {base.__name__}")
    names = ", ".join(sorted(value.__qualname__ for value in found.values()))
    raise EndpointError(f"{source} has several subclasses of {base.__name__}: {names}")
