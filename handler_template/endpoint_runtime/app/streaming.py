"""Makes the reply of a streaming function: a prelude, and a body that is sent as it is made.

Imported by functions with `stream = true` whose caller streams (function URLs, REST APIs). The form
is that of AWS's page "Set up a Lambda proxy integration with payload response streaming in API
Gateway"; function URLs take the same.
"""

from __future__ import annotations

from time import perf_counter

from werkzeug.wrappers import Response

from endpoint_runtime import process
from endpoint_runtime.app.application import close_after_answer
from endpoint_runtime.app.closing import close
from endpoint_runtime.gateway.bounded_body import as_bytes, may_be_cut
from endpoint_runtime.gateway.careful_replies import end_to_end_headers, reply_of
from endpoint_runtime.gateway.environ import request_id_of
from endpoint_runtime.gateway.errors import UnsendableReply
from endpoint_runtime.gateway.paths import REST
from endpoint_runtime.gateway.replies import has_no_body, read_body
from endpoint_runtime.json_codec import encode_json
from endpoint_runtime.lambda_api.time_limit import (
    BODY_MARGIN,
    TimeLimit,
    TimeUp,
    end_of,
    interruptible,
)
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from endpoint_runtime.app.serving import Serving
    from endpoint_runtime.lambda_api.runtime_api import Invocation, RuntimeApi

    Environ = dict[str, Any]

_MAX_PRELUDE_REST = 16384  # bytes ("Set up a Lambda proxy integration with payload ...")
_NULS = bytes(8)  # between prelude and body


class Streamed(dict):  # type: ignore[type-arg]
    """A reply whose body follows: as a dict it has the status and the headers, for whoever looks.

    `heartbeat` is the number of seconds between signs of life of the body (0: none).
    """

    def __init__(self, prelude: dict[str, Any], body: _Body) -> None:
        super().__init__(prelude)
        self.body = body
        self.heartbeat = body.heartbeat

    @property
    def head(self) -> bytes:
        """What goes before the body."""
        return encode_json(dict(self)) + _NULS

    def stream_to(self, api: RuntimeApi, invocation: Invocation) -> None:
        """Send it as the answer to an invocation: what the loop calls. Raises RuntimeApiError."""
        from endpoint_runtime.app.response_stream import send_streamed

        send_streamed(api, invocation, self)


def streamed_reply(
    application: Serving,
    source: str,
    response: Response,
    route: str,
    environ: Environ,
    started: float,
) -> Streamed:
    """Make the reply, its first chunk made as well: what fails until then is a plain 500.

    Only where there is a heartbeat to give before the first chunk, that is made later.
    """
    body = _Body(application, source, response, route, environ, started)
    try:
        reply = body.reply()
        process.end_if_forked()
        return reply
    except process.interrupts:
        raise
    except BaseException as fault:
        process.end_if_forked(fault)
        body.close()
        return body.failed(fault)


class _Body:
    """A response on its way: `first`, if any, and then `chunks`, as the plugin makes them."""

    heartbeat = 0

    def __init__(
        self,
        application: Serving,
        source: str,
        response: Response,
        route: str,
        environ: Environ,
        started: float,
    ) -> None:
        self._source, self._response = source, response
        # One of several endpoints knows which settings are to be masked.
        self._application: Serving = environ.get("endpoint_runtime.application") or application
        self._route, self._environ, self._started = route, environ, started
        self.limit = TimeLimit(end_of(environ.get("lambda.context"), BODY_MARGIN))
        self.chunks: Iterator[Any] = iter(())
        self.first = b""

    def reply(self) -> Streamed:
        response, environ = self._response, self._environ
        has_body = not has_no_body(environ["REQUEST_METHOD"], response.status_code)
        if has_body and response.is_sequence:
            return self._complete()
        if has_body:
            self.chunks = iter(interruptible(response.iter_encoded()))
            if (
                response.mimetype == "text/event-stream"
                and "content-encoding" not in response.headers  # a comment is not part of such
                and "content-length" not in response.headers
                and self._application.stream_heartbeat
            ):
                self.heartbeat = self._application.stream_heartbeat
            else:  # before the headers: a generator may set some until its first chunk
                with self.limit:
                    for chunk in self.chunks:
                        self.first = as_bytes(chunk)
                        if self.first:
                            break
                        if self.limit.is_over:
                            raise TimeUp
                if self.limit.fired and not self.first:
                    raise TimeUp  # which the generator took for `close()`
        return self._with(end_to_end_headers(response, environ))

    def _complete(self) -> Streamed:
        """The reply of a body that is there."""
        body = self.first = read_body(self._response)
        headers = end_to_end_headers(self._response, self._environ)
        if self._application.gzip:
            from endpoint_runtime.gateway.compression import compress

            accepted = self._environ.get("HTTP_ACCEPT_ENCODING", "")
            status, types = self._response.status_code, self._application.body_types
            headers, body = compress(headers, body, status, accepted, types)
            self.first = body
        length = str(len(body))
        return self._with([(n, length if n.lower() == "content-length" else v) for n, v in headers])

    def _with(self, headers: list[tuple[str, str]]) -> Streamed:
        prelude = reply_of(
            self._source,
            multi_value=False,
            status=self._response.status_code,
            headers=headers,
            body=None,
        )
        del prelude["body"], prelude["isBase64Encoded"]
        reply = Streamed(prelude, self)
        if self._source == REST and len(reply.head) > _MAX_PRELUDE_REST:
            raise UnsendableReply(f"the status and headers have over {_MAX_PRELUDE_REST} bytes")
        return reply

    def failed(self, fault: BaseException) -> Streamed:
        """Return the reply instead, where nothing has been sent yet."""
        if isinstance(fault, TimeUp):
            fault = TimeoutError("the response's body did not begin in time")
        from endpoint_runtime.app.failures import log_unsent

        log_unsent(self._application, self._route, fault, self._environ)
        failure = self._application.failure(self._environ)
        return _Body(
            self._application, self._source, failure, self._route, self._environ, self._started
        ).reply()

    def report(self, fault: BaseException) -> tuple[str, str]:
        """Log that the body failed midway; return type and message for the trailers."""
        self._application.log_exception("the response's body failed", fault, self._environ)
        if self._application.errors == "dify":
            from endpoint_runtime.app.failures import text_for_caller

            return type(fault).__name__, text_for_caller(self._application, fault)
        return type(fault).__name__, "the response's body failed; the function's log says how"

    def cut_off(self) -> TimeoutError | None:
        """Return what a body failed with whose time was over; None if what came is of use."""
        if may_be_cut(self._response):
            return None
        return TimeoutError("the body was not done in the function's time")

    def say(self, what: str) -> None:
        """Log why the body ends early."""
        report.log("WARN", f"{self._route}: the stream {what}", request_id_of(self._environ))

    def close(self, *, now: bool = False) -> None:
        """Close the response: the generator, then `call_on_close`. Not before the last byte."""
        application, response, environ = self._application, self._response, self._environ
        if now:
            close(application, response, environ)
        else:
            close_after_answer(application, response, environ)

    def end(self, *, now: bool = False) -> None:
        """Close the response and log the request."""
        self.close(now=now)
        self._environ.pop("werkzeug.request", None)
        report.log_request(
            self._environ["REQUEST_METHOD"],
            self._route,
            self._response.status_code,
            perf_counter() - self._started,
            request_id_of(self._environ),
        )
