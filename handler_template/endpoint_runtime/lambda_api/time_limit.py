"""Ends what a plugin does before the time of its invocation is over.

A generator that blocks in `next` can't be ended from outside, and a thread beside it would take the
plugin's code off its own. So a timer interrupts: `setitimer`, whose signal reaches Python's main
thread, where both entries call the handler. Where that is not so, or where the plugin has a SIGALRM
handler of its own, only what asks `is_over` in between ends.

SIGALRM without a handler ends the process. Hence the order in which a limit is taken down: first
nobody answers the signal any more, so that none arms the timer again; then the timer is disarmed;
then signals that are under way are dropped, and the old handler comes back; and disarming is last,
too, as other handlers run when Python changes one, and may have armed it. Where the timer was not
to ring for a while, nothing is under way, and the first three are all there is to do.

Handler and timer stay where nobody can tell, as nothing has imported `signal`, which calls
`let_go`: it rings when the next limit is over at the latest; earlier it sets itself again.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
from _thread import get_ident
from sys import _getframe, modules
from time import monotonic, time

from endpoint_runtime import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType
    from typing import Any

_ALARM, _TIMER = _signal.SIGALRM, _signal.ITIMER_REAL
BODY_MARGIN = 1.0  # seconds before the function's time is over at which bodies end
WORK_MARGIN = 0.5  # the same of work after the answer

_AGAIN = 0.4  # seconds; more than a `send` of a stream waits, which a signal makes start again
_SOON = 0.002  # seconds until the runtime may have done what the plugin called it for
_SOONEST = 0.001  # seconds: a timer of none is one that is disarmed
_NEAR = 0.01  # seconds by which a timer may differ from what it was set to
_LONGEST = 1e6  # seconds: more than Lambda has, less than timers and locks take

# The room whose modules wait for a network for the plugin: interrupted, they close connections.
_WAITING = "endpoint_runtime.http_client."

# The limit that has the timer, of several within each other the innermost. Of the main thread.
_current: TimeLimit | None = None
_main = 0  # the main thread, once a limit has begun in it
# When the timer rings that was set here last, by the clock that it goes by; 0.0 where none does.
_rings_at = 0.0


class TimeUp(GeneratorExit):
    """The time is over. Raised amid the plugin's code: as with `close()`, its `finally` runs."""


def end_of(context: object, margin: float) -> float | None:
    """Return when to end, in seconds since the epoch; None where there is no limit.

    That is `margin` seconds before the invocation's time is over, or once three quarters of what is
    left of it now have passed, if that is later. Where nothing is left there is no limit: Lambda
    ends what has overrun, and a Runtime API may tell no time.
    """
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    left: float = min(remaining() / 1000, _LONGEST) if remaining is not None else 0.0
    return time() + max(left * 0.75, left - margin) if left > 0 else None


