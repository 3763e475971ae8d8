"""Answers one event: environ, application, reply; whatever fails on the way is a reply too."""

from __future__ import annotations

from time import perf_counter

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from endpoint_runtime import report
from endpoint_runtime.application import close, request_id_of
from endpoint_runtime.events import (
    BodyTooLarge,
    MalformedEvent,
    NotAnHttpEvent,
    environ_of,
    source_of,
)
from endpoint_runtime.plain_replies import plain_reply
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
    """Answer an HTTP event with a reply in its source's form, a mapped one as `worker` says.

    Raises `NotAnHttpEvent` for an event that is neither, and `EventFailed` where an endpoint
    failed at one that Lambda is to try again; nothing else.
    """
    started = perf_counter()
    try:
        source = source_of(event)
    except NotAnHttpEvent as fault:
        source, refusal = "", str(fault)
    if not source:  # not in the except clause: the refusal is no cause of what may fail now
        from endpoint_runtime.worker import answer_worker_event

        return answer_worker_event(application, event, context, refusal)
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
    # Else request and environ would hold each other, and the body, until garbage is collected.
    environ.pop("werkzeug.request", None)
    report.log_request(
        environ["REQUEST_METHOD"],
        route,
        reply["statusCode"],
        perf_counter() - started,
        getattr(context, "aws_request_id", None) or "",
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
    body = b""
    if has_body:
        body = read_body(response)  # before the headers: a generator may set some while it runs
        if not application.gzip:
            reply = plain_reply(source, response, status, body, application.binary_types)
            if reply is not None:
                return reply
    headers = end_to_end_headers(response, environ)
    if has_body and application.gzip:
        from endpoint_runtime.compression import compress

        headers, body = compress(headers, body, status, environ.get("HTTP_ACCEPT_ENCODING", ""))
    return reply_of(
        source,
        multi_value=multi_value,
        status=status,
        headers=headers,
        body=body,
        has_body=has_body,
        binary_types=application.binary_types,
    )
