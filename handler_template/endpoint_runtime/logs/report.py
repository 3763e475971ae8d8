"""Writes the function's log lines, in the stock client's two formats.

Text lines are `[LEVEL]\\tTIME\\tREQUEST ID\\tMESSAGE`, JSON lines (AWS_LAMBDA_LOG_FORMAT=JSON) have
the keys of Lambda's own ("Log and monitor Python Lambda functions"). AWS_LAMBDA_LOG_LEVEL leaves
out what is below it. Nothing here imports `logging`, which costs milliseconds at a cold start.
On Lambda a line is a frame on the descriptor of the function's log, so that a traceback stays one
event there; elsewhere it is text on stderr.
"""

from __future__ import annotations

import os
import sys
from posix import write
from time import gmtime, strftime, time, time_ns

from endpoint_runtime import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, TextIO

_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "FATAL": 50}

# The methods that the log names (RFC 9110, RFC 5789): another may be anything a client sent.
METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
)

# Types of frames by level // 10 (FramedTelemetryLogSink of `awslambdaric`), of text and of JSON.
TEXT_FRAMES = (0xA55A0003, 0xA55A000B, 0xA55A000F, 0xA55A0013, 0xA55A0017, 0xA55A001B)
JSON_FRAMES = (0xA55A0002, 0xA55A000A, 0xA55A000E, 0xA55A0012, 0xA55A0016, 0xA55A001A)

_MAX_TRACE_ID = 64  # characters; it has 35

# What the environment says of the log; it stays as it is for the life of a function's process.
_least, is_json = 20, False
# The second that was written last, as text too.
_last = 0, "1970-01-01T00:00:00"
# Texts of numbers that lines have had, as formatting one costs more than all the rest of a line: of
# milliseconds, and of tenths of a millisecond that requests took.
_MILLISECONDS: dict[int, str] = {}
_TOOK: dict[int, str] = {}
_MOST_TOOK = 512


def configure(environment: Mapping[str, str] = os.environ) -> None:
    """Read level and format from the environment; done once when this is imported."""
    global _least, is_json
    _least = _LEVELS.get(environment.get("AWS_LAMBDA_LOG_LEVEL", "INFO").upper(), 20)
    is_json = environment.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


configure()


class LogStream:
    """A text stream that writes at once, and no secrets.

    What stays in a buffer is lost when Lambda freezes the process.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write `text`, secrets masked."""
        masked = text
        if isinstance(text, str) and len(text) > 3:  # one that is shorter holds none
            from endpoint_runtime.logs.masking import mask

            masked = mask(text)
        self._stream.write(masked)
        self._stream.flush()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines as one text."""
        self.write("".join(lines))

    def close(self) -> None:
        """Close nothing: it is the log of all that comes."""
        self._stream.flush()

    def write_masked(self, text: str) -> None:
        """Write a text in which secrets are masked already."""
        self._stream.write(text)
        self._stream.flush()

    def detach(self) -> object:
        """Return `buffer`, and keep the stream: others write here, too."""
        return self.buffer

    @property
    def buffer(self) -> object:
        """The stream of bytes below, as careful."""
        from endpoint_runtime.logs.masking import MaskedBytes

        return MaskedBytes(self._stream.buffer)


def log(level: str, message: str, request_id: str = "") -> None:
    """Write one message in one piece, known secrets masked: a traceback stays together."""
    if _LEVELS[level] >= _least:
        try:
            from endpoint_runtime.logs.masking import mask

            masked = mask(message)
        except Exception as problem:  # no descriptor or no memory is left, say
            masked = f"a message without its secrets could not be made: {type(problem).__name__}"
        _write(level, masked, request_id)


def _write(level: str, message: str, request_id: str) -> None:
    now = time()
    second = int(now)
    stamp = _last[1] if _last[0] == second else _stamp(second)
    if is_json:
        from endpoint_runtime.json_codec import encode_json

        entry = {
            "timestamp": stamp + "Z",
            "level": level,
            "message": message,
            "logger": "endpoint_runtime",
            "requestId": request_id,
        }
        trace = trace_id()
        if trace:
            entry["traceId"] = trace
        line = encode_json(entry).decode("utf-8", "backslashreplace") + "\n"
    else:
        milliseconds = str(int(now * 1000))[-3:]
        line = f"[{level}]\t{stamp}.{milliseconds}Z\t{request_id}\t{message}\n"
    _write_line(level, line)


def _write_line(level: str, line: str) -> None:
    try:
        if process.log_descriptor >= 0:
            frames = JSON_FRAMES if is_json else TEXT_FRAMES
            frame = frames[_LEVELS[level] // 10]
            write_frame(process.log_descriptor, line, frame)
            return
        stream: Any = process.log_stream or sys.stderr
        if stream is not None:
            if type(stream) is LogStream:
                stream.write_masked(line)
            else:
                stream.write(line)
                if not getattr(stream, "line_buffering", False):  # else it is flushed
                    stream.flush()
    except Exception:
        _write_plainly(line)


def trace_id() -> str:
    """Return the id of the request's trace (`Root` of X-Ray's header); "" where it has none.

    One that is not sampled is nothing to X-Ray; in the log it joins the lines of a request that
    went through several functions all the same.
    """
    header = os.environ.get("_X_AMZN_TRACE_ID", "")
    start = header.find("Root=")
    return "" if start < 0 else header[start + 5 :].partition(";")[0][:_MAX_TRACE_ID]


def _write_plainly(line: str) -> None:
    """Write past a stream that is closed or broken: no request shall fail, no line be lost."""
    if process.in_loop or "awslambdaric" in sys.modules:
        try:
            write(2, line.encode("utf-8", "backslashreplace"))
        except Exception:  # noqa: S110 - there is no log
            pass


def write_frame(descriptor: int, text: str, frame_type: int) -> None:
    """Write one event of Lambda's framed log: type, length, time in us, text."""
    data = text.encode("utf-8", "backslashreplace")
    head = frame_type << 96 | len(data) << 64 | time_ns() // 1000
    frame = head.to_bytes(16, "big") + data
    while frame:
        frame = frame[write(descriptor, frame) :]