class TimeLimit:
    """A context that lasts until `end` (seconds since the epoch; None: without end).

    TimeUp is raised when the time is over, and again in what goes on all the same, but only in what
    the function with the `with` calls that is not the runtime's: that is the plugin's. So such a
    function calls nothing else, of Python code, but the plugin's and the runtime's, which is never
    interrupted, whatever it calls itself. What may be of C goes through `interruptible` and `call`.
    """

    fired = False  # it has interrupted something
    _rang = False  # the timer has, or somebody in its place
    _outer: TimeLimit | None = None  # the limit around this one
    _old = _signal.SIG_DFL  # what became of the signal before
    code: CodeType | None = None  # of the function with the `with`

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
        self.code = _getframe(1).f_code
        if self.begin_again(end, end - time()) or not self._take():
            return self
        self._outer, _current = _current, self
        try:
            _set_timer(self._due() - time())
        except BaseException:  # of another signal's handler
            self.__exit__()
            raise
        return self

    def __exit__(self, *fault: object) -> None:
        global _current
        if _current is not self:
            return
        outer = _current = self._outer  # from here on this one answers no signal
        seen = "signal" in modules or self._old != _signal.SIG_DFL
        if outer is None and not seen and not self._rang:
            return
        handler = _signal.getsignal(_ALARM)
        if outer is None and handler is _ring and monotonic() < _rings_at - _NEAR:
            _disarm()  # nothing can be under way yet
            if seen:
                _signal.signal(_ALARM, self._old)
            return
        self._outer = None
        if handler is not _ring and (type(handler) is not int or handler != _signal.SIG_DFL):
            # The plugin's; and so is the timer, unless it is what was set here.
            left, again = _signal.getitimer(_TIMER)
            if left and not again and abs(monotonic() + left - _rings_at) < _NEAR:
                _disarm()
        elif outer is not None:
            _signal.signal(_ALARM, _ring)
            _set_timer(outer._due() - time())
        else:
            _take_down(self._old)

    def begin_again(self, end: float, left: float) -> bool:
        """Begin until `end`, `left` seconds from now, where handler and timer of a limit before
        will do and none is around this one; return whether they do."""
        global _current
        if _current is not None or "signal" in modules or get_ident() != _main:
            return False
        rings_in = _rings_at - monotonic()
        if _signal.getsignal(_ALARM) is not _ring or not left / 2 < rings_in <= left + _NEAR:
            return False
        self.end = end
        _current = self
        return True

    def end_again(self) -> bool:
        """End what `begin_again` began, to begin again; return whether it interrupted something."""
        global _current
        if not self._rang and "signal" not in modules:
            _current = None
            return False
        self.__exit__()
        fired = self.fired
        self._rang = self.fired = False
        return fired

    def _take(self) -> bool:
        """Have alarms come here; return whether they do."""
        global _main
        old = _signal.getsignal(_ALARM)
        if old is not _ring and type(old) is not int:  # a handler of the plugin's
            return False
        try:
            if "signal" in modules:  # else nobody has blocked any
                _unblock_alarm()
            _signal.signal(_ALARM, _ring)
        except ValueError:  # not the main thread
            return False
        self._old = _signal.SIG_DFL if old is _ring else old
        _main = get_ident()
        return True

    def hasten(self, seconds: float) -> float:
        """Have a limit that has an end be over earlier, by so much; return when."""
        end = self.end = (self.end or 0.0) - seconds
        if _current is self:
            _set_timer(self._due() - time())
        return end

    def interrupt(self) -> None:
        """End at once what runs within this limit; for other threads, while it lasts."""
        self.end = 0.0
        if _current is self and _signal.getsignal(_ALARM) is _ring:
            _signal.pthread_kill(_main, _ALARM)

    def _due(self) -> float:
        """When this limit, or one around it, is over."""
        end = self.end or 0.0
        return end if self._outer is None else min(end, self._outer._due())

    def _answer(self, frame: FrameType | None) -> None:
        self._rang = True
        left = self._due() - time()
        if left > 0:  # another has taken the timer for its alarm, or it is an earlier limit's
            _set_timer(left)
            return
        nearest, called = self._runs(frame)
        plugins = called is not None and not _own_module(called)
        # Again, as the runtime may be about to call the plugin, and the plugin may go on.
        interrupts = plugins and (not nearest or nearest.startswith(_WAITING))
        _set_timer(_AGAIN if interrupts or not plugins else _SOON)
        if interrupts:
            self.fired = True
            raise TimeUp

    def _runs(self, frame: FrameType | None) -> tuple[str, FrameType | None]:
        """Return what runs: the runtime's module that was called last, "" for none, and the frame
        of what the function with the `with` called, None where that is nothing."""
        nearest, called = "", None
        while frame is not None and frame.f_code is not self.code:
            nearest = nearest or _own_module(frame)
            called, frame = frame, frame.f_back
        return nearest, called if frame is not None else None


def _set_timer(left: float) -> None:
    """Have the timer ring in so many seconds, at once where there are none left."""
    global _rings_at
    left = max(left, _SOONEST)
    _rings_at = monotonic() + left
    _signal.setitimer(_TIMER, left)


def _disarm() -> None:
    global _rings_at
    _rings_at = 0.0
    _signal.setitimer(_TIMER, 0)


def _take_down(old: Any) -> None:
    """Disarm the timer, drop signals that are under way, and have `old` answer others."""
    _disarm()
    try:
        # The system drops what is under way, also where the plugin holds signals back.
        _signal.signal(_ALARM, _signal.SIG_IGN)
        _signal.signal(_ALARM, old)
    finally:
        _disarm()


def let_go() -> None:
    """Take down the handler and the timer that a limit has left; other threads, the timer alone."""
    if _current is not None or not _main:
        return
    if get_ident() != _main:
        _disarm()
    elif _signal.getsignal(_ALARM) is _ring:
        _take_down(_signal.SIG_DFL)


process.let_alarm_go = let_go


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
_PLUGINS = (each.__code__, call.__code__)  # code of its that stands for the plugin's


def _own_module(frame: FrameType) -> str:
    """Return the name of the runtime's module whose code runs in `frame`, "" if it is another's."""
    name = frame.f_globals.get("__name__")
    if type(name) is not str or name.partition(".")[0] != "endpoint_runtime":
        return ""
    return "" if frame.f_code in _PLUGINS else name


def _unblock_alarm() -> None:
    """Import what does it, which takes this one's place."""
    global _unblock_alarm
    from endpoint_runtime.lambda_api.left_signals import unblock_alarm

    _unblock_alarm = unblock_alarm
    unblock_alarm()


def _ring(number: int, frame: FrameType | None) -> None:
    if _current is not None:  # else it was under way when the limit ended
        _current._answer(frame)
