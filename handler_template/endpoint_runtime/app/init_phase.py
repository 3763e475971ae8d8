"""Loads modules before the first request, and makes a restored snapshot as good as a fresh start.

Imported only where there is something to do: a group has one source, `preload` names modules, or
Lambda prepares the process ahead of any request. Source: AWS, "Defined runtime environment
variables" (AWS_LAMBDA_INITIALIZATION_TYPE), "Lambda SnapStart runtime hooks for Python" and
"Understanding the Lambda execution environment lifecycle" (the init phase of ten seconds).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
from _thread import _count

from endpoint_runtime import process
from endpoint_runtime.app import endpoints
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from endpoint_runtime.app.application import Application

SNAP_START = "snap-start"
_SECONDS = 8.5  # of the ten that the init phase has, less what the start took and is to take
_AGAIN = 0.5  # seconds after which what caught the interruption is interrupted again
# Whether this process was made from a snapshot and has not been made fresh yet.
stale = False


class PreloadFailed(Exception):
    """A module that `preload` names can't be imported; its traceback is in the log."""


def prepare(application: Application, names: Iterable[str], sources: Iterable[str] = ()) -> None:
    """Import the modules `names` and the endpoints' `sources`; all endpoints if no request waits.

    Raises `PreloadFailed`. An endpoint that can't be loaded is logged, and tried again by its
    first request, which gets what it would get on demand.
    """
    global stale
    kind = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") or "on-demand"
    if kind == SNAP_START:
        stale = True
        _have_called_after_restore(application)  # first, so that a plugin's own come after it
    for name in names:
        try:
            endpoints.load_module(name)
        except process.interrupts:
            raise
        except BaseException as fault:
            process.end_if_forked(fault)
            from endpoint_runtime.app.failures import text_of
            from endpoint_runtime.logs.masking import mask

            report.log_exception(f"preload: {name} can't be imported", fault, "", [])
            # Not masked later on: the stock client sends it to the API as it is.
            what = mask(f"{type(fault).__name__}: {text_of(fault)}")
            raise PreloadFailed(f"preload names {name}, which can't be imported: {what}") from None
    if kind != "on-demand":
        application.load_endpoints()
        if "endpoint_runtime.waiting" in sys.modules:
            from endpoint_runtime.waiting import settle

            settle()
        if "endpoint_runtime.light_library" in sys.modules:
            from endpoint_runtime.light_library import run_waiting

            run_waiting(endpoints.RARE | endpoints.USUAL)
    elif sources:
        _load_in_time(application, sources)
    process.end_if_forked()
    if _count():
        from endpoint_runtime.app.late_work import note_threads

        note_threads()  # what modules have started is not an invocation's to wait for


def _load_in_time(application: Application, sources: Iterable[str]) -> None:
    """Load endpoints while the init phase lasts; what fails is left to their first request.

    That request tries again, and is answered, and logged, as if nothing had been tried.
    """
    alarm = _Alarm()
    try:
        with alarm:
            application.load_early(sources)
            if "endpoint_runtime.light_library" in sys.modules:
                _run_what_is_named(application.root)
    except process.interrupts:
        raise
    except BaseException as fault:
        process.end_if_forked(fault)
        alarm.__exit__()  # which was interrupted itself, if it was too late


def _run_what_is_named(root: str) -> None:
    """Run the code of modules that wait and that the plugin's own modules have a name for.

    A request is going to use them, as a rule, and has less CPU than the init phase.
    """
    from endpoint_runtime.light_library import run_waiting

    for module in [*sys.modules.values()]:
        if (getattr(module, "__file__", None) or "").startswith(root + os.sep):
            named = vars(module).values()
            run_waiting(n for n in endpoints.USUAL if any(v is sys.modules.get(n) for v in named))


class _TooSlow(BaseException):
    """Raised amid an import that would outlast the init phase."""


class _Alarm:
    """A context in which code is interrupted, once `_SECONDS` are over and again until it ends.

    In the main thread alone, and not where the plugin answers the signal itself.
    """

    _is_set = False

    def __enter__(self) -> None:
        if _signal.getsignal(_signal.SIGALRM) == _signal.SIG_DFL:
            try:
                _signal.signal(_signal.SIGALRM, self._ring)
            except ValueError:  # another thread, as under a WSGI server
                return
            self._is_set = True
            _signal.setitimer(_signal.ITIMER_REAL, _SECONDS, _AGAIN)

    def __exit__(self, *_: object) -> None:
        if not self._is_set:
            return
        self._is_set = False  # from here on nothing is interrupted
        if _signal.getitimer(_signal.ITIMER_REAL)[1] == _AGAIN:  # else it is the plugin's by now
            _signal.setitimer(_signal.ITIMER_REAL, 0)
        if _signal.getsignal(_signal.SIGALRM) == self._ring:
            # The system drops a signal that is under way, which would end the process.
            _signal.signal(_signal.SIGALRM, _signal.SIG_IGN)
            _signal.signal(_signal.SIGALRM, _signal.SIG_DFL)

    def _ring(self, number: int, frame: object) -> None:
        if self._is_set:
            raise _TooSlow


def make_fresh(application: Application) -> None:
    """Forget what another process must not share or what may be old, once after a restore.

    Connections, settings and credentials are dropped. Every process that is made of a snapshot has
    the same state of `random` until it is seeded again; `uuid4` and `secrets` ask the kernel.
    """
    global stale
    if not stale:
        return
    stale = False
    application.forget()
    for name in ("random", "numpy.random"):
        module = sys.modules.get(name)
        if module is not None:
            module.seed()


def _have_called_after_restore(application: Application) -> None:
    try:
        from snapshot_restore_py import (  # type: ignore[import-untyped, unused-ignore]
            register_after_restore,
        )
    except ImportError:
        return  # then the first request calls it
    register_after_restore(make_fresh, application)
