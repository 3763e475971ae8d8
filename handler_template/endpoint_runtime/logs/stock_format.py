"""`logging` as the stock client sets it up, text and JSON.

Imported when `logging` is: a cold start without pays nothing. Source of the shapes: what
`awslambdaric` 4.2 writes, and AWS, "Configuring JSON and plain text log formats".
"""

import os
import time

from endpoint_runtime import process
from endpoint_runtime.json_codec import encode_json
from endpoint_runtime.logs import report
from endpoint_runtime.logs.masking import ENVELOPE, mask, mask_value
from endpoint_runtime.logs.report import JSON_FRAMES, TEXT_FRAMES
from endpoint_runtime.logs.sinks import sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import LogRecord
    from types import ModuleType

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def configure_logging(logging: "ModuleType") -> None:
    """Give the root logger the handler that the stock client gives it, when `logging` comes in."""
    level_name = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level_name == "TRACE":
        level_name = "DEBUG"
    destination = sink()
    from endpoint_runtime.logs.single_handler import install, stamp

    class LambdaLoggerHandler(logging.Handler):  # type: ignore[misc, name-defined]
        log_sink = destination

        def emit(self, record: "LogRecord") -> None:
            text = self.format(record)
            if not report.is_json:  # there each value is masked by itself
                text = mask(text)
            frame_type = getattr(record, "_frame_type", 0)
            if not frame_type and (report.is_json or level_name):
                frame_type = TEXT_FRAMES[_level(record) // 10]
            destination.log(text, frame_type)

    class JsonFormatter(logging.Formatter):  # type: ignore[misc, name-defined]
        def format(self, record: "LogRecord") -> str:
            level = _level(record)
            record.levelno = level
            record.levelname = logging.getLevelName(level)
            record._frame_type = JSON_FRAMES[level // 10]
            return _json_line(record, self.formatTime(record, self.datefmt))

    def stamp_invocation(record: "LogRecord") -> bool:
        record.aws_request_id = process.request_id or ""
        record.tenant_id = process.tenant_id
        return stamp(record)

    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    if report.is_json:
        handler.setFormatter(JsonFormatter(datefmt=_TIME, validate=False))
    else:
        handler.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
                "%Y-%m-%dT%H:%M:%S",
                validate=False,  # which takes `re`
            )
        )
    handler.addFilter(stamp_invocation)
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
