"""Says what a function's runtime is told of its deferred routes: the bundle's literal DEFERRED."""

from __future__ import annotations

from typing import Any

from packager.model.deferred import DeferredRoute, InlineRule, RequestValue
from packager.model.options import Options

# Bytes of a message: the limit of SQS is 1 MiB ("SendMessage"), which attributes count towards, and
# the dead-letter queue's copy has some.
MOST_BYTES = 1_040_000


def deferred_literal(options: Options) -> dict[str, Any] | None:
    """Return what the literal holds; None for a function that defers nothing."""
    if not options.deferred:
        return None
    worker = options.worker
    return {
        "routes": {route.path: _route(route) for route in options.deferred},
        "most": MOST_BYTES,
        "tries": worker.tries,
        "first_wait": worker.first_wait,
        "longest_wait": worker.longest_wait,
        "received_clock": worker.received_clock,
    }


def _route(route: DeferredRoute) -> dict[str, Any]:
    return {
        "status": route.status,
        "body": route.body,
        "content_type": route.content_type,
        "inline": tuple(_rule(each) for each in route.inline_when),
        "verify": route.verify,
        "dedupe": _where(route.dedupe),
        "dedupe_for": route.dedupe_for,
        "order_by": _where(route.order_by),
    }


def _rule(rule: InlineRule) -> tuple[Any, ...]:
    return rule.method, _where(rule.value), rule.equals


def _where(value: RequestValue | None) -> tuple[str, str] | None:
    """Return where a value is: a header by its key in an environ (PEP 3333), or a pointer."""
    if value is None:
        return None
    if value.header is None:
        return "pointer", str(value.pointer)
    key = value.header.upper().replace("-", "_")
    own = key in ("CONTENT_TYPE", "CONTENT_LENGTH")
    return "header", key if own else f"HTTP_{key}"
