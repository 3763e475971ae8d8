"""Where the stock client's lines go: frames on the descriptor that Lambda gives, else stdout.

Imported when the first error is reported, when `logging` is, or at the first `context.log`: a cold
start without these pays nothing. The runtime's own lines are written by `report`.
"""

import sys

from endpoint_runtime import process
from endpoint_runtime.logs import report
from endpoint_runtime.logs.report import JSON_FRAMES, TEXT_FRAMES, write_frame


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
        self.log("\n".join(lines), (JSON_FRAMES if report.is_json else TEXT_FRAMES)[4])


_sink: StandardSink | FramedSink | None = None


def sink() -> StandardSink | FramedSink:
    """Where the function's log goes."""
    global _sink
    if _sink is None:
        descriptor = process.log_descriptor
        _sink = StandardSink() if descriptor < 0 else FramedSink(descriptor)
    return _sink
