"""The application of a trigger provider's function: each subscription has its own address.

A request to `/e/<hook id>` is dispatched for the subscription of that id. The request is as it was
sent: what services sign is its whole URL, and no part of it is taken for a prefix. An address
without a subscription, and one that is switched off, are answered alike. Source: langgenius/dify,
api/controllers/trigger/trigger.py and api/services/trigger/trigger_service.py.
"""

from __future__ import annotations

import os
from time import time

from werkzeug.exceptions import NotFound

from endpoint_runtime import process
from endpoint_runtime.app.application import Application
from endpoint_runtime.deferred import variables
from endpoint_runtime.gateway.environ import deadline_of, request_id_of
from endpoint_runtime.logs import report
from endpoint_runtime.managed.application import ANSWERING, ManagedApplication
from endpoint_runtime.managed.endpoints import Endpoints
from endpoint_runtime.managed.hook_ids import LENGTH, PATH
from endpoint_runtime.managed.subscriptions import subscription_settings
from endpoint_runtime.triggers.classes import load_event, load_trigger
from endpoint_runtime.triggers.subscription import SubscriptionApplication

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from werkzeug.wrappers import Response

    from endpoint_runtime.deferred.front import Front
    from endpoint_runtime.managed.endpoints import Endpoint

    Environ = dict[str, Any]

_START = len(PATH)
_END = _START + LENGTH


class TriggerApplication(ManagedApplication):
    """All subscriptions of a provider."""

    def __init__(self, bundle: Any, root: str) -> None:
        super().__init__(bundle, root)
        self.source: str = bundle.TRIGGER["source"]
        self.events: dict[str, str] = bundle.TRIGGER["events"]
        self._endpoints = Endpoints(bundle, self._make, subscription_settings)
        self._known = self._endpoints.known
        self.front = self._front()

    def _front(self) -> Front | None:
        """Return what sends events to the queue; None where none is named, as in a local run."""
        environment = os.environ
        if environment.get(variables.QUEUE) or environment.get(variables.ORDERED_QUEUE):
            from endpoint_runtime.deferred.front import Front

            return Front(self.bundle.DEFERRED)
        return None

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Return the response to a request, and what the log calls its route."""
        if self._public is not None:
            self._public.place(environ)
        path: str = environ["PATH_INFO"]
        endpoint = None
        if path[:_START] == PATH and path[_END:] in ("", "/"):
            try:
                endpoint = self._endpoints.find(
                    path[_START:_END], deadline_of(environ), request_id_of(environ)
                )
            except process.interrupts:
                raise
            except Exception as fault:
                process.end_if_forked(fault)
                # AWS's words may say what was asked for.
                why = f"{type(fault).__name__}: {fault}".replace(path[_START:_END], "***")
                said = f"the subscription can't be read: {why}"
                report.log("ERROR", said, request_id_of(environ))
                return self.failure(environ), "-"
        if endpoint is None:
            return self.failure(environ, NotFound()), "-"
        endpoint.used = time()
        environ[ANSWERING] = endpoint.application
        response, route = endpoint.answer(environ)
        return response, endpoint.label + route

    def _make(self, endpoint: Endpoint) -> SubscriptionApplication:
        application = SubscriptionApplication(self, endpoint)
        endpoint.answer = application.answer
        return application

    def _load(self, source: str) -> type[Any]:
        if source == self.source:
            cls = load_trigger(self.root, source)
        else:
            cls = load_event(self.root, source)
        self._classes[source] = cls
        return cls

    def load_endpoints(self) -> None:
        """Load the provider and its events now; what fails is left to its first request."""
        self._import_session()
        for source in dict.fromkeys((self.source, *self.events.values())):
            try:
                self._load(source)
            except process.interrupts:
                raise
            except BaseException as fault:
                process.end_if_forked(fault)
                report.log_exception(f"{source} can't be loaded", fault, "", [])

    def forget(self) -> None:
        """Drop connections and what was read from elsewhere: this process is another's copy."""
        Application.forget(self)
        self._endpoints.forget()
        self._known = self._endpoints.known
