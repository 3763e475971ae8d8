"""The entry of `adapter = "mangum"`: the same application through a2wsgi and Mangum.

Contract: `mangum` and `a2wsgi` lie in the bundle; only this module imports them. Events that carry
no HTTP request, or one that can't be read, go the native way. What differs from the native adapter
is in docs/adapters.md.
"""

from __future__ import annotations

from a2wsgi import WSGIMiddleware
from mangum import Mangum

from endpoint_runtime.app.invocation import finish_work
from endpoint_runtime.app.wsgi import add_event
from endpoint_runtime.gateway.refused import is_readable
from endpoint_runtime.lambda_api.left_behind import restore
from endpoint_runtime.lambda_handler import application
from endpoint_runtime.lambda_handler import handler as native_handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The application, as a2wsgi calls it."""
    # Mangum's body ends where it ends, whether or not a Content-Length came with the event.
    environ["wsgi.input_terminated"] = True
    scope = environ["asgi.scope"]
    add_event(environ, scope["aws.event"], scope["aws.context"])
    return application(environ, start_response)


adapter = Mangum(WSGIMiddleware(served), lifespan="off")  # type: ignore[arg-type]


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer an HTTP event through Mangum; any other, or a broken one, as the native handler."""
    answer = adapter if is_readable(event, application.max_body) else native_handler
    try:
        return answer(event, context)
    finally:
        finish_work(application, context, ())
        restore(context)
