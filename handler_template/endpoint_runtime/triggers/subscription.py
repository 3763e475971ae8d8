"""One subscription: dispatches its webhooks, and tells what events give.

In Dify the response goes back once the events of a request are in its queue, and what then fails
is nothing to whoever sent the request: it is the same here. Where no queue is named, as in
`packager invoke`, events are told before the response goes back.
"""

from __future__ import annotations

from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response

from endpoint_runtime import process
from endpoint_runtime.aws import AwsError
from endpoint_runtime.gateway.environ import deadline_of, request_id_of
from endpoint_runtime.logs import report
from endpoint_runtime.managed.application import EndpointApplication
from endpoint_runtime.settings.group import SettingsError
from endpoint_runtime.triggers.record import TOLD, request_of, subscription_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from endpoint_runtime.managed.endpoints import Endpoint

    Environ = dict[str, Any]
    Mapping = dict[str, Any]


class UnknownEvent(Exception):
    """A provider dispatched an event that it does not declare."""


class SubscriptionApplication(EndpointApplication):
    """What the provider's application is, with the values of one subscription."""

    _group: Any  # the provider's TriggerApplication, which stands above

    def __init__(self, group: Any, endpoint: Endpoint) -> None:
        super().__init__(group, endpoint)
        self.events: dict[str, str] = group.events  # sources by name

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Return the response to a webhook, or to what the queue has of it."""
        told = None
        if "lambda.deferred" in environ:
            told = environ["lambda.event"].get(TOLD)
        route = "-" if told is None else f"{told['event']} -> {told['app']}"
        url = environ.pop("HTTP_DIFY_HOOK_URL", "").rstrip("/")
        environ.pop("HTTP_DIFY_HOOK_ID", None)  # no service sends it, and none signs it
        try:
            subscription = self._settings.copy(deadline_of(environ), request_id_of(environ))
            subscription["endpoint"] = subscription["endpoint"] or url
            if told is None:
                return self._dispatch(subscription, environ), route
            from endpoint_runtime.triggers.telling import tell

            return tell(self, subscription, told, environ), route
        except process.interrupts:
            raise
        except BaseException as fault:  # a plugin's sys.exit() must not end the function
            process.end_if_forked(fault, self._settings.hidden)
            source = self._group.source if told is None else f"the event {told['event']}"
            return self._refused(fault, source, environ), route

    def _dispatch(self, subscription: Mapping, environ: Environ) -> Response:
        """Have the provider say which events a request is, and see to them."""
        from dify_plugin.entities.trigger import EventDispatch, Subscription

        data = environ["wsgi.input"].getvalue() if self._group.front is not None else b""
        trigger = self.load_class(self._group.source)(self.trigger_runtime(subscription, environ))
        dispatched = trigger.dispatch_event(
            Subscription(**subscription_fields(subscription)), request_of(environ)
        )
        if not isinstance(dispatched, EventDispatch):
            raise TypeError(
                f"_dispatch_event returned {type(dispatched).__name__}, expected an EventDispatch"
            )
        wanted = list(self._wanted(dispatched, subscription))
        if dispatched.events:
            said = f"{self._label}{', '.join(dispatched.events)}: {len(wanted)} to start"
            report.log("INFO", said, request_id_of(environ))
        front = self._group.front
        if front is None:
            self._tell_now(subscription, wanted, environ)
            return dispatched.response
        try:
            front.send_all(self, wanted, environ, data)
        except AwsError as fault:
            said = f"{self._label}events can't be put into the queue: {fault}"
            report.log("ERROR", said, request_id_of(environ))
            return self.failure(environ, ServiceUnavailable(retry_after=1))
        return dispatched.response

    def _wanted(self, dispatched: Any, subscription: Mapping) -> Iterator[tuple[str, Mapping]]:
        """Yield what is to be told, by what it is known by: each app of each event."""
        for event in dispatched.events:
            if event not in self.events:
                raise UnknownEvent(f"the provider declares no event {event!r}")
        for event in dict.fromkeys(dispatched.events):
            for workflow in subscription["workflows"]:
                if workflow["event"] == event:
                    told = {
                        "event": event,
                        "app": workflow["app"],
                        "payload": dict(dispatched.payload),
                        "user": dispatched.user_id,
                    }
                    yield f"{event} {workflow['app']}", {TOLD: told}

    def _tell_now(
        self, subscription: Mapping, wanted: list[tuple[str, Mapping]], environ: Environ
    ) -> None:
        """Tell events one after the other; what fails is in the log, and fails no other."""
        from endpoint_runtime.triggers.telling import tell

        for _, more in wanted:
            environ["wsgi.input"].seek(0)
            try:
                tell(self, subscription, more[TOLD], environ)
            except process.interrupts:
                raise
            except BaseException as fault:
                process.end_if_forked(fault, self._settings.hidden)
                self.log_exception(f"the event {more[TOLD]['event']} failed", fault, environ)

    def load_class(self, source: str) -> type[Any]:
        """Return the class in a source, loaded once for all subscriptions."""
        found: type[Any] = self._classes.get(source) or self._group._load(source)
        return found

    def session_of(self, environ: Environ) -> Any:
        """Return a new session."""
        backends = self._backends
        clock = getattr(environ.get("lambda.context"), "get_remaining_time_in_millis", None)
        backends.clock = clock
        make_session = self._make_session or self._import_session()
        return make_session(self.hook_id, backends, clock)

    def trigger_runtime(self, subscription: Mapping, environ: Environ) -> Any:
        """Return what a Trigger is made with."""
        from dify_plugin.entities.provider_config import CredentialType
        from dify_plugin.interfaces.trigger import TriggerRuntime

        return TriggerRuntime(
            session=self.session_of(environ),
            credential_type=CredentialType(subscription["credential_type"]),
            credentials=subscription["credentials"],
        )

    def _refused(self, fault: BaseException, source: str, environ: Environ) -> Response:
        """Return the response to a request that could not be dispatched, or told."""
        from dify_plugin.errors.trigger import TriggerDispatchError, TriggerValidationError
        from endpoint_runtime.app.failures import failed, text_for_caller

        if isinstance(fault, SettingsError):
            return failed(self, fault, source, True, environ)
        if "lambda.deferred" in environ:
            # Nobody reads the answer, and its status decides: what a client is told is not meant.
            self.log_exception(f"{source} failed", fault, environ)
            return Response(status=(isinstance(fault, HTTPException) and fault.code) or 500)
        if self.errors == "dify":
            self.log_exception(f"{source} failed", fault, environ)
            from endpoint_runtime.json_codec import encode_json

            body = {
                "error": "Endpoint processing failed",
                "message": text_for_caller(self, fault),
            }
            return Response(encode_json(body), status=500, content_type="application/json")
        known: dict[type[Exception], type[HTTPException]] = {
            TriggerValidationError: Forbidden,
            TriggerDispatchError: BadRequest,
        }
        for kind, error in known.items():
            if isinstance(fault, kind):
                said = f"{self._label}refused: {type(fault).__name__}: "
                said += text_for_caller(self, fault)
                report.log("WARN", said, request_id_of(environ))
                return self.failure(environ, error())
        return failed(self, fault, source, source in self._classes, environ)
