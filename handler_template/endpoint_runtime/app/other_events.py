"""Answers events that are no requests as nearly all are: pings, VPC Lattice, and mapped ones."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from endpoint_runtime.app.serving import Serving

# What serverless-plugin-warmup sends by itself.
_WARMUP = {"source": "serverless-plugin-warmup"}


def answer_other(
    application: Serving,
    event: Any,
    context: object,
    answer_event: Callable[[Serving, Any, object], dict[str, Any]],
) -> Any:
    """Answer an event that no gateway's shape fits; `answer_event` is what answers one that fits.

    A ping that keeps the function warm gets `{}` at once.
    """
    if _is_ping(event, application.bundle.WARMUP):
        return {}
    if _is_lattice(event):
        from endpoint_runtime.gateway.lattice import as_function_url, as_lattice_reply

        return as_lattice_reply(answer_event(application, as_function_url(event), context))
    if application.take_event is not None:
        return application.take_event(event, context)
    from endpoint_runtime.app.mapped_events import answer_worker_event

    return answer_worker_event(application, event, context)


def _is_ping(event: object, shape: dict[str, Any] | None) -> bool:
    """Return whether an event has all that a ping has: its own keys, and their values."""
    if not isinstance(event, dict):
        return False
    return any(
        each and all(key in event and event[key] == value for key, value in each.items())
        for each in (shape or {}, _WARMUP)
    )


def _is_lattice(event: object) -> bool:
    """Return whether an event is a request of VPC Lattice."""
    if not isinstance(event, dict) or not isinstance(event.get("method"), str):
        return False
    if isinstance(event.get("raw_path"), str):
        return True
    context = event.get("requestContext")
    return (
        isinstance(event.get("path"), str)
        and isinstance(context, dict)
        and ("serviceNetworkArn" in context or "targetGroupArn" in context)
    )
