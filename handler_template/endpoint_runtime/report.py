"""Writes the function's log lines, in the stock client's two formats.

Text lines are `[LEVEL]\\tTIME\\tREQUEST ID\\tMESSAGE`, JSON lines (AWS_LAMBDA_LOG_FORMAT=JSON) have
the keys of Lambda's own ("Log and monitor Python Lambda functions"). AWS_LAMBDA_LOG_LEVEL leaves
out what is below it. Nothing here imports `logging`, which costs milliseconds at a cold start.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "FATAL": 50}


def log(level: str, message: str, request_id: str = "") -> None:
    """Write one message, in one piece: a traceback stays together."""
    least = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO").upper()
    if _LEVELS[level] < _LEVELS.get(least, 20):
        return
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON":
        import json

        line = json.dumps(
            {
                "timestamp": stamp + "Z",
                "level": level,
                "message": message,
                "logger": "endpoint_runtime",
                "requestId": request_id,
            }
        )
    else:
        line = f"[{level}]\t{stamp}.{int(now * 1000) % 1000:03d}Z\t{request_id}\t{message}"
    stream = sys.stderr
    if stream is not None:
        try:
            stream.write(line + "\n")
            stream.flush()
        except (OSError, ValueError):
            pass  # a closed or full log must not fail a request


def log_request(method: str, route: str, status: int, seconds: float, request_id: str = "") -> None:
    """Write the line that every request leaves: nothing else a client sent is in it."""
    if not (method.isascii() and method.isalpha() and len(method) <= 16):
        method = "-"
    log("INFO", f"{method} {route} {status} {seconds * 1000:.1f} ms", request_id)


def log_exception(
    message: str, fault: BaseException, request_id: str = "", secrets: Iterable[str] = ()
) -> None:
    """Write a message and the traceback of `fault`, the values of `secrets` masked."""
    import traceback

    lines = "".join(traceback.format_exception(fault)).rstrip()
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:  # shorter ones would mask ordinary text and hide nothing
            lines = lines.replace(secret, "***")
    log("ERROR", f"{message}\n{lines}", request_id)
