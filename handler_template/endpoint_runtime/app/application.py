"""The endpoint group as one application: routes, instances, errors; for events and for WSGI.

What `errors` chooses (docs/events.md has the table):

- `opaque`: werkzeug's own 404, 405 with Allow and 308; an HTTPException that `_invoke` raises is
  answered as it says (that is what `abort()` and `request.get_json()` mean); anything else is a
  500 that tells nothing, its traceback in the log.
- `dify`: as the reference implementation replies. Its texts are those of its SDK
  (dify_plugin/core/plugin_executor.py, plugin_registration.py).
"""

from __future__ import annotations

from _thread import _count

from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
)
from werkzeug.wrappers import Request, Response

from endpoint_runtime import process
from endpoint_runtime.app import endpoints
from endpoint_runtime.gateway.environ import deadline_of, request_id_of
from endpoint_runtime.logs import report
from endpoint_runtime.routes.plain_routes import HOSTS, PlainRoutes, is_plain_host
from endpoint_runtime.settings import group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from endpoint_runtime.app.serving import Serving
    from endpoint_runtime.gateway.replies import BodyTypes
    from endpoint_runtime.routes.all_rules import AllRules

    Environ = dict[str, Any]

_WHOLE_BODIES = (str, bytes, bytearray, memoryview)
GENERATOR = type(_ for _ in ())


