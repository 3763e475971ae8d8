"""The application of a function whose endpoints are managed: each has its settings and address.

`/e/<hook id>/<path>` is the endpoint's own `/<path>`: the prefix is in SCRIPT_NAME, as a proxy
would have it. An endpoint that nobody made, one that is switched off and an address that never was
any are answered alike. Source: langgenius/dify-plugin-daemon, internal/server/endpoint.go.
"""

from __future__ import annotations

from time import time

from werkzeug.exceptions import NotFound

from endpoint_runtime import process
from endpoint_runtime.app.application import Application
from endpoint_runtime.gateway.environ import deadline_of, request_id_of
from endpoint_runtime.gateway.headers import as_header, root_url
from endpoint_runtime.logs import report
from endpoint_runtime.managed.endpoints import Endpoints
from endpoint_runtime.managed.hook_ids import LENGTH, PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from werkzeug.wrappers import Request, Response

    from endpoint_runtime.managed.endpoints import Endpoint
    from endpoint_runtime.managed.settings import EndpointSettings

    Environ = dict[str, Any]

_START = len(PATH)
_END = _START + LENGTH
# Follows `PATH` in the path of a mapped event, and is followed by the endpoint's name: no client
# can ask for it.
NAMED = "="
# The key of the environ that says what answers.
ANSWERING = "endpoint_runtime.application"


class ManagedApplication(Application):
    """All endpoints of a group. `public_url`, if any, is what clients use."""

    def __init__(self, bundle: Any, root: str) -> None:
        super().__init__(bundle, root)
        self.hook_id = ""
        self._public: Any = None
        if bundle.PUBLIC_URL is not None:
            from endpoint_runtime.app.public_url import PublicUrl

            self._public = PublicUrl(bundle.PUBLIC_URL)
        self._endpoints = Endpoints(bundle, self._make)
        self._known = self._endpoints.known

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Return the response to a request, and what the log calls its route."""
        if self._public is not None:
            self._public.place(environ)
        path: str = environ["PATH_INFO"]
        start, below = path[:_END], path[_END:]
        endpoint = self._known.get(start)
        now = time()
        if endpoint is None or not endpoint.since <= now < endpoint.until or below[:1] != "/":
            return self._answer_slowly(environ, path or "/")
        endpoint.used = now
        # Here as well as in `_answer`, as a call would cost every event a tenth of a microsecond.
        environ["SCRIPT_NAME"] += start
        environ["PATH_INFO"] = below
        environ["HTTP_DIFY_HOOK_ID"] = endpoint.hook_id
        environ[ANSWERING] = endpoint.application
        response, route = endpoint.answer(environ)
        return response, endpoint.label + route

    def _answer_slowly(self, environ: Environ, path: str) -> tuple[Response, str]:
        """Find the endpoint, which may take a call, and have it answer."""
        try:
            endpoint, path = self._find(environ, path)
        except process.interrupts:
            raise
        except Exception as fault:
            process.end_if_forked(fault)
            # AWS's words may say what was asked for.
            why = f"{type(fault).__name__}: {fault}".replace(path[_START:_END], "***")
            report.log("ERROR", f"the endpoint can't be read: {why}", request_id_of(environ))
            return self.failure(environ), "-"
        if endpoint is None:
            return self.failure(environ, NotFound()), "-"
        endpoint.used = time()
        if path[:_START] == PATH:
            environ["SCRIPT_NAME"] += path[:_END]
            environ["PATH_INFO"] = path[_END:] or "/"
            if len(path) == _END:  # without the slash, which Dify would redirect to
                environ["HTTP_DIFY_HOOK_URL"] += "/"
        return _answer(endpoint, environ)

    def _find(self, environ: Environ, path: str) -> tuple[Endpoint | None, str]:
        """Return the endpoint that a request is for, and its path with the hook id in it."""
        deadline, request_id = deadline_of(environ), request_id_of(environ)
        hook_id: str | None
        if path[:_START] != PATH:
            hook_id = self._endpoints.root(deadline)
            if hook_id is None:
                return None, path
            return self._endpoints.find(hook_id, deadline, request_id), path
        if path[_START : _START + 1] == NAMED and "lambda.source" in environ:
            from urllib.parse import unquote

            name, _, rest = path[_START + 1 :].partition("/")
            hook_id = self._endpoints.named(unquote(name), deadline)
            path = f"{PATH}{hook_id}/{rest}"
            root = root_url(environ["wsgi.url_scheme"], environ["HTTP_HOST"])
            url = f"{root}{environ['SCRIPT_NAME']}{path}"
            environ["HTTP_DIFY_HOOK_URL"] = as_header(url)
        else:
            hook_id = path[_START:_END]
        if hook_id is None or path[_END : _END + 1] not in ("/", ""):
            return None, path
        return self._endpoints.find(hook_id, deadline, request_id), path

    def _make(self, endpoint: Endpoint) -> EndpointApplication:
        application = EndpointApplication(self, endpoint)
        endpoint.answer = application.answer
        return application

    def log_exception(self, message: str, fault: BaseException, environ: Environ) -> None:
        """Log a traceback without the values of the settings of the request's endpoint."""
        answering = environ.get(ANSWERING)
        log = super().log_exception if answering is None else answering.log_exception
        log(message, fault, environ)

    def forget(self) -> None:
        """Drop connections and what was read from elsewhere: this process is another's copy."""
        super().forget()
        self._endpoints.forget()
        self._known = self._endpoints.known


class EndpointApplication(Application):
    """One endpoint: what the group's application is, with its own settings and hook id."""

    def __init__(self, group: ManagedApplication, endpoint: Endpoint) -> None:
        # Routes, classes, backends: all that settings don't change. One by one, as that makes
        # attributes that are read sooner than those of an updated `__dict__`.
        for name, value in vars(group).items():
            setattr(self, name, value)
        self._group = group
        self._label = ""
        self.hook_id = endpoint.hook_id
        if group.bundle.ENDPOINTS["storage"] == "endpoint":
            from endpoint_runtime.managed.own_storage import OwnStorage

            self._backends = OwnStorage(group._backends, endpoint.space)

    def use(self, settings: EndpointSettings, label: str) -> None:
        """Have requests get these settings from now on, and tracebacks say `label`.

        Requests may still have those so far.
        """
        before = getattr(self._settings, "own", ())
        settings.hidden = [*settings.own, self.hook_id, *before]
        self._settings, self._label = settings, label  # type: ignore[assignment]

    def _match(self, request: Request, plain: bool) -> tuple[str, str, dict[str, Any]]:
        return self._group._match(request, plain)  # which keeps werkzeug's Map for them all

    def log_exception(self, message: str, fault: BaseException, environ: Environ) -> None:
        """Log a traceback without the values of settings, by the endpoint's name."""
        super().log_exception(f"{self._label}{message}", fault, environ)


def _answer(endpoint: Endpoint, environ: Environ) -> tuple[Response, str]:
    environ["HTTP_DIFY_HOOK_ID"] = endpoint.hook_id
    environ[ANSWERING] = endpoint.application
    response, route = endpoint.answer(environ)
    return response, endpoint.label + route
