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
    SIGTERM,
    getitimer,
    getsignal,
    pthread_sigmask,
    setitimer,
    signal,
)

from endpoint_runtime import report

_NEEDED = (SIGALRM, SIGTERM)  # of time limits and of Lambda, which shuts the environment down


def restore_signals() -> None:
    """Do it; in the main thread, where nothing of the plugin's is under way.

    A timer that is still running would interrupt, or end, another's request or the wait for one.
    """
    if getitimer(ITIMER_REAL)[0]:
        setitimer(ITIMER_REAL, 0)
        report.log("WARN", "a timer (SIGALRM) that the plugin left running was stopped")
    if getsignal(SIGPIPE) == SIG_DFL:  # else writing to a closed connection ends the process
        signal(SIGPIPE, SIG_IGN)
    blocked = pthread_sigmask(SIG_BLOCK, ())
    if blocked and not blocked.isdisjoint(_NEEDED):
        handler = getsignal(SIGALRM)
        signal(SIGALRM, SIG_IGN)  # forgets one that is waiting to be delivered
        pthread_sigmask(SIG_UNBLOCK, _NEEDED)
        if handler is not None:
            signal(SIGALRM, handler)
