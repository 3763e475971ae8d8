"""Answers what goes wrong on the way to an endpoint and in it, and says so in the log.

Imported by the first request that fails.
"""

from __future__ import annotations

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from endpoint_runtime.gateway.environ import request_id_of
from endpoint_runtime.gateway.errors import UnsendableReply
from endpoint_runtime.logs import report
from endpoint_runtime.logs.masking import mask
from endpoint_runtime.settings.group import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from endpoint_runtime.app.serving import Serving

    Environ = dict[str, Any]


def no_match(application: Serving, fault: HTTPException) -> Response:
    """Return Dify's response to a request that no route takes."""
    text = text_for_caller(application, fault)
    return Response(f"Failed to dispatch endpoint request: {text}", status=404)


def failed(
    application: Serving, fault: BaseException, source: str, is_loaded: bool, environ: Environ
) -> Response:
    """Return the response to an exception on the way to, or in, the endpoint of `source`."""
    if isinstance(fault, SettingsError):
        report.log("ERROR", f"the settings can't be used: {fault}", request_id_of(environ))
        return application.failure(environ)
    if isinstance(fault, HTTPException) and is_loaded and application.errors != "dify":
        try:
            response = application.failure(environ, fault)
        except Exception as broken:
            application.log_exception(f"{source} raised a broken HTTPException", broken, environ)
            return application.failure(environ)
        if fault.response is None and fault.description != type(fault).description:
            _mask_page(response)
        if response.status_code >= 500:
            application.log_exception(f"{source} raised an HTTPException", fault, environ)
        return response
    message = f"{source} failed" if is_loaded else f"{source} can't be loaded"
    application.log_exception(message, fault, environ)
    if application.errors == "dify" and is_loaded:
        if isinstance(fault, ValueError):
            return Response(text_for_caller(application, fault), status=404)
        return Response(f"Internal Server Error: {text_for_caller(application, fault)}", status=500)
    return application.failure(environ)


def _mask_page(response: Response) -> None:
    """Take secrets out of a page that says what an exception says."""
    page = response.get_data(as_text=True)
    masked = mask(page)
    if masked != page:
        response.set_data(masked)


def log_unsent(application: Serving, route: str, fault: BaseException, environ: Environ) -> None:
    """Log why a response can't be sent: in a line, where that tells all there is to tell."""
    if isinstance(fault, UnsendableReply):
        report.log("ERROR", f"{route}: {fault}", request_id_of(environ))
    else:
        application.log_exception("the response can't be sent", fault, environ)


def text_for_caller(application: Serving, fault: BaseException) -> str:
    """Return what an exception says, without what its traceback in the log is without."""
    return mask(text_of(fault), application.hidden)


def text_of(fault: BaseException) -> str:
    """What an exception says, whatever its class does, as text that can be sent."""
    try:
        return str(fault).encode("utf-8", "backslashreplace").decode()
    except BaseException:
        return f"<{type(fault).__name__}>"
