"""Loads modules before the first request, and makes a restored snapshot as good as a fresh start.

Imported only where there is something to do: `preload` names modules, or Lambda prepares the
process ahead of any request. Source: AWS, "Defined runtime environment variables"
(AWS_LAMBDA_INITIALIZATION_TYPE) and "Lambda SnapStart runtime hooks for Python".
"""

from __future__ import annotations

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
# Whether this process was made from a snapshot and has not been made fresh yet.
stale = False


class PreloadFailed(Exception):
    """A module that `preload` names can't be imported; its traceback is in the log."""


def prepare(application: Application, names: Iterable[str]) -> None:
    """Import the modules `names`, and all endpoints where no request waits for it.

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
    process.end_if_forked()
    if _count():
        from endpoint_runtime.app.late_work import note_threads

        note_threads()  # what modules have started is not an invocation's to wait for


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