class Application:
    """One endpoint group. `bundle` is the generated `_bundle` module, `root` the plugin's folder.

    As a WSGI application it is what local servers and adapters call; `answer` is the same without
    WSGI's call, for events.
    """

    def __init__(self, bundle: Any, root: str) -> None:
        self.bundle = bundle
        self.root = root
        self.errors: str = bundle.ERRORS
        self.hook_id: str = bundle.HOOK_ID
        self.max_body: int = bundle.MAX_BODY
        # Media types that go as base64, and as text, though they would not.
        self.body_types: BodyTypes = (bundle.BINARY_TYPES, bundle.TEXT_TYPES)
        self.gzip: bool = bundle.GZIP
        self.stream: bool = bundle.STREAM
        self.fail_on: tuple[int, ...] = bundle.FAIL_ON
        self.stream_heartbeat: int = bundle.STREAM_HEARTBEAT
        self.base_path: str = bundle.BASE_PATH
        self._plain_routes = PlainRoutes(bundle.ROUTES)
        self._all_rules: AllRules | None = None  # made when a request needs them
        self._classes: dict[str, type[Any]] = {}
        self._backends = Backends(bundle)
        self._make_session: Callable[..., Any] | None = None
        self._settings = group.GroupSettings(bundle)
        # What may answer a request of a route in place of its endpoint, and what takes events that
        # are not requests: a function with deferred routes has the one, its worker the other.
        self.defer: Callable[[Application, str, Request, Environ], Response | None] | None = None
        self.take_event: Callable[[Any, object], dict[str, Any]] | None = None
        if bundle.SDK == "real":
            from endpoint_runtime.real_sdk import prepare

            prepare()
        self.note_threads()

    def note_threads(self) -> None:
        """Have the threads that there are belong to no invocation."""
        if _count():
            from endpoint_runtime.app.late_work import note_threads

            note_threads()

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Return the response to a request, and the declared path of its route (`-` for none).

        Whatever goes wrong becomes a response; only `process.interrupts` come through.
        """
        request = Request(environ)
        found = None
        host = environ.get("HTTP_HOST")
        plain = host in HOSTS or is_plain_host(host)
        if plain:
            found = self._plain_routes.find(request.method, request.path)
        if found is not None:
            route, values = found
            rule, source = route.rule, route.source
        else:
            try:
                rule, source, values = self._match(request, plain)
            except HTTPException as fault:
                if self.errors != "dify":
                    return self.failure(environ, fault), "-"
                from endpoint_runtime.app.failures import no_match

                return no_match(self, fault), "-"
            except Exception as fault:
                self.log_exception("matching the request failed", fault, environ)
                return self.failure(environ), "-"
        defer = self.defer
        try:
            response = None if defer is None else defer(self, rule, request, environ)
            if response is None:
                response = self._invoke(source, request, values, environ)
        except process.interrupts:
            raise
        except BaseException as fault:  # a plugin's sys.exit() must not end the function
            process.end_if_forked(fault, self._settings.hidden)
            return self._failed(fault, source, environ), rule
        return response, rule

    def _match(self, request: Request, plain: bool) -> tuple[str, str, dict[str, Any]]:
        """Match as werkzeug's Map does: the rule, its source, the values; raises HTTPExceptions."""
        allowed = self._plain_routes.refusal(request.method, request.path) if plain else None
        if allowed is not None:
            raise MethodNotAllowed(sorted(allowed)) if allowed else NotFound()
        if self._all_rules is None:
            from endpoint_runtime.routes.all_rules import AllRules

            self._all_rules = AllRules(self.bundle.ROUTES)
        return self._all_rules.match(request, plain)

    def failure(self, environ: Environ, error: HTTPException | None = None) -> Response:
        """The page of an error that tells nothing, by default a 500."""
        response = (error or InternalServerError()).get_response(environ)
        assert isinstance(response, Response)  # noqa: S101 - werkzeug's type is wider than it is
        return response

    def _failed(self, fault: BaseException, source: str, environ: Environ) -> Response:
        try:
            from endpoint_runtime.app.failures import failed
        except Exception:  # no descriptor or no memory is left, or imports are broken
            self.log_exception(f"{source} failed", fault, environ)
            return self.failure(environ)
        return failed(self, fault, source, source in self._classes, environ)

    @property
    def hidden(self) -> Sequence[str]:
        """Texts of settings that are in no log and in no answer."""
        return self._settings.hidden

    def log_exception(self, message: str, fault: BaseException, environ: Environ) -> None:
        """Log a traceback without the values of settings.

        Does not return to a process that a plugin forked, whose own that is.
        """
        process.end_if_forked(fault, self._settings.hidden)
        report.log_exception(message, fault, request_id_of(environ), self._settings.hidden)

    def _invoke(
        self, source: str, request: Request, values: Mapping[str, Any], environ: Environ
    ) -> Response:
        """Make a new instance of the source's class and have it answer."""
        backends = self._backends
        clock = getattr(environ.get("lambda.context"), "get_remaining_time_in_millis", None)
        backends.clock = clock
        flat = self._settings.flat
        if flat is not None:
            group_settings = flat.copy()
        else:
            group_settings = self._settings.copy(deadline_of(environ), request_id_of(environ))
        cls = self._classes.get(source) or self._load(source)
        make_session = self._make_session or self._import_session()
        session = make_session(self.hook_id, backends, clock)
        response = cls(session).invoke(request, values, group_settings)
        if type(response) is not Response and not isinstance(response, Response):
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
        body = response.response
        kind = type(body)
        if kind is not list and kind is not GENERATOR:
            if body is None:
                response.response = ()
            elif isinstance(body, _WHOLE_BODIES):
                # Set as an attribute this would be sent by the character, or not at all.
                response.response = [body.encode() if isinstance(body, str) else bytes(body)]
        return response

    def settings_for(self, environ: Environ) -> dict[str, Any]:
        """Return the settings as `_invoke` gets them; raises what reading them raises."""
        flat = self._settings.flat
        if flat is not None:
            return flat.copy()
        return self._settings.copy(deadline_of(environ), request_id_of(environ))

    def _load(self, source: str) -> type[Any]:
        cls = self._classes[source] = endpoints.load_endpoint(self.root, source)
        return cls

    def load_early(self, sources: Iterable[str]) -> None:
        """Load these now, and what any request to them needs; raises whatever that raises."""
        self._import_session()
        for source in sources:
            self._load(source)

    def load_endpoints(self) -> None:
        """Load every endpoint now; what fails is logged, and is tried again by its request."""
        self._import_session()
        for source in dict.fromkeys(route[2] for route in self.bundle.ROUTES):
            try:
                self._load(source)
            except process.interrupts:
                raise
            except BaseException as fault:
                process.end_if_forked(fault)
                report.log_exception(f"{source} can't be loaded", fault, "", [])

    def forget(self) -> None:
        """Drop connections and what was read from elsewhere: this process is another's copy."""
        self._settings.forget()
        self._backends.forget()
        for forget in process.forgetters:
            forget()

    def _import_session(self) -> Callable[..., Any]:
        from dify_plugin.core.runtime import Session

        self._make_session = Session.of_request
        return self._make_session

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve a request as WSGI (PEP 3333); generators are streamed."""
        from endpoint_runtime.app.wsgi import serve

        return serve(self, environ, start_response)


class Backends:
    """What answers the calls of sessions: `apps`, `calls`, `files` and `storage`.

    One application's requests and threads share them. Each is made when it is first asked for, with
    the modules it needs: most requests ask for none. `clock` tells how many ms the latest request
    has left: plugins keep sessions, and call with them long after their own.
    """

    clock: Callable[[], float] | None = None

    def __init__(self, bundle: Any) -> None:
        self.bundle = bundle

    def __getattr__(self, name: str) -> Any:
        from endpoint_runtime.app.backends import make_part

        return make_part(self, name)

    def forget(self) -> None:
        """Drop all parts, with their connections; they are made again when they are asked for."""
        self.__dict__ = {"bundle": self.bundle}


def close_after_answer(application: Serving, response: Response, environ: Environ) -> None:
    """Close a response once its caller has the answer, or now where nothing can come after it."""
    deferred = process.after_answer
    if not has_to_be_closed(response):
        return
    if deferred is not None:
        deferred.append((application, response, environ))
        return
    from endpoint_runtime.app.closing import close

    close(application, response, environ)


def has_to_be_closed(response: Response) -> bool:
    """Whether closing a response may do anything: no plain one does whose generator has ended."""
    if type(response) is not Response or response._on_close:
        return True
    body = response.response
    return type(body) is not list and getattr(body, "gi_frame", response) is not None
