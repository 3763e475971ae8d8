"""The log handler that plugins add to their loggers."""

from __future__ import annotations

import logging
import sys


class DifyPluginLoggerFormatter(logging.Formatter):
    """One line per record: level, logger and message; no JSON envelope, there is no daemon."""

    def __init__(self) -> None:
        super().__init__("[%(levelname)s]\t%(name)s\t%(message)s")


class _PluginLoggerHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes each record once, and not at all where a handler of the root logger does."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless that is done already or about to be."""
        if getattr(record, "written_for_plugin", False):
            return  # it has come by a logger further down, too
        record.written_for_plugin = True
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None and logger.propagate and logger.parent is not None:
            logger = logger.parent
        if logger is logging.root and any(other is not self for other in logger.handlers):
            return
        self.stream = sys.stdout
        super().emit(record)


plugin_logger_handler = _PluginLoggerHandler(sys.stdout)
plugin_logger_handler.setLevel(logging.INFO)
plugin_logger_handler.setFormatter(DifyPluginLoggerFormatter())
