"""Writes a line of metrics for each request: CloudWatch makes metrics of it, and nobody waits.

CloudWatch, "Specification: Embedded metric format". In the namespace `packager`, by `Function`:
Requests, HandlerTime (ms), and where there are any ColdStarts and InitTime (ms of CPU until the
first request could be taken), Calls and CallTime (ms until an answer's head is here); Requests also
by `Route` and `Status`.
"""

from __future__ import annotations

import os
import sys
from time import process_time, time

from endpoint_runtime import process
from endpoint_runtime.json_codec import encode_json
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MOST_KINDS = 500  # of requests whose lines are half made already
_METHODS = report.METHODS


class Metrics:
    """The metrics of this process; `log_request` is what writes a request's own line."""

    def __init__(self, log_request: Callable[..., None]) -> None:
        self._log_request = log_request
        self._function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        started = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        self._init: float | None = process_time() * 1000 if started == "on-demand" else None
        self._calls, self._call_seconds = 0, 0.0
        self._kinds: dict[tuple[str, str, int, bool, bool], str] = {}

    def count_call(self, seconds: float) -> None:
        """Note a call; it is told of with the request that made it."""
        self._calls += 1
        self._call_seconds += seconds

    def log_request(
        self, method: str, route: str, status: int, seconds: float, request_id: str = ""
    ) -> None:
        """Write the line that every request leaves, and that of its metrics."""
        self._log_request(method, route, status, seconds, request_id)
        init, calls = self._init, self._calls
        kind = method, route, status, init is not None, calls > 0
        tail = self._kinds.get(kind) or self._tail(kind)
        line = f'{{"HandlerTime":{seconds * 1000:.3f},'
        if init is not None:
            line += f'"ColdStarts":1,"InitTime":{init:.3f},'
            self._init = None
        if calls:
            line += f'"Calls":{calls},"CallTime":{self._call_seconds * 1000:.3f},'
            self._calls, self._call_seconds = 0, 0.0
        if report.is_json:
            line += f'"requestId":{_json(request_id)},"traceId":{_json(report.trace_id())},'
        _write(f'{line}"_aws":{{"Timestamp":{int(time() * 1000)},{tail}')

    def _tail(self, kind: tuple[str, str, int, bool, bool]) -> str:
        """Return what does not change of the lines of one kind of request."""
        method, route, status, is_cold, has_calls = kind
        times = [("Requests", "Count"), ("HandlerTime", "Milliseconds")]
        if is_cold:
            times += [("ColdStarts", "Count"), ("InitTime", "Milliseconds")]
        if has_calls:
            times += [("Calls", "Count"), ("CallTime", "Milliseconds")]
        described: dict[str, Any] = {
            "CloudWatchMetrics": [
                _directive(["Function"], times),
                _directive(["Function", "Route", "Status"], times[:1]),
            ]
        }
        values = {
            "Requests": 1,
            "Function": self._function,
            "Route": f"{method if method in _METHODS else '-'} {route}",
            "Status": str(status),
        }
        tail = f"{encode_json(described).decode()[1:]},{encode_json(values).decode()[1:]}\n"
        if len(self._kinds) < _MOST_KINDS:
            self._kinds[kind] = tail
        return tail


def _json(text: str) -> str:
    return encode_json(text).decode("utf-8", "backslashreplace")


def _directive(dimensions: list[str], metrics: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "Namespace": "packager",
        "Dimensions": [dimensions],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in metrics],
    }


def _write(line: str) -> None:
    """Write one event of the log as it is: no secret can be in it, the route is a declared one."""
    try:
        if process.log_descriptor >= 0:
            frames = report.JSON_FRAMES if report.is_json else report.TEXT_FRAMES
            report.write_frame(process.log_descriptor, line, frames[2])
            return
        stream: Any = process.log_stream or sys.stderr
        write = stream.write_masked if type(stream) is report.LogStream else stream.write
        write(line)
        stream.flush()
    except Exception:  # noqa: S110 - a request does not fail for its metrics
        pass
