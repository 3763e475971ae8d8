"""Acknowledges requests of deferred routes: verified, sent to the queue, answered.

Nothing is acknowledged that is not in the queue: where it can't be sent, the answer is a 503, and
the sender sends it again.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from time import time

from werkzeug.exceptions import Forbidden, ServiceUnavailable
from werkzeug.wrappers import Request, Response

from endpoint_runtime.aws import AwsError
from endpoint_runtime.deferred import messages, variables
from endpoint_runtime.deferred.values import MISSING, Body, is_inline, key_of, value_of
from endpoint_runtime.gateway.environ import deadline_of, request_id_of
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.app.application import Application

    Environ = dict[str, Any]

_SAFE = ("GET", "HEAD", "OPTIONS")  # these ask for an answer
_PATIENCE = 10.0  # s that sending may take: a webhook's sender does not wait for long
ROOT = "/"  # the route of a trigger provider, which has no other
_VARIABLE_ARGUMENTS = 0x04  # CO_VARARGS, of a code object's flags


class Front:
    """What `Application.defer` is of a function that has the routes of `deferred`."""

    def __init__(self, deferred: dict[str, Any]) -> None:
        self._routes: dict[str, dict[str, Any]] = deferred["routes"]
        self._most: int = deferred["most"]  # bytes of a message
        self._queue = os.environ.get(variables.QUEUE, "")
        self._ordered = os.environ.get(variables.ORDERED_QUEUE, "")

    def answer(
        self, application: Application, rule: str, request: Request, environ: Environ
    ) -> Response | None:
        """Return the acknowledgement of a request; None for one that its endpoint answers."""
        route = self._routes.get(rule)
        method = environ["REQUEST_METHOD"]
        if route is None or method in _SAFE:
            return None
        event = environ.get("lambda.event")
        # What is mapped here comes off a queue, and is tried again by that.
        if event is None or "lambda.source" in environ:
            return None
        data: bytes = environ["wsgi.input"].getvalue()  # which stays unread for the endpoint
        body = Body(environ, data)
        if route["inline"] and is_inline(route["inline"], method, environ, body):
            return None
        if route["verify"] is not None:
            refusal = _verify(application, route["verify"], environ, data)
            if refusal is not None:
                return refusal
        message = messages.Message(rule, round(time(), 3), event)
        try:
            self._send(message, (application.hook_id, rule), environ, body)
        except AwsError as fault:
            report.log("ERROR", f"{rule} can't be deferred: {fault}", request_id_of(environ))
            return application.failure(environ, ServiceUnavailable(retry_after=1))
        return Response(route["body"], status=route["status"], content_type=route["content_type"])

    def send_all(
        self,
        application: Application,
        parts: list[tuple[str, dict[str, Any]]],
        environ: Environ,
        data: bytes,
    ) -> None:
        """Send a request's event once for each of `parts`: what it is known by, and what is added.

        `data` is the request's body. Raises AwsError, where some may have been sent.
        """
        body, received = Body(environ, data), round(time(), 3)
        for name, more in parts:
            message = messages.Message(ROOT, received, {**environ["lambda.event"], **more})
            self._send(message, (application.hook_id, ROOT, name), environ, body)

    def _send(
        self, message: messages.Message, scope: tuple[str, ...], environ: Environ, body: Body
    ) -> None:
        """Send a message as its route says; within `scope` a delivery is known."""
        route = self._routes[message.route]
        if route["dedupe"] is not None:
            value = value_of(route["dedupe"], environ, body)
            if value is not MISSING:
                message.key = key_of(value, *scope)
        sending: dict[str, Any] = {"QueueUrl": self._queue}
        if route["order_by"] is not None:
            value = value_of(route["order_by"], environ, body)
            # What has no such value is in order with nothing.
            own = os.urandom(16).hex()
            group = own if value is MISSING else key_of(value, *scope)
            sending = {
                "QueueUrl": self._ordered,
                "MessageGroupId": group,
                # The client may send it twice, where the first answer is lost.
                "MessageDeduplicationId": own,
            }
        limit = time() + _PATIENCE
        end = deadline_of(environ)
        deadline = limit if end is None else min(limit, end)
        text = message.encoded()
        if len(text) > self._most and os.environ.get(variables.BUCKET):
            messages.park(message, deadline)
            text = message.encoded()
        messages.call("sqs", "SendMessage", {**sending, "MessageBody": text}, deadline)


def _verify(application: Application, name: str, environ: Environ, data: bytes) -> Response | None:
    """Ask the plugin's function whether a request is to be taken; return the answer if it is not.

    It gets a Request of its own, and the settings where it takes a second argument. True takes it;
    a Response refuses it with that, anything else with 403.
    """
    module, _, function = name.partition(":")
    if module not in sys.modules:
        from endpoint_runtime.app.endpoints import load_module

        load_module(module)
    check = getattr(sys.modules[module], function)
    own = {**environ, "wsgi.input": BytesIO(data)}
    own.pop("werkzeug.request", None)
    request = Request(own)
    code = getattr(check, "__code__", None)
    takes_settings = code is not None and (
        code.co_argcount > 1 or code.co_flags & _VARIABLE_ARGUMENTS
    )
    said = check(request, application.settings_for(environ)) if takes_settings else check(request)
    if said is True:
        return None
    if isinstance(said, Response):
        return said
    if said is not False:
        report.log(
            "WARN",
            f"{name} returned {type(said).__name__}, expected True, False or a Response",
            request_id_of(environ),
        )
    return application.failure(environ, Forbidden())
