"""Makes a function of deferred routes what it is by its environment: who defers, or who works."""

from __future__ import annotations

import os

from endpoint_runtime.deferred import variables
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.app.application import Application


def attach(application: Application, deferred: dict[str, Any]) -> None:
    """Have `application` defer the routes of the bundle's literal DEFERRED, or work them off.

    Where the environment names no queue (a run on this machine) it answers them itself.
    """
    environment = os.environ
    if environment.get(variables.DEAD_QUEUE) or environment.get(variables.ORDERED_DEAD_QUEUE):
        from endpoint_runtime.deferred.worker import Worker

        application.take_event = Worker(application, deferred).take
    elif environment.get(variables.QUEUE) or environment.get(variables.ORDERED_QUEUE):
        from endpoint_runtime.deferred.front import Front

        application.defer = Front(deferred).answer
    else:
        paths = ", ".join(deferred["routes"])
        what = f"{paths} is answered" if application.bundle.TRIGGER is None else "events are told"
        report.log("INFO", f"no queue is named, so {what} without one")
