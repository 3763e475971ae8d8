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
    getitimer,
    getsignal,
    pthread_sigmask,
    setitimer,
    signal,
)

from endpoint_runtime import report


def restore_signals() -> None:
    """Stop a timer that runs, ignore SIGPIPE; called in the main thread, between two requests.

    A timer that is still running would interrupt, or end, another's request or the wait for one.
    """
    if getitimer(ITIMER_REAL)[0]:
        setitimer(ITIMER_REAL, 0)
        report.log("WARN", "a timer (SIGALRM) that the plugin left running was stopped")
    if getsignal(SIGPIPE) == SIG_DFL:  # else writing to a closed connection ends the process
        signal(SIGPIPE, SIG_IGN)


def unblock_alarm() -> None:
    """Let SIGALRM through, for a time limit that is about to begin; one that waits is dropped."""
    if SIGALRM in pthread_sigmask(SIG_BLOCK, ()):
        handler = getsignal(SIGALRM)
        signal(SIGALRM, SIG_IGN)  # forgets one that is waiting to be delivered
        pthread_sigmask(SIG_UNBLOCK, (SIGALRM,))
        if handler is not None:
            signal(SIGALRM, handler)
