"""The endpoint group as one application: routes, instances, errors; for events and for WSGI.

What `errors` chooses (docs/events.md has the table):

- `opaque`: werkzeug's own 404, 405 with Allow and 308; an HTTPException that `_invoke` raises is
  answered as it says (that is what `abort()` and `request.get_json()` mean); anything else is a
  500 that tells nothing, its traceback in the log.
- `dify`: as the reference implementation replies. Its texts are those of its SDK
  (dify_plugin/core/plugin_executor.py, plugin_registration.py).
"""

from __future__ import annotations

import time

from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from endpoint_runtime import loading, report, settings
from endpoint_runtime.replies import end_to_end_headers, has_no_body
from endpoint_runtime.routing import make_map, match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    Environ = dict[str, Any]


class Application:
    """One endpoint group. `bundle` is the generated `_bundle` module, `root` the plugin's folder.

    As a WSGI application it is what local servers and adapters call; `answer` is the same without
    WSGI's call, for events.
    """

    def __init__(self, bundle: Any, root: str) -> None:
        self.bundle = bundle
        self.root = root
        self.errors: str = getattr(bundle, "ERRORS", "opaque")
        self.hook_id: str = getattr(bundle, "HOOK_ID", "")
        self.max_body: int = getattr(bundle, "MAX_BODY", 6291456)
        self.binary_types: tuple[str, ...] = tuple(getattr(bundle, "BINARY_TYPES", ()))
        self.base_path: str = getattr(bundle, "BASE_PATH", "")
        self._map = make_map(bundle.ROUTES)
        self._classes: dict[str, type[Any]] = {}
        self._settings: dict[str, Any] | None = None
        self._secrets: list[str] = []

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Give the response to a request, and the declared path of its route (`-` for none).

        Whatever goes wrong becomes a response; only KeyboardInterrupt comes through.
        """
        request = Request(environ)
        try:
            rule, values = match(self._map, request)
        except HTTPException as fault:
            return self._no_match(fault, environ), "-"
        except Exception as fault:
            self.log_exception("matching the request failed", fault, environ)
            return self.failure(environ), "-"
        try:
            response = self._invoke(rule.endpoint, request, values, environ)
        except KeyboardInterrupt:
            raise
        except BaseException as fault:  # a plugin's sys.exit() must not end the function
            return self._failed(fault, rule.endpoint, environ), rule.rule
        return response, rule.rule

    def failure(self, environ: Environ, error: HTTPException | None = None) -> Response:
        """The page of an error that tells nothing, by default a 500."""
        response = (error or InternalServerError()).get_response(environ)
        assert isinstance(response, Response)  # noqa: S101 - werkzeug's type is wider than it is
        return response

    def log_exception(self, message: str, fault: BaseException, environ: Environ) -> None:
        """Log a traceback without the values of secret settings."""
        report.log_exception(message, fault, request_id_of(environ), self._secrets)

    def _invoke(
        self, source: str, request: Request, values: Mapping[str, Any], environ: Environ
    ) -> Response:
        """Make a new instance of the source's class and have it answer."""
        group_settings = self._read_settings()
        cls = self._classes.get(source)
        if cls is None:
            cls = self._classes[source] = loading.load_endpoint(self.root, source)
        response = cls(self._session()).invoke(request, values, group_settings)
        if not isinstance(response, Response):
            close = getattr(response, "close", None)
            if callable(close):
                close()  # a coroutine would warn, a generator would stay open
            report.log(
                "ERROR",
                f"{cls.__module__}.{cls.__qualname__}._invoke returned "
                f"{type(response).__name__}, expected a werkzeug Response, such as "
                'Response("text", status=200, content_type="text/plain")',
                request_id_of(environ),
            )
            return self.failure(environ)
        if response.response is None:
            response.response = ()
        elif isinstance(response.response, str | bytes | bytearray | memoryview):
            # Set as an attribute this would be sent by the character, or not at all.
            body = response.response
            response.response = [body.encode() if isinstance(body, str) else bytes(body)]
        return response

    def _read_settings(self) -> dict[str, Any]:
        """A fresh deep copy of the settings; they are read once, and again after an error."""
        if self._settings is None:
            declaration = getattr(self.bundle, "SETTINGS", ())
            self._settings = settings.read_settings(
                declaration, getattr(self.bundle, "SOURCES", {})
            )
            self._secrets = settings.secret_values(declaration, self._settings)
        copy: dict[str, Any] = settings.fresh_copy(self._settings)
        return copy

    def _session(self) -> Any:
        from dify_plugin.core.runtime import Session

        return Session(endpoint_id=self.hook_id)

    def _no_match(self, fault: HTTPException, environ: Environ) -> Response:
        if self.errors == "dify":
            return Response(f"Failed to dispatch endpoint request: {fault}", status=404)
        return self.failure(environ, fault)

    def _failed(self, fault: BaseException, source: str, environ: Environ) -> Response:
        """The response to an exception on the way to, or in, `_invoke`."""
        if isinstance(fault, settings.SettingsError):
            report.log("ERROR", f"the settings can't be used: {fault}", request_id_of(environ))
            return self.failure(environ)
        in_endpoint = source in self._classes
        if isinstance(fault, HTTPException) and in_endpoint and self.errors != "dify":
            try:
                response = self.failure(environ, fault)
            except Exception as broken:
                self.log_exception(f"{source} raised a broken HTTPException", broken, environ)
                return self.failure(environ)
            if response.status_code >= 500:
                self.log_exception(f"{source} raised an HTTPException", fault, environ)
            return response
        message = f"{source} failed" if in_endpoint else f"{source} can't be loaded"
        self.log_exception(message, fault, environ)
        if self.errors == "dify" and in_endpoint:
            if isinstance(fault, ValueError):
                return Response(str(fault), status=404)
            return Response(f"Internal Server Error: {fault}", status=500)
        return self.failure(environ)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve a request as WSGI (PEP 3333); generators are streamed."""
        started = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        if "lambda.event" not in environ:
            prepare(environ, self.hook_id)
        if _content_length(environ) > self.max_body:
            response, route = self.failure(environ, RequestEntityTooLarge()), "-"
        else:
            response, route = self.answer(environ)
        try:
            headers = end_to_end_headers(response, environ)
        except Exception as fault:
            self.log_exception("the response's headers can't be sent", fault, environ)
            close(self, response, environ)
            response = self.failure(environ)
            headers = end_to_end_headers(response, environ)
        status = response.status_code
        bodyless = has_no_body(method, status)
        if response.is_sequence and not bodyless:
            length = str(sum(map(len, response.iter_encoded())))
            headers = [
                (name, length if name.lower() == "content-length" else value)
                for name, value in headers
            ]
        report.log_request(
            method, route, status, time.perf_counter() - started, request_id_of(environ)
        )
        return _Body(self, response, environ, start_response, headers, bodyless)


class _Body:
    """A response's body as WSGI iterates it."""

    def __init__(
        self,
        application: Application,
        response: Response,
        environ: Environ,
        start_response: Callable[..., Any],
        headers: list[tuple[str, str]],
        bodyless: bool,
    ) -> None:
        self._application, self._response, self._environ = application, response, environ
        self._chunks: Iterator[bytes] = iter(()) if bodyless else iter(response.iter_encoded())
        # The first chunk is made before the status is sent: no server sends the one without the
        # other, and so a body that fails at once is a 500.
        status, self._first = response.status, b""
        try:
            self._first = self._next()
        except StopIteration:
            pass
        except Exception as fault:
            application.log_exception("the response's body failed", fault, environ)
            error = application.failure(environ)
            status, headers = error.status, end_to_end_headers(error, environ)
            self._chunks = iter(())
            self._first = b"" if bodyless else error.get_data()
        start_response(status, wsgi_headers(headers))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first:
            chunk, self._first = self._first, b""
            return chunk
        try:
            return self._next()
        except StopIteration:
            raise
        except Exception as fault:
            self._application.log_exception("the response's body failed", fault, self._environ)
            raise  # the status is sent: the server must cut the connection

    def _next(self) -> bytes:
        chunk = next(self._chunks)
        return chunk if isinstance(chunk, bytes) else bytes(memoryview(chunk))

    def close(self) -> None:
        """Close the response: `call_on_close` runs."""
        close(self._application, self._response, self._environ)


