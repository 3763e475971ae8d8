"""The stock entry: `handler(event, context)` for Lambda's own client, `application` for WSGI.

Contract: this file lies in `endpoint_runtime/` at a bundle's root, beside it `_bundle.py`.
Importing it puts the plugin's folder first on `sys.path` and makes it the working directory, as in
Dify; nothing of the plugin is imported before a request needs it, but for what `preload` names
and where Lambda prepares the process ahead of requests (docs/cold-start.md); `main.py` never.
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
    if _bundle.ENDPOINTS is not None:
        from endpoint_runtime.managed.application import ManagedApplication

        return ManagedApplication(_bundle, _PLUGIN)
    if _bundle.PUBLIC_URL is not None:
        from endpoint_runtime.app.public_url import PublicApplication

        return PublicApplication(_bundle, _PLUGIN)
    return Application(_bundle, _PLUGIN)


if "awslambdaric" in sys.modules:
    from endpoint_runtime.logs import single_handler

    single_handler.install_in_stock_client()

application = _make_application()

_PRELOAD: tuple[str, ...] = _bundle.PRELOAD
_START = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "")
if _PRELOAD or _START not in ("", "on-demand"):  # there is time before the first request
    from endpoint_runtime.app import init_phase

    init_phase.prepare(application, _PRELOAD)
    application.note_threads()

# Whether several invocations share this process: what one left can't be told from another's.
_SHARED = os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY", "1") != "1"


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer an HTTP event with a reply in its source's form, or a mapped one (docs/events.md).

    Raises `NotAnHttpEvent` for an event that is neither, and `EventFailed` where an endpoint
    failed at one that Lambda is to try again; nothing else.
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
