"""What answers requests, as modules see it that `application` calls: for type checkers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from endpoint_runtime.lambda_api.time_limit import TimeLimit

Environ = dict[str, Any]


class Serving(Protocol):
    """An endpoint group, as `Application` is one."""

    bundle: Any  # its literals
    root: str
    errors: str
    hook_id: str
    max_body: int
    base_path: str
    gzip: bool
    stream: bool
    fail_on: tuple[int, ...]
    stream_heartbeat: int
    body_types: tuple[tuple[str, ...], tuple[str, ...]]
    take_event: Callable[[Any, object], dict[str, Any]] | None

    @property
    def hidden(self) -> Sequence[str]:
        """Texts of settings that are in no log and in no answer."""

    def answer(self, environ: Environ) -> tuple[Response, str]:
        """Return the response to a request, and the declared path of its route."""

    def failure(self, environ: Environ, fault: HTTPException | None = None) -> Response:
        """Return the page of an HTTP error."""

    def log_exception(self, message: str, fault: BaseException, environ: Environ) -> None:
        """Log a traceback without the values of settings."""


class StreamedReply(Protocol):
    """A reply of `streaming`, as what sends it sees it."""

    heartbeat: int  # seconds between signs of life (0: none)

    @property
    def body(self) -> StreamedBody:
        """What follows the head."""

    @property
    def head(self) -> bytes:
        """What goes before the body."""


class StreamedBody(Protocol):
    """The body of such a reply."""

    first: bytes
    chunks: Iterator[Any]
    limit: TimeLimit

    def failed(self, fault: BaseException) -> StreamedReply:
        """Return the reply instead, where nothing has been sent yet."""

    def report(self, fault: BaseException) -> tuple[str, str]:
        """Log that the body failed midway; return type and message for the trailers."""

    def cut_off(self) -> TimeoutError | None:
        """Return what a body failed with whose time was over; None if what came is of use."""

    def say(self, what: str) -> None:
        """Log why the body ends early."""

    def close(self, *, now: bool = False) -> None:
        """Close the response."""

    def end(self, *, now: bool = False) -> None:
        """Close the response and log the request."""
