"""Ends a process that a plugin forked, where it comes back to the runtime's own code.

A child is the plugin's for as long as it runs the plugin's code. When it returns or raises from
there, it must not become a second runtime: it ends as a script does, by what it came back with, but
at once (`os._exit`, as the children of `multiprocessing` do). Imported by such children only.
"""

from __future__ import annotations

import sys
from posix import _exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn


def leave(
    fault: BaseException | None, hidden: Sequence[str], log_exception: Callable[..., None]
) -> NoReturn:
    """End this process: with SystemExit's own code, with 1 and a traceback for another `fault`.

    Without one with 0: whatever it returned is nobody's answer. `hidden` is masked in the
    log, which `log_exception` writes.
    """
    code = 0
    try:
        if isinstance(fault, SystemExit):
            code = _code_of(fault)
        elif fault is not None:
            code = 1
            log_exception("a process that the plugin forked failed", fault, "", hidden)
    finally:
        for name in ("stdout", "stderr"):
            try:
                getattr(sys, name).flush()
            except Exception:  # noqa: S112 - closed, or none
                continue
        _exit(code)


def _code_of(fault: SystemExit) -> int:
    if fault.code is None:
        return 0
    if isinstance(fault.code, int):
        return fault.code & 0xFF
    print(fault.code, file=sys.stderr)  # noqa: T201 - as the interpreter does
    return 1
