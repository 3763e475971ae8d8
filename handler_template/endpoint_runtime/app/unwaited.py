"""Has an endpoint answer a request whose sender does not wait: a mapped event, a deferred one."""

from __future__ import annotations

from time import perf_counter

from endpoint_runtime import process
from endpoint_runtime.app.application import has_to_be_closed
from endpoint_runtime.gateway.environ import request_id_of
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from werkzeug.wrappers import Response

    from endpoint_runtime.app.serving import Serving


def answer_unwaited(
    application: Serving, environ: dict[str, Any], context: object, kept: bytearray | None = None
) -> int:
    """Have an endpoint answer a request that nobody waits for, to its end; return the status.

    The body goes into `kept`, if that is given.
    """
    started = perf_counter()
    response, route = application.answer(environ)
    status = response.status_code
    try:
        if not response.is_sequence:
            _work_through(response, context, kept)
        elif kept is not None:
            kept += b"".join(response.iter_encoded())
        process.end_if_forked()
    except process.interrupts:
        raise
    except BaseException as fault:
        application.log_exception("the response's body failed", fault, environ)
        status = 500
    if has_to_be_closed(response):
        from endpoint_runtime.app.late_work import close_in_time
        from endpoint_runtime.lambda_api.time_limit import WORK_MARGIN, TimeLimit, end_of

        limit = TimeLimit(end_of(context, WORK_MARGIN))
        close_in_time(limit, [(application, response, environ)], request_id_of(environ))
    environ.pop("werkzeug.request", None)
    method = environ["REQUEST_METHOD"]
    report.log_request(method, route, status, perf_counter() - started, request_id_of(environ))
    return status


def _work_through(response: Response, context: object, kept: bytearray | None) -> None:
    """Have a generator do its work. Raises what it raises, and TimeoutError."""
    from endpoint_runtime.lambda_api.time_limit import (
        BODY_MARGIN,
        TimeLimit,
        TimeUp,
        end_of,
        interruptible,
    )

    with TimeLimit(end_of(context, BODY_MARGIN)) as limit:
        try:
            for part in interruptible(response.iter_encoded()):
                process.end_if_forked()
                if kept is not None:
                    kept += part
                if limit.is_over:
                    raise TimeUp
        except TimeUp:
            limit.fired = True
    if limit.fired:  # a generator may take it for `close()`, and end in peace
        raise TimeoutError("the body was not done in the function's time")
