"""The log handler that plugins add to their loggers."""

from __future__ import annotations

import logging
import sys
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


class DifyPluginLoggerFormatter(logging.Formatter):
    """One line per record: level, logger and message; no JSON envelope, there is no daemon."""

    def __init__(self) -> None:
        super().__init__("[%(levelname)s]\t%(name)s\t%(message)s")


class _PluginLoggerHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes each record once, and not at all where a handler of the root logger does."""

    @property
    def stream(self) -> TextIO:
        """Standard output, as it is now."""
        return sys.stdout

    @stream.setter
    def stream(self, stream: object) -> None:
        pass

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless that is done already or about to be."""
        if record in _written:
            return  # it has come by a logger further down, too
        _written.add(record)
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None and logger.propagate and logger.parent is not None:
            logger = logger.parent
        if logger is logging.root and any(other is not self for other in logger.handlers):
            return
        super().emit(record)


_written: WeakSet[logging.LogRecord] = WeakSet()
plugin_logger_handler = _PluginLoggerHandler(sys.stdout)
plugin_logger_handler.setLevel(logging.INFO)
plugin_logger_handler.setFormatter(DifyPluginLoggerFormatter())
