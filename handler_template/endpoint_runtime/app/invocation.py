"""Answers one event: environ, application, reply; whatever fails on the way is a reply too."""

from __future__ import annotations

from _thread import _count
from posix import getpid
from time import perf_counter

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Response

from endpoint_runtime import process
from endpoint_runtime.app.application import GENERATOR, close_after_answer
from endpoint_runtime.gateway.environ import environ_of, http_source_of, request_id_of
from endpoint_runtime.gateway.errors import BodyTooLarge, MalformedEvent, ReplyTooLarge
from endpoint_runtime.gateway.paths import ALB, REST, URL
from endpoint_runtime.gateway.plain_replies import STATUSES, learn_status, plain_reply
from endpoint_runtime.gateway.replies import GZIP_GAIN, MAX_REPLY, has_no_body, limit_of, read_body
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from endpoint_runtime.app.closing import Closing
    from endpoint_runtime.app.serving import Serving
    from endpoint_runtime.gateway.bounded_body import BoundedBody


class AnswerFailed(RuntimeError):
    """An answer has a status that is to fail the invocation, so that the sender tries again."""


# Imported by the first response that needs it.
_read_in_time: Callable[..., bytes | BoundedBody] | None = None


def answer_event(application: Serving, event: Any, context: object) -> dict[str, Any]:
    """Answer an HTTP event with a reply in its source's form, a mapped one as `worker` says.

    Raises `NotAnHttpEvent` for an event that is neither, and `EventFailed` where an endpoint
    failed at one that Lambda is to try again; nothing else. In one piece, as each call would cost
    every event a tenth of a microsecond.
    """
    started = perf_counter()
    process.request_pid = process.pid
    source = http_source_of(event)
    if not source:
        from endpoint_runtime.app.other_events import answer_other

        try:
            # Mostly such a dict; what `reply = "value"` returns is whatever JSON can hold.
            other: dict[str, Any] = answer_other(application, event, context, answer_event)
            return other
        finally:
            # No caller waits, and once it has the reply Lambda forgets the event.
            finish_work(application, context, ())
    try:
        environ = environ_of(
            event, context, source, application.hook_id, application.max_body, application.base_path
        )
    except (MalformedEvent, BodyTooLarge) as fault:
        from endpoint_runtime.gateway.refused import method_and_path

        method, route = method_and_path(event, source, application.bundle.ENDPOINTS)
        environ = {"REQUEST_METHOD": method, "lambda.context": context}
        report.log("WARN", str(fault), request_id_of(environ))
        error = BadRequest() if isinstance(fault, MalformedEvent) else RequestEntityTooLarge()
        response = application.failure(environ, error)
    else:
        response, route = application.answer(environ)
    if application.stream and source in (URL, REST) and process.in_loop:
        from endpoint_runtime.app.streaming import streamed_reply

        return streamed_reply(application, source, response, route, environ, started)
    multi_value = source == ALB and bool(event.get("multiValueHeaders"))
    try:
        try:
            reply = _reply(application, source, multi_value, response, route, environ)
            # A generator is done as well: what comes back must be the process that began.
            if getpid() != process.request_pid:
                process.end_if_forked()
        except BaseException as fault:
            process.end_if_forked(fault)
            raise
        finally:
            close_after_answer(application, response, environ)
    except process.interrupts:
        raise
    except BaseException as fault:
        reply = _failed(application, source, multi_value, route, environ, fault)
    # Else request and environ would hold each other, and the body, until garbage is collected.
    environ.pop("werkzeug.request", None)
    status = reply["statusCode"]
    report.log_request(
        environ["REQUEST_METHOD"],
        route,
        status,
        perf_counter() - started,
        getattr(context, "aws_request_id", None) or "",
    )
    if status in application.fail_on:
        raise AnswerFailed(f"{route} answered {status}, which `fail_on` has be a failure")
    return reply


def finish_work(application: Serving, context: object, closings: Sequence[Closing]) -> None:
    """Do what answering an event has left to do; see `late_work`."""
    if closings or (_count() and hasattr(context, "get_remaining_time_in_millis")):
        from endpoint_runtime.app.late_work import finish

        finish(context, closings, application.root)


