"""Ends what a plugin does before the time of its invocation is over.

A generator that blocks in `next` can't be ended from outside, and a thread of ours beside it would
move the plugin's code off the thread it runs on. So a timer interrupts: `setitimer`, whose signal
reaches Python's main thread, which is where both entries call the handler. Where that is not so, or
where the plugin has a SIGALRM handler of its own, only what asks `is_over` in between ends.

SIGALRM without a handler ends the process. Hence the order in which a limit is taken down: first
nobody answers the signal any more, so that none arms the timer again; then the timer is disarmed;
then signals that are under way are dropped, and the old handler comes back; and disarming is last,
too, as other handlers run when Python changes one, and may have armed it. Where the timer was not
to ring for a while, nothing is under way, and the first three are all there is to do.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
from _thread import get_ident
from sys import _getframe, modules
from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType, TracebackType
    from typing import Any

BODY_MARGIN = 1.0  # seconds before the function's time is over at which bodies end
WORK_MARGIN = 0.5  # the same of work after the answer

_AGAIN = 0.4  # seconds; more than a `send` of a stream waits, which a signal makes start again
_SOON = 0.002  # seconds until the runtime may have done what the plugin called it for
_SOONEST = 0.001  # seconds: a timer of none is one that is disarmed
_NEAR = 0.01  # seconds by which a timer may differ from what it was set to
_LONGEST = 1e6  # seconds: more than Lambda has, less than timers and locks take

# The room whose modules wait for a network on the plugin's behalf, and leave nothing behind when
# interrupted: what fails in them closes the connection.
_WAITING = "endpoint_runtime.http_client."

# The limit that has the timer, of several within each other the innermost. Of the main thread.
_current: TimeLimit | None = None


class TimeUp(GeneratorExit):
    """The time is over. Raised amid the plugin's code: as with `close()`, its `finally` runs."""


