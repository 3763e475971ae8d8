"""The log handler that plugins add to their loggers."""

from __future__ import annotations

import logging
import sys


class DifyPluginLoggerFormatter(logging.Formatter):
    """One line per record: level, logger and message; no JSON envelope, there is no daemon."""

    def __init__(self) -> None:
        super().__init__("[%(levelname)s]\t%(name)s\t%(message)s")


class _PluginLoggerHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to the log, unless a handler of the root logger does it already."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record once, however many loggers above have handlers."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None and logger.parent is not None:
            if not logger.propagate:
                break
            logger = logger.parent
        else:
            if logger is not None and any(handler is not self for handler in logger.handlers):
                return
        self.stream = sys.stdout
        super().emit(record)


plugin_logger_handler = _PluginLoggerHandler(sys.stdout)
plugin_logger_handler.setLevel(logging.INFO)
plugin_logger_handler.setFormatter(DifyPluginLoggerFormatter())
