"""What answers requests, as modules see it that `application` calls: for type checkers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

Environ = dict[str, Any]


class Serving(Protocol):
    """An endpoint group, as `Application` is one."""

    root: str
    errors: str
    hook_id: str
    max_body: int
    base_path: str
    gzip: bool
    stream: bool
    stream_heartbeat: int
    body_types: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def hidden(self) -> Sequence[str]:
        """Texts of settings that are in no log and in no answer."""

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Return the response to a request, and the declared path of its route."""

    def failure(self, environ: Environ, fault: HTTPException | None = None) -> Response:
        """Return the page of an HTTP error."""

    def log_exception(self, message: str, fault: BaseException, environ: Environ) -> None:
        """Log a traceback without the values of settings."""
