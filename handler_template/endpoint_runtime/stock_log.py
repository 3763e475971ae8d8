"""Gives the log of AWS's own client what the fast entry's has: records once, secrets masked.

Contract: `awslambdaric` runs this process, and has set up streams and `logging` as it does (4.2:
`bootstrap.run`; a root handler with a `log_sink`, whose `fd` is there for a framed log).
"""

from __future__ import annotations

import os
import sys

import endpoint_runtime
from endpoint_runtime import LogStream
from endpoint_runtime.log_once import install, stamp_late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def improve() -> None:
    """Do it, once, before anything of the plugin is imported."""
    import logging

    endpoint_runtime.interrupts = ()

    found: Any = [each for each in logging.getLogger().handlers if hasattr(each, "log_sink")]
    if not found:
        return
    handler = found[0]
    sink = handler.log_sink
    write = sink.log
    descriptor = getattr(sink, "fd", None)
    if isinstance(descriptor, int):
        endpoint_runtime.log_descriptor = descriptor

    def log(text: str, frame_type: Any = None) -> None:
        from endpoint_runtime.masking import mask_line

        text = mask_line(text)
        stream = sys.stdout
        if descriptor is None and isinstance(stream, LogStream):
            stream.write_masked(text)
        else:
            write(text, frame_type)

    sink.log = log
    handler.addFilter(stamp_late)
    level_name = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    install(logging, handler, "DEBUG" if level_name == "TRACE" else level_name)
    sys.stdout = LogStream(sys.stdout)
    sys.stderr = endpoint_runtime.log_stream = LogStream(sys.stderr)
    # The originals, too: plugins write there, or put them back.
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc, assignment]
