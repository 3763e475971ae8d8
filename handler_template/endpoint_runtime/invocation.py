"""Answers one event: environ, application, reply; whatever fails on the way is a reply too."""

from __future__ import annotations

import time

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from endpoint_runtime import report
from endpoint_runtime.application import close, request_id_of
from endpoint_runtime.events import BodyTooLarge, MalformedEvent, environ_of, source_of
from endpoint_runtime.public_path import ALB
from endpoint_runtime.replies import (
    ReplyTooLarge,
    end_to_end_headers,
    has_no_body,
    read_body,
    reply_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from werkzeug.wrappers import Response

    from endpoint_runtime.application import Application


def answer_event(application: Application, event: Any, context: object) -> dict[str, Any]:
    """Answer an HTTP event with a reply in its source's form.

    Raises `NotAnHttpEvent` for an event that carries no HTTP request, and nothing else.
    """
    started = time.perf_counter()
    source = source_of(event)
    try:
        environ = environ_of(
            event,
            context,
            source,
            hook_id=application.hook_id,
            max_body=application.max_body,
            base_path=application.base_path,
        )
    except (MalformedEvent, BodyTooLarge) as fault:
        environ = {"REQUEST_METHOD": "GET", "lambda.context": context}
        report.log("WARN", str(fault), request_id_of(environ))
        error = BadRequest() if isinstance(fault, MalformedEvent) else RequestEntityTooLarge()
        response, route = application.failure(environ, error), "-"
    else:
        response, route = application.answer(environ)
    multi_value = source == ALB and bool(event.get("multiValueHeaders"))
    try:
        try:
            reply = _reply(application, source, multi_value, response, environ)
        finally:
            close(application, response, environ)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        if isinstance(fault, ReplyTooLarge):
            report.log("ERROR", f"{route}: {fault}", request_id_of(environ))
        else:
            application.log_exception("the response can't be sent", fault, environ)
        failure = application.failure(environ)
        reply = _reply(application, source, multi_value, failure, environ)
    report.log_request(
        environ["REQUEST_METHOD"],
        route,
        reply["statusCode"],
        time.perf_counter() - started,
        request_id_of(environ),
    )
    return reply


def _reply(
    application: Application,
    source: str,
    multi_value: bool,
    response: Response,
    environ: dict[str, Any],
) -> dict[str, Any]:
    status = response.status_code
    has_body = not has_no_body(environ["REQUEST_METHOD"], status)
    # The body first: a generator may still set headers while it runs.
    body = read_body(response) if has_body else b""
    return reply_of(
        source,
        multi_value=multi_value,
        status=status,
        headers=end_to_end_headers(response, environ),
        body=body,
        has_body=has_body,
        binary_types=application.binary_types,
    )
