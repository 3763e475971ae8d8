"""Ends what a plugin does before the time of its invocation is over.

A generator that blocks in `next` can't be ended from outside, and a thread of ours beside it would
move the plugin's code off the thread it runs on. So a timer interrupts: `setitimer`, whose signal
reaches Python's main thread, which is where both entries call the handler. Where that is not so, or
where the plugin has a SIGALRM handler of its own, only what asks `is_over` in between ends.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
from _thread import get_ident
from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType

BODY_MARGIN = 1.0  # seconds before the function's time is over at which bodies end
WORK_MARGIN = 0.5  # the same of work after the answer

_AGAIN = 0.4  # seconds; more than a `send` of a stream waits, which a signal makes start anew


class TimeUp(GeneratorExit):
    """The time is over. Raised amid the plugin's code: as with `close()`, its `finally` runs."""


def end_of(context: object, margin: float) -> float | None:
    """Give when to end, in seconds since the epoch; None where there is no limit.

    That is `margin` seconds before the invocation's time is over, or once three quarters of what is
    left of it now have passed, if that is later. Where nothing is left there is no limit: Lambda
    ends what has overrun, and a Runtime API may tell no time.
    """
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return None
    left: float = remaining() / 1000
    if left <= 0:
        return None
    return time() + max(left - margin, left * 0.75)


class TimeLimit:
    """A context that lasts until `end` (seconds since the epoch; None: without end).

    TimeUp is raised in what runs within it when the time is over, and again in what goes on all the
    same, but not amid the runtime's own modules: what they call into the plugin ends, what they do
    themselves does not.
    """

    def __init__(self, end: float | None) -> None:
        self.end = end
        self.rang = False  # it has interrupted something
        self._rings = False
        self._thread = 0

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self.end is not None and time() >= self.end

    def __enter__(self) -> TimeLimit:
        if self.end is not None and _signal.getsignal(_signal.SIGALRM) == _signal.SIG_DFL:
            self._thread = get_ident()
            try:
                _signal.signal(_signal.SIGALRM, self._ring)
            except ValueError:  # not the main thread
                return self
            self._rings = True
            _signal.setitimer(_signal.ITIMER_REAL, max(self.end - time(), 0.001))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._rings:
            self._rings = False
            if _signal.getsignal(_signal.SIGALRM) == self._ring:  # no handler of the plugin's
                _signal.setitimer(_signal.ITIMER_REAL, 0)
                _signal.signal(_signal.SIGALRM, _signal.SIG_DFL)

    def interrupt(self) -> None:
        """End at once what runs within this limit; for other threads to call."""
        self.end = 0.0
        if self._rings and _signal.getsignal(_signal.SIGALRM) == self._ring:
            _signal.pthread_kill(self._thread, _signal.SIGALRM)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        # Again, as the runtime may be about to call the plugin, and the plugin may go on.
        _signal.setitimer(_signal.ITIMER_REAL, _AGAIN)
        if frame is None or not frame.f_globals.get("__name__", "").startswith("endpoint_runtime."):
            self.rang = True
            raise TimeUp
