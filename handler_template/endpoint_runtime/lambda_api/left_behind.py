"""Puts back, between two requests, what a plugin has changed of the process."""

from sys import getrecursionlimit, modules, setrecursionlimit

from endpoint_runtime import process

_RECURSION_LIMIT = getrecursionlimit()


def restore(context: object) -> None:
    """Put back what would reach the next request: docs/isolation.md has what that is.

    For the main thread, between two requests. `context` is Lambda's, of the request that is over.
    """
    if process.interrupts:  # another's process: a server's, a test's
        return
    if getrecursionlimit() < _RECURSION_LIMIT:
        setrecursionlimit(_RECURSION_LIMIT)
    if "signal" in modules:
        _restore_signals(context)


def _restore_signals(context: object) -> None:
    """Import what does it, which takes this one's place."""
    global _restore_signals
    from endpoint_runtime.lambda_api.left_signals import restore_signals

    _restore_signals = restore_signals
    restore_signals(context)
