"""Writes the function's log lines, in the stock client's two formats.

Text lines are `[LEVEL]\\tTIME\\tREQUEST ID\\tMESSAGE`, JSON lines (AWS_LAMBDA_LOG_FORMAT=JSON) have
the keys of Lambda's own ("Log and monitor Python Lambda functions"). AWS_LAMBDA_LOG_LEVEL leaves
out what is below it. Nothing here imports `logging`, which costs milliseconds at a cold start.
"""

from __future__ import annotations

import os
import sys
from time import gmtime, strftime, time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "FATAL": 50}

# The methods that the log names (RFC 9110, RFC 5789): another may be anything a client sent.
_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
)

_LEAST_HIDDEN = 4  # characters

# What the environment says of the log; it stays as it is for the life of a function's process.
_least, _json = 20, False
# The second that was written last, as text too.
_last = 0, "1970-01-01T00:00:00"


def configure(environment: Mapping[str, str] = os.environ) -> None:
    """Read level and format from the environment; done once when this is imported."""
    global _least, _json
    _least = _LEVELS.get(environment.get("AWS_LAMBDA_LOG_LEVEL", "INFO").upper(), 20)
    _json = environment.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


configure()


def log(level: str, message: str, request_id: str = "") -> None:
    """Write one message, in one piece: a traceback stays together."""
    if _LEVELS[level] < _least:
        return
    now = time()
    second = int(now)
    stamp = _last[1] if _last[0] == second else _stamp(second)
    if _json:
        import json

        entry = {
            "timestamp": stamp + "Z",
            "level": level,
            "message": message,
            "logger": "endpoint_runtime",
            "requestId": request_id,
        }
        line = json.dumps(entry) + "\n"
    else:
        milliseconds = str(int(now * 1000))[-3:]
        line = f"[{level}]\t{stamp}.{milliseconds}Z\t{request_id}\t{message}\n"
    stream = sys.stderr
    if stream is not None:
        try:
            stream.write(line)
            stream.flush()
        except (OSError, ValueError):
            pass  # a closed or full log must not fail a request


def _stamp(second: int) -> str:
    """A second since 1970 as text, kept: the next line's is mostly the same."""
    global _last
    stamp = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
    _last = second, stamp
    return stamp


def log_request(method: str, route: str, status: int, seconds: float, request_id: str = "") -> None:
    """Write the line that every request leaves: nothing else a client sent is in it."""
    if method not in _METHODS:
        method = "-"
    log("INFO", f"{method} {route} {status} {seconds * 1000:.1f} ms", request_id)


def log_exception(
    message: str, fault: BaseException, request_id: str = "", hidden: Iterable[str] = ()
) -> None:
    """Write a message and the traceback of `fault`, the texts of `hidden` masked."""
    import traceback

    from endpoint_runtime.read_only import explain

    explain(fault)
    lines = "".join(traceback.format_exception(fault)).rstrip()
    for text in sorted(_spellings(hidden), key=len, reverse=True):
        lines = lines.replace(text, "***")
    log("ERROR", f"{message}\n{lines}", request_id)


def _spellings(hidden: Iterable[str]) -> set[str]:
    """Texts as tracebacks have them: as they are, by line, quoted for Python, JSON and URLs."""
    import json
    from urllib.parse import quote, quote_plus

    found: set[str] = set()
    for text in hidden:
        for part in (text, *text.splitlines()):
            found |= {part, part.strip(), repr(part)[1:-1], ascii(part)[1:-1]}
            found.add(repr(part.encode("utf-8", "surrogatepass"))[2:-1])
            found |= {json.dumps(part)[1:-1], quote(part, ""), quote(part), quote_plus(part)}
    # Shorter ones would mask ordinary text and hide nothing.
    return {text for text in found if len(text) >= _LEAST_HIDDEN}
