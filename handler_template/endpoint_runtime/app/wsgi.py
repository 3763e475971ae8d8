"""Serves an application as WSGI (PEP 3333), for servers and adapters; generators are streamed.

What a server's environ says is treated as an event's is: the same headers dropped and set, the same
limit of the body. Imported by the first call through WSGI.
"""

from __future__ import annotations

from posix import getpid
from time import perf_counter

from werkzeug.exceptions import RequestEntityTooLarge

from endpoint_runtime import process
from endpoint_runtime.app.closing import close
from endpoint_runtime.gateway.careful_replies import end_to_end_headers, reply_of
from endpoint_runtime.gateway.environ import request_id_of
from endpoint_runtime.gateway.headers import FORGEABLE, FORGEABLE_PREFIX, as_header, root_url
from endpoint_runtime.gateway.paths import ALB, HTTP_2, wsgi
from endpoint_runtime.gateway.replies import GZIP_GAIN, MAX_REPLY, has_no_body, limit_of, read_body
from endpoint_runtime.logs import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from werkzeug.wrappers import Response

    from endpoint_runtime.app.serving import Serving

    Environ = dict[str, Any]
    Header = tuple[str, str]


def serve(
    application: Serving, environ: Environ, start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Answer a request as `application`'s event handler would."""
    started = perf_counter()
    # Not as it was noted: uWSGI forks its workers in C, without Python's knowledge.
    process.request_pid = process.pid = getpid()
    method = environ["REQUEST_METHOD"]
    _prepare(environ, application.hook_id)
    if _body_fits(environ, application.max_body):
        response, route = application.answer(environ)
    else:
        from endpoint_runtime.gateway.refused import shown

        response = application.failure(environ, RequestEntityTooLarge())
        route = shown(environ.get("PATH_INFO") or "/", application.bundle.ENDPOINTS)
    try:
        headers, chunks = _start(application, response, route, environ)
        process.end_if_forked()
    except process.interrupts:
        raise
    except BaseException as fault:  # a plugin's sys.exit() must not end the server
        from endpoint_runtime.app.failures import log_unsent

        log_unsent(application, route, fault, environ)
        close(application, response, environ)
        response = application.failure(environ)
        headers, chunks = _start(application, response, route, environ)
    report.log_request(
        method, route, response.status_code, perf_counter() - started, request_id_of(environ)
    )
    # Texts are latin-1 strings in WSGI; a status may have been set with other digits than these.
    status = f"{response.status_code} {response.status.partition(' ')[2]}"
    start_response(wsgi(status), [(name, wsgi(value)) for name, value in headers])
    return _Body(application, response, environ, chunks)


def add_event(environ: Environ, event: Any, context: object) -> None:
    """Add to an adapter's environ the event behind it, under the keys of docs/events.md."""
    details = event.get("requestContext")
    if not isinstance(details, dict):
        details = {}
    environ["lambda.event"], environ["lambda.context"] = event, context
    identity = "authentication" if "http" in details else "identity"
    environ["lambda.identity"] = details.get(identity)
    environ["lambda.authorizer"] = details.get("authorizer")


def _start(
    application: Serving, response: Response, route: str, environ: Environ
) -> tuple[list[Header], Iterator[bytes]]:
    """Return the headers of a response, and its body with the first chunk made.

    No server sends the status without the first chunk, and so a body that fails at once can still
    be answered with a 500. Behind an adapter for Lambda nothing streams: there it is made whole.
    """
    headers = end_to_end_headers(response, environ)
    if has_no_body(environ["REQUEST_METHOD"], response.status_code):
        if response.status_code == 204 and "lambda.event" not in environ:
            # The standard library's check of WSGI applications (`wsgiref.validate`) refuses it.
            headers = [header for header in headers if header[0].lower() != "content-type"]
        return headers, iter(())
    if not response.is_sequence and "lambda.event" not in environ:
        chunks = iter(response.iter_encoded())
        first = next(chunks, None)
        return headers, iter(()) if first is None else _chained(first, chunks)
    source = _source_of(environ)

    def make(body: bytes) -> tuple[list[Header], Iterator[bytes]]:
        return _whole(application, response, environ, source, headers, body)

    most = None
    if source:
        most = limit_of(source) * (GZIP_GAIN if application.gzip else 1)
    if response.is_sequence:
        return make(read_body(response, most))
    from endpoint_runtime.gateway.bounded_body import BoundedBody

    bounded = BoundedBody(
        response, environ["lambda.context"], most or MAX_REPLY, packed=application.gzip
    )
    made: tuple[list[Header], Iterator[bytes]] = bounded.fit(make)
    bounded.log_cut(route, environ)
    return made


def _whole(
    application: Serving,
    response: Response,
    environ: Environ,
    source: str,
    headers: list[Header],
    body: bytes,
) -> tuple[list[Header], Iterator[bytes]]:
    """Return the headers of a body that is whole, and it; raises `ReplyTooLarge` for `source`."""
    headers = [
        (name, str(len(body)) if name.lower() == "content-length" else value)
        for name, value in headers
    ]
    if application.gzip:
        from endpoint_runtime.gateway.compression import compress

        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        types = application.body_types
        headers, body = compress(headers, body, response.status_code, accepted, types)
    if source and len(body) * 6 > limit_of(source) - 65536:
        reply_of(  # the adapter's is as large
            source,
            multi_value=False,
            status=response.status_code,
            headers=headers,
            body=body,
            types=application.body_types,
        )
    return headers, iter((body,))


def _source_of(environ: Environ) -> str:
    """Return the source of the event behind an adapter's environ, "" where a server asks.

    It is told apart by what Lambda takes of a reply, which is the same for all but one.
    """
    if "lambda.event" not in environ:
        return ""
    details = environ["lambda.event"].get("requestContext")
    return ALB if isinstance(details, dict) and "elb" in details else HTTP_2


def _chained(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


class _Body:
    """A response's body as WSGI iterates it."""

    def __init__(
        self,
        application: Serving,
        response: Response,
        environ: Environ,
        chunks: Iterator[bytes],
    ) -> None:
        self._application, self._response = application, response
        self._environ, self._chunks = environ, chunks

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
            process.end_if_forked()
            return chunk if isinstance(chunk, bytes) else bytes(memoryview(chunk))
        except StopIteration:
            process.end_if_forked()
            raise
        except BaseException as fault:
            process.end_if_forked(fault)
            if not isinstance(fault, Exception):
                raise
            self._application.log_exception("the response's body failed", fault, self._environ)
            # The status is sent: the server must cut the connection. It logs what it gets, and
            # nothing masks that.
            raise RuntimeError("the response's body failed; the runtime's log says how") from None

    def close(self) -> None:
        """Close the response: `call_on_close` runs."""
        close(self._application, self._response, self._environ)


def _prepare(environ: Environ, hook_id: str) -> None:
    """Do to a server's environ what is done to an event's: drop and set the same headers."""
    for key in [key for key in environ if key.startswith(FORGEABLE_PREFIX)]:
        del environ[key]
    for key in FORGEABLE:
        # A server's own framing stays: without `wsgi.input_terminated` werkzeug looks at it.
        if key != "HTTP_TRANSFER_ENCODING":
            environ.pop(key, None)
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    root = root_url(environ["wsgi.url_scheme"], host)
    script = environ.setdefault("SCRIPT_NAME", "")
    environ["HTTP_DIFY_HOOK_ID"] = hook_id
    path = environ.setdefault("PATH_INFO", "") or "/"
    environ["HTTP_DIFY_HOOK_URL"] = as_header(f"{root}{script}{path}")


def _body_fits(environ: Environ, limit: int) -> bool:
    """Whether the body has at most `limit` bytes; one of unknown length is read to know."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        return int(length) <= limit
    if length or not environ.get("wsgi.input_terminated"):
        return True  # werkzeug reads none of it
    from io import BytesIO

    source, parts, size = environ["wsgi.input"], [], 0
    while size <= limit:
        part = source.read(min(limit + 1 - size, 65536))
        if not part:
            break
        parts.append(part)
        size += len(part)
    environ["wsgi.input"] = BytesIO(b"".join(parts))
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(size)
    return size <= limit
