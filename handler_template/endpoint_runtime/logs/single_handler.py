"""Has `logging` write each record once, in Lambda's form, whatever handlers a plugin adds.

Both of Lambda's clients give the root logger a handler that writes records with time and request
id. A plugin adds handlers of its own for stdout and stderr, which is the same log: what they are
given goes through that one handler, once. Where a plugin's formatter makes the text, that is the
message. Handlers for anything else are left alone. docs/logging.md has it in full.

Contract of `install_in_stock_client`: `awslambdaric` runs this process, and has set up streams and
`logging` as it does (4.2: `bootstrap.run`; a root handler with a `log_sink`, whose `fd` is there
for a framed log).
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from weakref import WeakSet

from endpoint_runtime import process
from endpoint_runtime.logs import report
from endpoint_runtime.logs.report import LogStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Handler, LogRecord
    from typing import Any

# The SDK's formatter, which speaks to a daemon, and the light one.
_SDK_FORMATTER = "DifyPluginLoggerFormatter"


def install_in_stock_client() -> None:
    """Give the log of AWS's own client what the fast entry's has: records once, secrets masked.

    Once, before anything of the plugin is imported.
    """
    import logging

    process.interrupts = ()

    found: Any = [each for each in logging.getLogger().handlers if hasattr(each, "log_sink")]
    if not found:
        return
    handler = found[0]
    sink = handler.log_sink
    write = sink.log
    descriptor = getattr(sink, "fd", None)
    if isinstance(descriptor, int):
        process.log_descriptor = descriptor

    def log(text: str, frame_type: Any = None) -> None:
        from endpoint_runtime.logs.masking import mask_line

        text = mask_line(text)
        stream = sys.stdout
        if descriptor is None and isinstance(stream, LogStream):
            stream.write_masked(text)
        else:
            write(text, frame_type)

    log_error = sink.log_error

    def log_failure(lines: list[str]) -> None:  # with log format JSON there is one
        log_error([_with_trace(line) for line in lines] if report.is_json else lines)

    sink.log = log
    sink.log_error = log_failure
    handler.addFilter(stamp)
    level_name = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    install(logging, handler, "DEBUG" if level_name == "TRACE" else level_name)
    sys.stdout = LogStream(sys.stdout)
    sys.stderr = process.log_stream = LogStream(sys.stderr)
    # The originals, too: plugins write there, or put them back.
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc, assignment]


def install(logging: Any, handler: Handler, level_name: str) -> None:
    """Make `handler`, of the root logger, the one way to the log.

    `level_name` is AWS_LAMBDA_LOG_LEVEL, in capitals and with DEBUG for TRACE; records below it are
    not written, whatever the level of a plugin's logger. Without one the loggers decide.
    """
    level = logging.getLevelNamesMapping().get(level_name, 0)
    handler.setLevel(level)
    written: WeakSet[LogRecord] = WeakSet()
    format_line = handler.format
    emit_to_log = handler.emit
    emit_to_stream = logging.StreamHandler.emit
    streams = [sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr]
    streams += [getattr(stream, "stream", None) for stream in streams]  # below the stock client's

    def end_line(record: LogRecord) -> str:
        """Format a record; AWS's text ends without a line break where it has a traceback."""
        text = format_line(record)
        return text if text.endswith("\n") else text + "\n"

    def emit_once(record: LogRecord) -> None:
        if record in written:
            return
        written.add(record)
        try:
            emit_to_log(record)
        except RecursionError:
            raise
        except Exception:  # arguments that don't fit the message: no reason to fail a request
            handler.handleError(record)

    def emit(self: Any, record: LogRecord) -> None:
        stream = self.stream
        if not (_is_log(stream) or any(stream is each for each in streams)):
            emit_to_stream(self, record)
        elif record not in written and record.levelno >= handler.level:
            formatter = self.formatter
            if formatter is None or type(formatter).__name__ == _SDK_FORMATTER:
                handler.handle(record)
                return
            try:
                text = self.format(record)
            except Exception:
                self.handleError(record)
                return
            written.add(record)
            handler.handle(_with_text(logging, record, text))

    handler.format = end_line  # type: ignore[method-assign]
    handler.emit = emit_once  # type: ignore[method-assign]
    logging.StreamHandler.emit = emit
    _keep_in_basic_config(logging, handler, level)


def _keep_in_basic_config(logging: Any, handler: Handler, level: int) -> None:
    """Have `logging.basicConfig` do as if `handler` were not there, which stays the first."""
    basic_config = logging.basicConfig

    def configure(**options: Any) -> None:
        root = logging.getLogger()
        if root.handlers == [handler] or options.get("force"):
            root.removeHandler(handler)
            try:
                basic_config(**options)
            finally:
                root.handlers.insert(0, handler)
                if level:
                    root.setLevel(level)
        else:
            basic_config(**options)

    configure.__doc__ = basic_config.__doc__
    logging.basicConfig = configure


def _is_log(stream: object) -> bool:
    """Whether a stream is the log: ours, or one that a plugin has laid over stdout or stderr."""
    if not isinstance(stream, TextIOWrapper):  # of other classes who knows where they write
        return isinstance(stream, LogStream)
    try:
        return stream.fileno() in (1, 2)
    except (OSError, ValueError):  # closed, or over no file
        return False


def _with_trace(line: str) -> str:
    """Return the JSON of a failure with the id of its trace, which AWS's client leaves out."""
    from endpoint_runtime.json_codec import encode_json

    trace = report.trace_id()
    if not trace or not line.endswith("}"):
        return line
    return f'{line[:-1]}, "traceId": {encode_json(trace).decode()}}}'


def _with_text(logging: Any, record: LogRecord, text: str) -> LogRecord:
    """A record like `record`, whose message is `text`, which has all there is to it."""
    fields = {**vars(record), "msg": text, "args": None}
    fields.update(exc_info=None, exc_text=None, stack_info=None)
    fields.pop("asctime", None)
    made: LogRecord = logging.makeLogRecord(fields)
    return made


def stamp(record: LogRecord) -> bool:
    """Give a record the id of its trace, and one of work that outlived its invocation the ids of
    that one: a filter.

    The formatters for JSON, ours and AWS's, write what is no attribute of every record.
    """
    late = process.late_ids() if process.late_ids is not None else None
    if late is not None:
        record.aws_request_id = late[0]
    if report.is_json:
        trace = late[1] if late is not None else report.trace_id()
        if trace:
            record.traceId = trace
        elif hasattr(record, "traceId"):  # the plugin's own, which is not known to be no secret
            from endpoint_runtime.logs.masking import mask_value

            record.traceId = mask_value(record.traceId)
    return True
