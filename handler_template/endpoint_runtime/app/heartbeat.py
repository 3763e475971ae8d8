"""Keeps an event stream open while its generator is silent.

The generator stays on the thread it is on. A thread of ours writes a comment between two events
when nothing has been sent for so many seconds. Imported where `stream_heartbeat` is set, by streams
of type text/event-stream ("Server-sent events", HTML Living Standard: a line that starts with a
colon is a comment, a blank line ends an event).
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Heartbeat:
    """Calls `beat` whenever `seconds` passed without a chunk, while that is between two events.

    `lock` guards whatever `beat` and the sender of chunks share. If `beat` raises, `failure` has
    the exception, and `interrupt` is called.
    """

    def __init__(
        self, seconds: float, beat: Callable[[], None], interrupt: Callable[[], None]
    ) -> None:
        self.lock = allocate_lock()
        self.failure: Exception | None = None
        self._seconds, self._beat, self._interrupt = seconds, beat, interrupt
        self._tail = b"\n\n"  # the last bytes sent; a stream's start is between two events
        self._last = monotonic()
        self._going = allocate_lock()  # held from start to stop
        self._ended = allocate_lock()  # held by the thread

    def start(self) -> None:
        """Start the thread."""
        self._going.acquire()
        self._ended.acquire()
        start_new_thread(self._run, ())

    def stop(self) -> None:
        """End the thread and wait for its end; a beat that is being sent is sent first."""
        if self._going.locked():
            self._going.release()
            self._ended.acquire()
            self._ended.release()

    def note(self, chunk: bytes) -> None:
        """Take note of a chunk that is about to be sent, with `lock` held."""
        self._tail = (self._tail + chunk[-4:])[-4:]
        self._last = monotonic()

    def _run(self) -> None:
        try:
            wait = self._seconds
            while not self._going.acquire(timeout=wait):
                with self.lock:
                    silent = monotonic() - self._last
                    if silent >= self._seconds:
                        if ends_event(self._tail):
                            self._beat()
                        self._last = monotonic()
                        silent = 0.0
                    wait = max(self._seconds - silent, 0.01)
        except Exception as fault:
            self.failure = fault
            self._interrupt()
        finally:
            self._ended.release()


def ends_event(tail: bytes) -> bool:
    """Whether a stream with these last bytes is between two events: after a blank line."""
    if tail.endswith(b"\r\n"):
        before = tail[:-2]
    elif tail.endswith((b"\n", b"\r")):
        before = tail[:-1]
    else:
        return False
    return before.endswith((b"\n", b"\r"))
