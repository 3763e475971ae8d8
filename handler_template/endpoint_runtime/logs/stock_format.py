"""Log lines and error reports in the stock client's shape, text and JSON.

Imported when the first error is reported, when `logging` is, or at the first `context.log`: a cold
start without these pays nothing. Source of the shapes: what `awslambdaric` 4.2 writes, and AWS,
"Configuring JSON and plain text log formats"; the frames are those of the log descriptor that the
managed runtimes are given.
"""

import os
import sys
import time

from endpoint_runtime import process
from endpoint_runtime.json_codec import encode_json
from endpoint_runtime.lambda_api.runtime_api import Fault
from endpoint_runtime.logs.masking import ENVELOPE, mask, mask_value
from endpoint_runtime.logs.report import JSON_FRAMES, TEXT_FRAMES, write_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import LogRecord
    from types import ModuleType, TracebackType

    Frame = tuple[str, int, str, str]

JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_NO_BREAK_SPACE = "\u00a0"
_TRANSPORT = ("endpoint_runtime/loop.py", "/start_fast")  # frames of ours, above the handler's
_MAX_CAUSE = 1 << 20  # bytes of X-Ray's JSON, which travels in a header


class StandardSink:
    """The log as text on stdout, which is all that the emulator and `sam local` have."""

    def log(self, text: str, frame_type: int = 0) -> None:
        """Write `text`, which holds no secrets, as it is."""
        stream = sys.stdout
        write = getattr(stream, "write_masked", None) or getattr(stream, "write", None)
        if write is None:  # a plugin has taken it away
            return
        try:
            write(text)
        except UnicodeEncodeError:  # lone surrogates, or a stdout that is not UTF-8
            encoding = getattr(stream, "encoding", None) or "utf-8"
            write(text.encode(encoding, "backslashreplace").decode(encoding))

    def log_lines(self, lines: list[str]) -> None:
        """Write one error; carriage returns keep its lines one event."""
        self.log("\r".join(lines) + "\n")


class FramedSink:
    """The log as frames on the descriptor that Lambda gives: type, length, time in us, text."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def log(self, text: str, frame_type: int = 0) -> None:
        """Write `text` as one frame."""
        write_frame(self._descriptor, text, frame_type or TEXT_FRAMES[0])

    def log_lines(self, lines: list[str]) -> None:
        """Write one error as one frame."""
        self.log("\n".join(lines), (JSON_FRAMES if JSON else TEXT_FRAMES)[4])


_sink: StandardSink | FramedSink | None = None


def sink() -> StandardSink | FramedSink:
    """Where the function's log goes."""
    global _sink
    if _sink is None:
        descriptor = process.log_descriptor
        _sink = StandardSink() if descriptor < 0 else FramedSink(descriptor)
    return _sink


def report_failure(
    error: BaseException, request_id: str | None, *, working_directory: str
) -> tuple[str, bytes, str]:
    """Log a failed invocation (or, without an id, a failed start) and describe it for the API.

    Gives the error's type, the body of the report and the value of X-Ray's header.
    """
    frames: list[Frame] = []
    if isinstance(error, Fault):  # no traceback of the runtime's own would help anyone
        kind, cause_kind = error.error_type, "LambdaValidationError"
        trace = error.trace
    else:
        kind = cause_kind = type(error).__name__
        frames = _frames(error.__traceback__)
        trace = _formatted(frames)
    message, trace = mask(_message(error)), mask_value(trace)
    report: dict[str, object] = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id or "",
        "stackTrace": trace,
    }
    _log_error(report, trace)
    stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in frames]
    cause = encode_json(
        {
            "working_directory": working_directory,
            "exceptions": [{"message": message, "type": cause_kind, "stack": stack}],
            "paths": list(dict.fromkeys([frame[0] for frame in frames])),
        },
        ascii_only=True,
    )
    return kind, encode_json(report), cause.decode() if len(cause) < _MAX_CAUSE else ""


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


def _log_error(report: dict[str, object], trace: list[str]) -> None:
    if JSON:
        stamp = time.strftime(_TIME, time.gmtime())
        line = encode_json({"timestamp": stamp, "level": "ERROR", **report})
        lines = [line.decode("utf-8", "backslashreplace")]
    else:
        kind, message = report["errorType"], report["errorMessage"]
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


def configure_logging(logging: "ModuleType") -> None:
    """Give the root logger the handler that the stock client gives it, when `logging` comes in."""
    level_name = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level_name == "TRACE":
        level_name = "DEBUG"
    destination = sink()
    from endpoint_runtime.logs.single_handler import install, stamp_late

    class LambdaLoggerHandler(logging.Handler):  # type: ignore[misc, name-defined]
        log_sink = destination

        def emit(self, record: "LogRecord") -> None:
            text = self.format(record)
            if not JSON:  # there each value is masked by itself
                text = mask(text)
            frame_type = getattr(record, "_frame_type", 0)
            if not frame_type and (JSON or level_name):
                frame_type = TEXT_FRAMES[_level(record) // 10]
            destination.log(text, frame_type)

    class JsonFormatter(logging.Formatter):  # type: ignore[misc, name-defined]
        def format(self, record: "LogRecord") -> str:
            level = _level(record)
            record.levelno = level
            record.levelname = logging.getLevelName(level)
            record._frame_type = JSON_FRAMES[level // 10]
            return _json_line(record, self.formatTime(record, self.datefmt))

    def stamp(record: "LogRecord") -> bool:
        record.aws_request_id = process.request_id or ""
        record.tenant_id = process.tenant_id
        return stamp_late(record)

    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    if JSON:
        handler.setFormatter(JsonFormatter(datefmt=_TIME))
    else:
        handler.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
                "%Y-%m-%dT%H:%M:%S",
            )
        )
    handler.addFilter(stamp)
    root = logging.getLogger()
    if level_name in logging.getLevelNamesMapping():
        root.setLevel(level_name)
    root.addHandler(handler)
    install(logging, handler, level_name)


def _level(record: "LogRecord") -> int:
    """The level rounded down to one that Lambda knows."""
    return min(50, max(0, record.levelno)) // 10 * 10


# What every record has; other attributes come from `extra` and are logged too.
_RECORD_FIELDS = frozenset(
    """name msg args levelname levelno pathname filename module exc_info exc_text stack_info lineno
    funcName created msecs relativeCreated thread threadName processName process
    aws_request_id tenant_id _frame_type""".split()  # noqa: SIM905
)


def _json_line(record: "LogRecord", timestamp: str) -> str:
    import traceback

    result: dict[str, object] = {
        "timestamp": timestamp,
        "level": record.levelname,
        "message": record.msg
        if isinstance(record.msg, dict) and not record.args
        else record.getMessage(),
        "logger": record.name,
    }
    failed = record.exc_info and record.exc_info[0] is not None
    if record.exc_info and record.exc_info[0] is not None:
        result["stackTrace"] = traceback.format_tb(record.exc_info[2])
        result["errorType"] = record.exc_info[0].__name__
        result["errorMessage"] = str(record.exc_info[1])
    result["requestId"] = getattr(record, "aws_request_id", None)
    if failed:
        result["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
    result["tenantId"] = getattr(record, "tenant_id", None)
    for key, value in record.__dict__.items():
        if key not in _RECORD_FIELDS and key not in result:
            result[key] = value
    masked = {
        key: value if key in ENVELOPE else mask_value(value)
        for key, value in result.items()
        if value is not None
    }
    line = encode_json(masked, default=lambda thing: mask(str(thing)))
    return line.decode("utf-8") + "\n"
