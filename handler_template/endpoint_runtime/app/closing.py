"""Closes responses: what a plugin asked for with `call_on_close`, and the end of generators.

Imported by a response that has something of the kind.
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from endpoint_runtime import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from endpoint_runtime.app.serving import Serving

    Closing = tuple[Serving, Response, dict[str, Any]]  # a response that is to be closed


def close(application: Serving, response: Response, environ: dict[str, Any]) -> None:
    """Run what a plugin asked for with `call_on_close`; its failure changes no reply."""
    for step in steps_of_closing(response):
        try:
            step()
            process.end_if_forked()
        except process.interrupts:
            raise
        except BaseException as fault:  # a plugin's sys.exit() must not end the function
            application.log_exception("closing the response failed", fault, environ)


def steps_of_closing(response: Response) -> Iterator[Callable[[], object]]:
    """Yield what werkzeug's `close` calls, so that one that fails keeps none from being called."""
    callbacks = getattr(response, "_on_close", None)
    if type(response).close is not Response.close or callbacks is None:
        yield response.close
        return
    close_body = getattr(response.response, "close", None)
    if close_body is not None:
        yield close_body
    yield from callbacks