def _failed(
    application: Serving,
    source: str,
    multi_value: bool,
    route: str,
    environ: dict[str, Any],
    fault: BaseException,
) -> dict[str, Any]:
    """Return the reply in place of one that can't be sent, a bare one if that is all there is."""
    try:
        from endpoint_runtime.app.failures import log_unsent

        log_unsent(application, route, fault, environ)
        failure = application.failure(environ)
        return _reply(application, source, multi_value, failure, route, environ)
    except Exception:  # no descriptor or no memory is left, or imports are broken
        application.log_exception("the response can't be sent", fault, environ)
        return {"statusCode": 500, "headers": {}, "body": "", "isBase64Encoded": False}


def _reply(
    application: Serving,
    source: str,
    multi_value: bool,
    response: Response,
    route: str,
    environ: dict[str, Any],
) -> dict[str, Any]:
    # 0 for one that is not plain. One property of werkzeug's is read for it, no other.
    plain = 0
    if type(response) is Response:
        plain = STATUSES.get(response.status) or learn_status(response)
    method = environ["REQUEST_METHOD"]
    has_body = bool(plain) and method != "HEAD"
    if not has_body:
        has_body = not has_no_body(method, response.status_code)
    body = b""
    is_whole = True  # a sequence, whose length werkzeug knows
    # What came of another body, where there is more to say of it than its bytes.
    bounded: BoundedBody | None = None
    if has_body:  # read before the headers: a generator may set some while it runs
        parts = response.response
        kind = type(parts) if plain else None
        is_whole = kind is list or (kind is not GENERATOR and response.is_sequence)
        if is_whole:
            body = read_body(response, MAX_REPLY * GZIP_GAIN if application.gzip else MAX_REPLY)
        else:
            read: Any  # bytes, or a `BoundedBody`
            if _read_in_time is None or source == ALB or application.gzip:
                read = _read_bounded(application, source, response, environ)
            else:
                read = _read_in_time(response, environ.get("lambda.context"), MAX_REPLY)
            if type(read) is bytes:
                body = read
            else:
                bounded, body = read, read.data
        if plain and not application.gzip:
            reply = plain_reply(source, response, plain, body, application.body_types, is_whole)
            if reply is not None:
                if bounded is not None and bounded.cut:
                    bounded.log_cut(route, environ)
                return reply
    sent = body if has_body else None
    form = source, multi_value
    if not is_whole and bounded is None:
        bounded = _whole(response, body)
    careful = _reply_with_care(application, form, response, environ, sent, bounded)
    if bounded is not None:
        bounded.log_cut(route, environ)
    return careful


def _reply_with_care(
    application: Serving,
    form: tuple[str, bool],
    response: Response,
    environ: dict[str, Any],
    body: bytes | None,
    bounded: BoundedBody | None,
) -> dict[str, Any]:
    """Make the reply of a response that is not plain; `body` is None where HTTP forbids one.

    Apart from `_reply`, as what a function inside one uses costs every call.
    """
    from endpoint_runtime.gateway.careful_replies import end_to_end_headers, reply_of

    source, multi_value = form
    status = response.status_code
    headers = end_to_end_headers(response, environ)
    most = _most(application, source, environ)

    def make(body: bytes | None) -> dict[str, Any]:
        sent = headers
        if body is not None and application.gzip:
            from endpoint_runtime.gateway.compression import compress

            if len(body) > most:
                raise ReplyTooLarge(len(body), most)
            accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
            sent, body = compress(headers, body, status, accepted, application.body_types)
        return reply_of(
            source,
            multi_value=multi_value,
            status=status,
            headers=sent,
            body=body,
            types=application.body_types,
        )

    if bounded is None:
        return make(body)
    fitting: dict[str, Any] = bounded.fit(make)
    return fitting


def _read_bounded(
    application: Serving, source: str, response: Response, environ: dict[str, Any]
) -> bytes | BoundedBody:
    global _read_in_time
    if _read_in_time is None:
        from endpoint_runtime.gateway.bounded_body import read_in_time

        _read_in_time = read_in_time
    limit, packed = MAX_REPLY, False
    if source == ALB or application.gzip:
        limit = _most(application, source, environ)
        packed = limit > MAX_REPLY
    return _read_in_time(response, environ.get("lambda.context"), limit, packed)


def _whole(response: Response, body: bytes) -> BoundedBody:
    from endpoint_runtime.gateway.bounded_body import BoundedBody

    return BoundedBody.of(response, body)


def _most(application: Serving, source: str, environ: dict[str, Any]) -> int:
    """Return the bytes of a body beyond which no reply can be small enough."""
    limit = limit_of(source)
    if application.gzip and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        limit *= GZIP_GAIN
    return limit