def _stamp(second: int) -> str:
    """A second since 1970 as text, kept: the next line's is mostly the same."""
    global _last
    stamp = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
    _last = second, stamp
    return stamp


def log_request(method: str, route: str, status: int, seconds: float, request_id: str = "") -> None:
    """Write the line that every request leaves: nothing else a client sent is in it."""
    if _least > 20:
        return
    if method not in METHODS:
        method = "-"
    # Nothing in it can be a secret: no time is spent looking for one.
    tenths = int(seconds * 10000 + 0.5)
    took = _TOOK.get(tenths) or _learn_took(tenths)
    if is_json:
        _write("INFO", f"{method} {route} {status} {took}", request_id)
        return
    # As `_write` has it, without a call.
    now = time()
    second, stamp = _last
    since = now - second
    if not 0 <= since < 1:
        second = int(now)
        stamp, since = _stamp(second), now - second
    number = int(since * 1000)
    milliseconds = _MILLISECONDS.get(number) or _MILLISECONDS.setdefault(number, f"{number:03}")
    line = f"[INFO]\t{stamp}.{milliseconds}Z\t{request_id}\t{method} {route} {status} {took}\n"
    _write_line("INFO", line)


def _learn_took(tenths: int) -> str:
    took = f"{tenths // 10}.{tenths % 10} ms"
    if len(_TOOK) < _MOST_TOOK:
        _TOOK[tenths] = took
    return took


def log_exception(
    message: str, fault: BaseException, request_id: str = "", hidden: Sequence[str] = ()
) -> None:
    """Write a message and the traceback of `fault`, the texts of `hidden` masked.

    The runtime's own frames are in it at the level DEBUG and below only.

    Where the traceback can't be made (no descriptor or no memory is left, modules are out of
    reach), the name of the exception and its place do.
    """
    try:
        import traceback

        from endpoint_runtime.logs.masking import mask
        from endpoint_runtime.logs.own_frames import fold
        from endpoint_runtime.logs.read_only_hint import explain

        explain(fault)
        lines = "".join(traceback.format_exception(fault)).rstrip()
        if _least > _LEVELS["DEBUG"]:
            lines = fold(lines)
        text = mask(f"{message}\n{lines}", hidden)
    except Exception as problem:
        kind, why = type(fault).__name__, type(problem).__name__
        text = f"{message}\n{_place_of(fault)}{kind} (not in full: {why})"
    if _LEVELS["ERROR"] >= _least:
        _write("ERROR", text, request_id)


def _place_of(fault: BaseException) -> str:
    trace = fault.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}: "


def _leave(fault: BaseException | None, hidden: Sequence[str]) -> None:
    from endpoint_runtime.logs.forks import leave

    leave(fault, hidden, log_exception)


process.leave = _leave
