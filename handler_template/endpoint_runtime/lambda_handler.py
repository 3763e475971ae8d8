"""The stock entry: `handler(event, context)` for Lambda's own client, `application` for WSGI.

Contract: this file lies in `endpoint_runtime/` at a bundle's root, beside it `_bundle.py`.
Importing it puts the plugin's folder first on `sys.path` and makes it the working directory, as in
Dify. Nothing of the plugin is imported before a request needs it, but for a group's only source,
what `preload` names, and where Lambda prepares the process ahead of requests (docs/cold-start.md);
`main.py` never.
"""

from __future__ import annotations

import os
import sys
from _thread import _count

from endpoint_runtime import _bundle, process  # type: ignore[attr-defined]
from endpoint_runtime.app.application import Application
from endpoint_runtime.app.invocation import answer_event, finish_work
from endpoint_runtime.lambda_api.left_behind import restore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.app.closing import Closing

# Not LAMBDA_TASK_ROOT, which says /var/task under emulators that run a bundle elsewhere.
_PLUGIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "plugin")
sys.path.insert(0, _PLUGIN)
os.chdir(_PLUGIN)


def _make_application() -> Application:
    if _bundle.TRIGGER is not None:
        from endpoint_runtime.triggers.application import TriggerApplication

        return TriggerApplication(_bundle, _PLUGIN)
    if _bundle.ENDPOINTS is not None:
        from endpoint_runtime.managed.application import ManagedApplication

        return ManagedApplication(_bundle, _PLUGIN)
    if _bundle.PUBLIC_URL is not None:
        from endpoint_runtime.app.public_url import PublicApplication

        return PublicApplication(_bundle, _PLUGIN)
    return Application(_bundle, _PLUGIN)


def _attach_queues(application: Application) -> None:
    from endpoint_runtime.deferred.attach import attach

    attach(application, _bundle.DEFERRED)


def _attach_constructor(application: Application) -> None:
    from endpoint_runtime.subscriptions.attach import attach

    attach(application)


def _watch() -> None:
    from endpoint_runtime.observe.attach import attach

    attach(_bundle.OBSERVE)


if "awslambdaric" in sys.modules:
    from endpoint_runtime.logs import single_handler

    single_handler.install_in_stock_client()

application = _make_application()
if _bundle.ENDPOINTS is not None and "PACKAGER_SUBSCRIPTIONS" in os.environ:
    _attach_constructor(application)
elif _bundle.DEFERRED is not None:
    _attach_queues(application)
if _bundle.OBSERVE:
    _watch()

_PRELOAD: tuple[str, ...] = _bundle.PRELOAD
_SOURCES: tuple[str, ...] = _bundle.PRELOAD_SOURCES
_START = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "")
if (
    _PRELOAD or _SOURCES or _START not in ("", "on-demand")
):  # there is time before the first request
    from endpoint_runtime.app import init_phase

    init_phase.prepare(application, _PRELOAD, _SOURCES)
    application.note_threads()

# Whether several invocations share this process: what one left can't be told from another's.
_SHARED = os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY", "1") != "1"


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer an HTTP event with a reply in its source's form, or a mapped one (docs/events.md).

    Raises `NotAnHttpEvent` for an event that is neither, and `EventFailed` and its like where an
    endpoint failed at one that is to be tried again; nothing else.
    """
    if _START == "snap-start":
        init_phase.make_fresh(application)
    if process.in_loop or _SHARED:
        return answer_event(application, event, context)
    # Lambda freezes this process with the reply, so what is to come after the answer comes before.
    closings: list[Closing] = []
    process.after_answer = closings
    try:
        return answer_event(application, event, context)
    finally:
        process.after_answer = None
        if closings or _count():
            finish_work(application, context, closings)
        if not process.interrupts:  # this is Lambda
            restore(context)
