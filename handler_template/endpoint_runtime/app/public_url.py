"""Has requests say the public URL that the configuration names, whatever the gateway says.

For functions behind CloudFront or another proxy, whose Host is not the one that clients use.
"""

from __future__ import annotations

from endpoint_runtime.app.application import Application
from endpoint_runtime.gateway.headers import as_header, root_url
from endpoint_runtime.gateway.paths import starts_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from werkzeug.wrappers import Response

    Environ = dict[str, Any]


class PublicUrl:
    """The public URL of a function: scheme, host, port and the path that goes before all others."""

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        self._root = root_url(scheme, host)
        self._script = slash + path
        name, colon, port = host.rpartition(":")
        if not colon or not port.isdigit():
            name, port = host, "443" if scheme == "https" else "80"
        host = self._root.partition("://")[2]
        self._values = {
            "wsgi.url_scheme": scheme,
            "SERVER_NAME": name,
            "SERVER_PORT": port,
            "SCRIPT_NAME": self._script,
            "HTTP_HOST": host,
            # Plugins read these, too, to make URLs.
            "HTTP_X_FORWARDED_PROTO": scheme,
            "HTTP_X_FORWARDED_PORT": port,
            "HTTP_X_FORWARDED_HOST": host,
        }

    def place(self, environ: Environ) -> None:
        """Make a request one to the public URL; a proxy may have passed its path on or not."""
        path = environ.get("PATH_INFO") or "/"
        if self._script and starts_with(path, self._script):
            path = environ["PATH_INFO"] = path[len(self._script) :] or "/"
        environ.update(self._values)
        environ["HTTP_DIFY_HOOK_URL"] = as_header(f"{self._root}{self._script}{path}")


class PublicApplication(Application):
    """An endpoint group that has a public URL."""

    def __init__(self, bundle: Any, root: str) -> None:
        super().__init__(bundle, root)
        self._public = PublicUrl(bundle.PUBLIC_URL)

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Return the response to a request, and the declared path of its route."""
        self._public.place(environ)
        return super().answer(environ)
