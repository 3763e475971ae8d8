"""Failed invocations and failed starts, as the stock client logs and reports them.

Imported by the first of them. Source of the shapes: what `awslambdaric` 4.2 writes, and AWS,
"Configuring JSON and plain text log formats".
"""

import time

from endpoint_runtime.json_codec import encode_json
from endpoint_runtime.lambda_api.runtime_api import ReportedError
from endpoint_runtime.logs import report
from endpoint_runtime.logs.masking import mask, mask_value
from endpoint_runtime.logs.sinks import sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    Frame = tuple[str, int, str, str]

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_NO_BREAK_SPACE = "\u00a0"
_TRANSPORT = ("endpoint_runtime/loop.py", "/start_fast")  # frames of ours, above the handler's
_MAX_CAUSE = 1 << 20  # bytes of X-Ray's JSON, which travels in a header


def report_failure(
    error: BaseException, request_id: str | None, *, working_directory: str
) -> tuple[str, bytes, str]:
    """Log a failed invocation (or, without an id, a failed start) and describe it for the API.

    Return the error's type, the body of the report and the value of X-Ray's header.
    """
    frames: list[Frame] = []
    if isinstance(error, ReportedError):  # no traceback of the runtime's own would help anyone
        kind, cause_kind = error.error_type, "LambdaValidationError"
        trace = error.trace
    else:
        kind = cause_kind = type(error).__name__
        frames = _frames(error.__traceback__)
        trace = _formatted(frames)
    message, trace = mask(_message(error)), mask_value(trace)
    described: dict[str, object] = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id or "",
        "stackTrace": trace,
    }
    _log_error(described, trace)
    stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in frames]
    cause = encode_json(
        {
            "working_directory": working_directory,
            "exceptions": [{"message": message, "type": cause_kind, "stack": stack}],
            "paths": list(dict.fromkeys([frame[0] for frame in frames])),
        },
        ascii_only=True,
    )
    return kind, encode_json(described), cause.decode() if len(cause) < _MAX_CAUSE else ""


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # an exception of the plugin's whose __str__ fails
        return f"<{type(error).__name__} without a message>"


def _frames(trace: "TracebackType | None") -> "list[Frame]":
    import traceback

    frames = [
        (frame.filename, frame.lineno or 0, frame.name, frame.line or "")
        for frame in traceback.extract_tb(trace)
    ]
    for index, frame in enumerate(frames):
        if not frame[0].endswith(_TRANSPORT):
            return frames[index:]
    return frames


def _formatted(frames: "list[Frame]") -> list[str]:
    import traceback

    return traceback.format_list(frames)


def _log_error(described: dict[str, object], trace: list[str]) -> None:
    if report.is_json:
        stamp = time.strftime(_TIME, time.gmtime())
        entry = {"timestamp": stamp, "level": "ERROR", **described}
        if trace_id := report.trace_id():
            entry["traceId"] = trace_id
        line = encode_json(entry)
        lines = [line.decode("utf-8", "backslashreplace")]
    else:
        kind, message = described["errorType"], described["errorMessage"]
        lines = [f"[ERROR] {kind}: {message}" if message else f"[ERROR] {kind}"]
        lines.append("Traceback (most recent call last):")
        for element in trace:
            for line_ in element.splitlines():
                text = line_.lstrip(" ")
                lines.append(_NO_BREAK_SPACE * (len(line_) - len(text)) + text)
    try:
        sink().log_lines(lines)
    except Exception:  # noqa: S110 - a closed or broken stdout must not cost the report
        pass
