"""Tells an event: variables of the request, mapped to an app's inputs, start the app's workflow.

The status of what is returned decides, as for every deferred request: 2xx is done, 4xx is a dead
letter at once, all else is tried again. Source: langgenius/dify-plugin-sdks, plugin_executor.py
(invoke_trigger_event); Dify, "Workflow App API" (blocking mode).
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from endpoint_runtime.gateway.environ import request_id_of
from endpoint_runtime.logs import report
from endpoint_runtime.triggers.record import request_of, subscription_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    class Telling(Protocol):
        """A subscription's application."""

        events: dict[str, str]
        _label: str

        @property
        def hidden(self) -> Sequence[str]:
            """Texts that are in no log."""

        def load_class(self, source: str) -> type[Any]:
            """Return the class in a source."""

        def session_of(self, environ: dict[str, Any]) -> Any:
            """Return a new session."""

    Environ = dict[str, Any]
    Mapping = dict[str, Any]

# Refusals of the Service API that come again however often the same is sent; others may be of a
# model that was busy, or of a key that is renewed.
_HOPELESS_STATUSES = frozenset((404, 413, 415, 422))
_HOPELESS_CODES = frozenset(("bad_request", "invalid_param", "not_workflow_app"))
_MISSING: Any = object()


def tell(application: Telling, subscription: Mapping, told: Mapping, environ: Environ) -> Response:
    """Have the event make variables, and start the app; raises whatever the plugin raises."""
    from dify_plugin.errors.trigger import EventIgnoreError

    event, app = told["event"], told["app"]
    source = application.events.get(event)
    workflow = next(
        (
            each
            for each in subscription["workflows"]
            if (each["event"], each["app"]) == (event, app)
        ),
        None,
    )
    if source is None or workflow is None:
        _say(application, "WARN", f"{event} starts {app} no more", environ)
        return Response(status=410)
    try:
        variables = _variables(application, source, subscription, workflow, told, environ)
    except EventIgnoreError as ignored:
        why = f": {ignored}" if str(ignored) else ""
        _say(application, "INFO", f"{event} is not for {app}{why}", environ)
        return Response(status=204)
    return _start(application, told, _inputs(workflow, variables), environ)


def _variables(
    application: Telling,
    source: str,
    subscription: Mapping,
    workflow: Mapping,
    told: Mapping,
    environ: Environ,
) -> Mapping:
    from dify_plugin.entities.provider_config import CredentialType
    from dify_plugin.entities.trigger import Subscription, Variables
    from dify_plugin.interfaces.trigger import EventRuntime

    runtime = EventRuntime(
        session=application.session_of(environ),
        credential_type=CredentialType(subscription["credential_type"]),
        subscription=Subscription(**subscription_fields(subscription)),
        credentials=subscription["credentials"],
    )
    made = application.load_class(source)(runtime).on_event(
        request_of(environ), dict(workflow.get("parameters") or {}), told["payload"]
    )
    if not isinstance(made, Variables):
        raise TypeError(f"_on_event returned {type(made).__name__}, expected Variables")
    return dict(made.variables)


def _inputs(workflow: Mapping, variables: Mapping) -> Mapping:
    """Return an app's inputs: the variables by their names, or those that are mapped.

    An input whose variable there is not is left out.
    """
    mapped = workflow.get("inputs")
    if not mapped:
        return variables
    found = {name: _at(variables, path) for name, path in mapped.items()}
    return {name: value for name, value in found.items() if value is not _MISSING}


def _at(variables: Any, path: str) -> Any:
    """Return what is at a path of names, with dots; numbers count the items of a list."""
    if path in variables:  # a name may have a dot itself
        return variables[path]
    for name in path.split("."):
        if isinstance(variables, dict) and name in variables:
            variables = variables[name]
        elif (
            isinstance(variables, list | tuple)
            and name.isascii()
            and name.isdecimal()
            and int(name) < len(variables)
        ):
            variables = variables[int(name)]
        else:
            return _MISSING
    return variables


def _start(application: Telling, told: Mapping, inputs: Mapping, environ: Environ) -> Response:
    from endpoint_runtime.dify.errors import AppError

    event, app = told["event"], told["app"]
    session = application.session_of(environ)
    try:
        answer = session.app.workflow.invoke(
            app_id=app, inputs=inputs, response_mode="blocking", user=told["user"] or None
        )
    except AppError as fault:
        hopeless = fault.status in _HOPELESS_STATUSES or fault.code in _HOPELESS_CODES
        _say(application, "ERROR", f"{event} could not start: {fault.line}", environ)
        return Response(status=422 if hopeless else 502)
    data = answer.get("data") if isinstance(answer, dict) else None
    status = data.get("status") if isinstance(data, dict) else None
    run = answer.get("workflow_run_id", "-") if isinstance(answer, dict) else "-"
    if isinstance(data, dict) and status == "failed":
        said = f"{event} started {app}, whose run {run} failed: {data.get('error')}"
        _say(application, "ERROR", said, environ)
        return Response(status=502)
    _say(application, "INFO", f"{event} started {app}: run {run}, {status or 'done'}", environ)
    return Response(status=200)


def _say(application: Telling, level: str, what: str, environ: Environ) -> None:
    from endpoint_runtime.logs.masking import mask

    said = mask(f"{application._label}{what}", application.hidden)
    report.log(level, said, request_id_of(environ))