def end_of(context: object, margin: float, now: float = 0.0) -> float | None:
    """Return when to end, in seconds since the epoch; None where there is no limit.

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
    if left > _LONGEST:
        left = _LONGEST
    most = left * 0.75
    return (now or time()) + (most if left - margin < most else left - margin)


class TimeLimit:
    """A context that lasts until `end` (seconds since the epoch; None: without end).

    TimeUp is raised when the time is over, and again in what goes on all the same, but only in what
    the function with the `with` calls that is not the runtime's: that is the plugin's. So such a
    function calls nothing else, of Python code, but the plugin's and the runtime's, which is never
    interrupted, whatever it calls itself. What may be of C goes through `interruptible` and `call`.
    """

    # Of the class where they are as here: a limit is made for every body that is made meanwhile.
    fired = False  # it has interrupted something
    _frame: FrameType | None = None  # of the function with the `with`
    _outer: TimeLimit | None = None  # the limit around this one
    _old = _signal.SIG_DFL  # what became of the signal before
    _rings_at = 0.0  # when the timer is to ring, in seconds since the epoch
    _thread = 0

    def __init__(self, end: float | None) -> None:
        self.end = end

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self.end is not None and time() >= self.end

    def __enter__(self) -> TimeLimit:
        global _current
        end = self.end
        if end is None:
            return self
        old = _signal.getsignal(_signal.SIGALRM)
        if old is not _ring and type(old) is not int:  # a handler of the plugin's
            return self
        try:
            if "signal" in modules:  # else nobody has blocked any
                from endpoint_runtime.lambda_api.left_signals import unblock_alarm

                unblock_alarm()
            _signal.signal(_signal.SIGALRM, _ring)
        except ValueError:  # not the main thread
            return self
        self._old = _signal.SIG_DFL if old is _ring else old
        self._thread, self._frame = get_ident(), _getframe(1)
        if _current is not None:
            self._outer = _current
            end = self._due()
        _current = self
        try:
            # As `_arm` does, without a call.
            now = time()
            left = end - now
            if left < _SOONEST:
                left = _SOONEST
            self._rings_at = now + left
            _signal.setitimer(_signal.ITIMER_REAL, left)
        except BaseException:  # of another signal's handler
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _current
        if _current is not self:
            return
        outer = _current = self._outer  # from here on this one answers no signal
        self._frame = None
        if outer is not None:
            self._outer = None
        handler = _signal.getsignal(_signal.SIGALRM)
        if handler is _ring and outer is None and self.end and time() < self._rings_at - _NEAR:
            _signal.setitimer(_signal.ITIMER_REAL, 0)  # nothing can be under way yet
            _signal.signal(_signal.SIGALRM, self._old)
        elif handler is not _ring and (type(handler) is not int or handler != _signal.SIG_DFL):
            # The plugin's; and so is the timer, unless it is what was set here.
            left, again = _signal.getitimer(_signal.ITIMER_REAL)
            if left and not again and abs(time() + left - self._rings_at) < _NEAR:
                _signal.setitimer(_signal.ITIMER_REAL, 0)
        elif outer is not None:
            _signal.signal(_signal.SIGALRM, _ring)
            outer._arm(outer._due())
        else:
            _signal.setitimer(_signal.ITIMER_REAL, 0)
            try:
                # The system drops what is under way, also where the plugin holds signals back.
                _signal.signal(_signal.SIGALRM, _signal.SIG_IGN)
                _signal.signal(_signal.SIGALRM, self._old)
            finally:
                _signal.setitimer(_signal.ITIMER_REAL, 0)

    def hasten(self, seconds: float) -> float:
        """Have a limit that has an end be over earlier, by so much; return when."""
        end = self.end = (self.end or 0.0) - seconds
        if _current is self:
            self._arm(self._due())
        return end

    def interrupt(self) -> None:
        """End at once what runs within this limit; for other threads, while it lasts."""
        self.end = 0.0
        if _current is self and _signal.getsignal(_signal.SIGALRM) is _ring:
            _signal.pthread_kill(self._thread, _signal.SIGALRM)

    def _due(self) -> float:
        """When this limit, or one around it, is over."""
        end = self.end or 0.0
        return end if self._outer is None else min(end, self._outer._due())

    def _arm(self, when: float) -> None:
        now = time()
        left = when - now
        if left < _SOONEST:
            left = _SOONEST
        self._rings_at = now + left
        _signal.setitimer(_signal.ITIMER_REAL, left)

    def _answer(self, frame: FrameType | None) -> None:
        due = self._due()
        if time() < due:  # the alarm is another's, who has taken the timer for it
            self._arm(due)
            return
        nearest, called = self._runs(frame)
        plugins = called is not None and not _own_module(called)
        # Again, as the runtime may be about to call the plugin, and the plugin may go on.
        interrupts = plugins and (not nearest or nearest.startswith(_WAITING))
        self._arm(time() + (_AGAIN if interrupts or not plugins else _SOON))
        if interrupts:
            self.fired = True
            raise TimeUp

    def _runs(self, frame: FrameType | None) -> tuple[str, FrameType | None]:
        """Return what runs: the runtime's module that was called last, "" for none, and the frame
        of what the function with the `with` called, None where that is nothing."""
        nearest, called = "", None
        while frame is not None and frame is not self._frame:
            nearest = nearest or _own_module(frame)
            called, frame = frame, frame.f_back
        return nearest, called if frame is not None else None


def interruptible(body: Iterable[Any]) -> Iterable[Any]:
    """Return an iterable of what `body` has that can be interrupted while it waits for the next.

    A generator of Python code can be. What waits in C alone, or in the runtime's own code, would
    be taken for the runtime itself.
    """
    code = getattr(body, "gi_code", None)
    return body if code is not None and FOLDER not in code.co_filename else each(body)


def each(body: Iterable[Any]) -> Iterator[Any]:
    """Yield what `body` has, in a frame that counts as the plugin's."""
    # Not `yield from`: closing this must not close the body.
    for chunk in body:  # noqa: UP028
        yield chunk


def call(step: Callable[[], object]) -> None:
    """Call `step`; it can be interrupted, also where it is of C."""
    step()


FOLDER = "/endpoint_runtime/"  # where the runtime's code is
# The runtime's code that stands for the plugin's.
_PLUGINS = (each.__code__, call.__code__)


def _own_module(frame: FrameType) -> str:
    """Return the name of the runtime's module whose code runs in `frame`, "" if it is another's."""
    name = frame.f_globals.get("__name__")
    if type(name) is not str or name.partition(".")[0] != "endpoint_runtime":
        return ""
    return "" if frame.f_code in _PLUGINS else name


def _ring(number: int, frame: FrameType | None) -> None:
    if _current is not None:  # else it was under way when the limit ended
        _current._answer(frame)