def close(application: Application, response: Response, environ: Environ) -> None:
    """Run what a plugin asked for with `call_on_close`; its failure changes no reply."""
    try:
        response.close()
    except Exception as fault:
        application.log_exception("closing the response failed", fault, environ)


def prepare(environ: Environ, hook_id: str) -> None:
    """Do to a server's environ what is done to an event's: drop and set the same headers."""
    from endpoint_runtime.events import FORGEABLE, FORGEABLE_PREFIX, add_hook

    for key in [key for key in environ if key.startswith("HTTP_" + FORGEABLE_PREFIX)]:
        del environ[key]
    for key in FORGEABLE:
        # A server's own framing stays: without `wsgi.input_terminated` werkzeug looks at it.
        if key != "HTTP_TRANSFER_ENCODING":
            environ.pop(key, None)
    add_hook(environ, hook_id)


def request_id_of(environ: Environ) -> str:
    """The id of the invocation, "" outside Lambda."""
    return getattr(environ.get("lambda.context"), "aws_request_id", None) or ""


def wsgi_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers as WSGI wants them: values are latin-1 strings."""
    from endpoint_runtime.public_path import wsgi

    return [(name, wsgi(value)) for name, value in headers]


def _content_length(environ: Environ) -> int:
    length = environ.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdigit() else 0
