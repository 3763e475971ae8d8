"""Puts metrics and traces in the way of requests and calls: the bundle's literal OBSERVE."""

from __future__ import annotations

from time import time

from endpoint_runtime import process
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any


def attach(observed: Sequence[str]) -> None:
    """Watch what `observed` names: "metrics", "tracing" or both."""
    metrics = None
    if "metrics" in observed:
        from endpoint_runtime.observe.metrics import Metrics

        metrics = Metrics(report.log_request)
        report.log_request = metrics.log_request
    trace: Callable[..., Any] | None = None
    if "tracing" in observed:
        from endpoint_runtime.observe import tracing

        trace = tracing.trace
    if metrics is not None or trace is not None:
        process.observe_call = observer(metrics, trace)


def observer(metrics: Any, trace: Any) -> Callable[..., Any]:
    """Return what makes a call of the HTTP client in its place, and tells of it."""

    def observe(
        connection: Any,
        exchange: Callable[..., Any],
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        body: bytes,
    ) -> Any:
        started = time()
        segment = None if trace is None else trace(connection, method, headers)
        status = 0
        try:
            answer = exchange(method, path, headers if segment is None else segment.headers, body)
            status = answer.status
            return answer
        finally:
            # The answer's head is here, or nothing is.
            ended = time()
            if metrics is not None:
                metrics.count_call(ended - started)
            if segment is not None:
                segment.send(started, ended, status)

    return observe
