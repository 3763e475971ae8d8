"""The console as an application: its addresses, each with what answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from packager.console import (
    endpoint_edits,
    endpoint_pages,
    function_pages,
    request_pages,
    request_streams,
    sending,
    try_pages,
)
from packager.console.guard import PREFIX, Guard
from packager.console.pages import make_pages, pages_of
from packager.console.source import Console, StackView
from packager.console.subscriptions import edits, making, new_pages
from packager.console.subscriptions import pages as subscription_pages
from packager.errors import PackagerError
from packager.serve.state import Workbench

STATIC = Path(__file__).parent / "static"
_FUNCTION = "/functions/{function}"
_ENDPOINT = _FUNCTION + "/endpoints/{hook_id}"
Answer = Callable[[Request], Awaitable[Response]]


def make_app(
    source: Workbench | StackView,
    *,
    token: str | None = None,
    allowed_hosts: Collection[str] = (),
) -> Starlette:
    """Return the console of a workbench, or of a stack's endpoints.

    With a `token` only those get in who have it in their URL once. `allowed_hosts` are names that
    it answers to besides those of loopback and the address that a connection came to.
    """
    console = Console(source)
    pages = [
        *_endpoint_routes(),
        *_subscription_routes(),
        _get("/", function_pages.overview),
        *(_workbench_routes() if console.workbench is not None else ()),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(
        routes=[Route("/", _enter), Route(PREFIX, _enter), Mount(PREFIX, routes=pages)],
        middleware=[Middleware(Guard, token=token, allowed_hosts=allowed_hosts)],
        exception_handlers={HTTPException: _failed, PackagerError: _could_not},
    )
    app.state.pages = make_pages(console)
    return app


def _endpoint_routes() -> list[Route]:
    """Return the addresses of what `packager endpoints` does, too."""
    return [
        _get(_FUNCTION + "/endpoints", endpoint_pages.listing),
        _get(_FUNCTION + "/endpoints/new", endpoint_pages.new),
        _post(_FUNCTION + "/endpoints/new", endpoint_edits.create),
        _get(_ENDPOINT, endpoint_pages.show),
        _get(_ENDPOINT + "/edit", endpoint_pages.edit),
        _post(_ENDPOINT + "/edit", endpoint_edits.save),
        _get(_ENDPOINT + "/rotate", endpoint_pages.sure),
        _get(_ENDPOINT + "/delete", endpoint_pages.sure),
        _post(_ENDPOINT + "/enable", endpoint_edits.switch),
        _post(_ENDPOINT + "/disable", endpoint_edits.switch),
        _post(_ENDPOINT + "/rotate", endpoint_edits.rotate),
        _post(_ENDPOINT + "/delete", endpoint_edits.delete),
    ]


def _subscription_routes() -> list[Route]:
    """Return the addresses of what `packager subscriptions` does, too."""
    new = _FUNCTION + "/subscriptions/new"
    one = _FUNCTION + "/subscriptions/{hook_id}"
    return [
        _get(_FUNCTION + "/subscriptions", subscription_pages.listing),
        _get(new, new_pages.new),
        _post(new, making.create),
        _get(new + "/{draft}", new_pages.rest),
        _post(new + "/{draft}", making.finish_new),
        _get(new + "/{draft}/consent", new_pages.consent),
        _post(new + "/{draft}/consent", making.pasted),
        _get(new + "/{draft}/consented", making.consented),
        _get(one, subscription_pages.show),
        _get(one + "/edit", subscription_pages.edit),
        _post(one + "/edit", edits.save),
        _post(one + "/enable", edits.switch),
        _post(one + "/disable", edits.switch),
        _post(one + "/refresh", edits.refresh),
        _get(one + "/delete", subscription_pages.sure),
        _post(one + "/delete", edits.delete),
    ]


def _workbench_routes() -> list[Route]:
    """Return the addresses of what only functions that run here have."""
    return [
        _get("/changes", function_pages.changes),
        _get(_FUNCTION, function_pages.show),
        _get(_FUNCTION + "/icon", function_pages.icon),
        _get(_FUNCTION + "/profile", function_pages.profile),
        _post(_FUNCTION + "/profile", function_pages.make_profile),
        _get(_FUNCTION + "/profile/page", function_pages.profile_page),
        _get(_FUNCTION + "/try", try_pages.form),
        _post(_FUNCTION + "/try", sending.interface),
        _get(_FUNCTION + "/events", try_pages.events),
        _post(_FUNCTION + "/events", sending.event),
        _get("/requests", request_pages.listing),
        _get("/requests/changes", request_streams.changes),
        _get("/requests/{id}", request_pages.show),
        _get("/requests/{id}/changes", request_streams.progress),
        _get("/requests/{id}/edit", try_pages.edit),
        _get("/requests/{id}/event.json", request_pages.event_file),
        _get("/requests/{id}/body", request_pages.body_file),
        _post("/requests/{id}/again", sending.again),
        _post(_FUNCTION + "/send", sending.edited),
        _post("/invocations", sending.invocation),
    ]


def _get(path: str, answer: Answer) -> Route:
    return Route(path, answer, methods=["GET"])


def _post(path: str, answer: Answer) -> Route:
    return Route(path, answer, methods=["POST"])


async def _enter(request: Request) -> Response:
    return RedirectResponse(f"{PREFIX}/")


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's own promise
    pages = pages_of(request)
    if error.status_code == 404:
        return pages.missing(request, "page")
    return pages.failure(request, PackagerError(error.detail), error.status_code)


async def _could_not(request: Request, error: Exception) -> Response:
    assert isinstance(error, PackagerError)  # noqa: S101 - Starlette's own promise
    return pages_of(request).failure(request, error)
