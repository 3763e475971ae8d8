"""Puts back, between two requests, what a plugin left of signals that would reach the next one.

Imported once a plugin, or a package of its, has imported `signal`. docs/isolation.md has the rule.
"""

from __future__ import annotations

from _signal import (  # type: ignore[import-not-found]
    ITIMER_REAL,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_UNBLOCK,
    SIGALRM,
    SIGPIPE,
    SIGPROF,
    SIGVTALRM,
    getitimer,
    getsignal,
    pthread_sigmask,
    setitimer,
    signal,
)

from endpoint_runtime import process
from endpoint_runtime.logs import report

# What would end the process: writing to a closed connection, timers of CPU time. Profilers, which
# use those, handle their signals.
_DEADLY = (SIGPIPE, SIGPROF, SIGVTALRM)


def restore_signals(context: object) -> None:
    """Stop the timer that runs, ignore what is deadly; called in the main thread, after a request.

    A timer that is still running would interrupt, or end, another's request or the wait for one.
    `context` is Lambda's, of the request that is over.
    """
    if process.let_alarm_go is not None:
        process.let_alarm_go()
    if getitimer(ITIMER_REAL)[0]:
        setitimer(ITIMER_REAL, 0)
        request_id = getattr(context, "aws_request_id", None) or ""
        report.log("WARN", "a timer (SIGALRM) that the plugin left running was stopped", request_id)
    for number in _DEADLY:
        if getsignal(number) == SIG_DFL:
            signal(number, SIG_IGN)


def unblock_alarm() -> None:
    """Let SIGALRM through, for a time limit that is about to begin; one that waits is dropped."""
    if SIGALRM in pthread_sigmask(SIG_BLOCK, ()):
        handler = getsignal(SIGALRM)
        signal(SIGALRM, SIG_IGN)  # forgets one that is waiting to be delivered
        pthread_sigmask(SIG_UNBLOCK, (SIGALRM,))
        if handler is not None:
            signal(SIGALRM, handler)
