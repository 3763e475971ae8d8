"""The pages of functions that run here: all plugins, one function, its icon, its cold start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from packager.console.events import event_stream
from packager.console.forms import read_form
from packager.console.pages import away, pages_of, see
from packager.console.urls import single_urls
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.plugin.plugin import Plugin
from packager.serve.state import ServedFunction, Workbench

_ASSETS = "_assets"  # where the SDK looks for what the manifest names
_MOST_ICON = 2 * 1024 * 1024
_ICONS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
# What a plugin brings is a picture and nothing else, also where somebody opens it by itself.
_ICON_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox; frame-ancestors 'none'",
    "cache-control": "private, max-age=60",
}
# The page has a script and styles in it; in a sandbox it has no origin, and so no way to here.
_PROFILE_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; sandbox allow-scripts; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
}


@dataclass(frozen=True, slots=True)
class ShownPlugin:
    """A plugin and its functions, as they stand."""

    plugin: Plugin
    functions: tuple[ServedFunction, ...]

    @property
    def icon(self) -> str | None:
        """The function whose page has the icon; None where the plugin has none."""
        return self.functions[0].id if icon_file(self.plugin) else None


async def overview(request: Request) -> Response:
    """Show every plugin; of a stack, every group."""
    pages = pages_of(request)
    workbench = pages.console.workbench
    if workbench is None:
        counts = {}
        for group in pages.console.groups():
            counts[group.id] = len(await away(group.function.store.all))
        return pages.page(request, "stack.html", groups=pages.console.groups(), counts=counts)
    return pages.page(request, "plugins.html", plugins=await away(_plugins, workbench.functions))


async def show(request: Request) -> Response:
    """Show one function: its build, what is wrong with it, its interfaces."""
    workbench, served = function_of(request)
    return pages_of(request).page(
        request,
        "function.html",
        served=served,
        urls=single_urls(workbench, served),
        packages=sorted(served.build.packages, key=lambda each: -each[2]) if served.build else [],
    )


async def changes(request: Request) -> Response:
    """Send the parts of the overview that change, as they do."""
    pages = pages_of(request)
    workbench = pages.console.workbench
    assert workbench is not None  # noqa: S101 - only a workbench has the address

    def part(ids: set[str] | None) -> dict[str, object]:
        return {
            "html": {
                each.id: pages.html(request, "function_state.html", served=each)
                for each in workbench.functions
                if ids is None or each.id in ids
            }
        }

    return event_stream(workbench.changes(), part)


async def icon(request: Request) -> Response:
    """Send a plugin's icon."""
    _, served = function_of(request)
    file = icon_file(served.plugin)
    if file is None:
        raise HTTPException(404)
    data = await away((served.plugin.root / file).read_bytes)
    return Response(data, media_type=_ICONS[PurePosixPath(file).suffix], headers=_ICON_HEADERS)


async def profile(request: Request) -> Response:
    """Show the last profile of a function's cold start, or how to make one."""
    pages = pages_of(request)
    _, served = function_of(request)
    made = served.id in pages.console.profiles
    return pages.page(request, "profile.html", served=served, made=made)


async def make_profile(request: Request) -> Response:
    """Measure a function's cold start."""
    await read_form(request)
    workbench, served = function_of(request)
    console = pages_of(request).console
    console.profiles[served.id] = await workbench.profile(served)
    return see(f"/functions/{served.id}/profile")


async def profile_page(request: Request) -> Response:
    """Send the page that the profiler made."""
    _, served = function_of(request)
    page = pages_of(request).console.profiles.get(served.id)
    if page is None:
        raise HTTPException(404)
    return HTMLResponse(page, headers=_PROFILE_HEADERS)


def function_of(request: Request) -> tuple[Workbench, ServedFunction]:
    """Return the function that an address names, and what it is of."""
    workbench = pages_of(request).console.workbench
    served = workbench.function(request.path_params["function"]) if workbench else None
    if workbench is None or served is None:
        raise HTTPException(404)
    return workbench, served


def icon_file(plugin: Plugin) -> str | None:
    """Return the path of a plugin's icon in its folder; None where there is none to show."""
    if not plugin.icon or PurePosixPath(plugin.icon).suffix not in _ICONS:
        return None
    for file in (f"{_ASSETS}/{plugin.icon}", plugin.icon):
        path = plugin.root / file
        try:
            if plugin.folder.holds(path) and path.is_file() and path.stat().st_size <= _MOST_ICON:
                return file
        except (OSError, ValueError, PackagerError):
            return None
    return None


def _plugins(functions: tuple[ServedFunction, ...]) -> list[ShownPlugin]:
    return list(_by_plugin(functions))


def _by_plugin(functions: tuple[ServedFunction, ...]) -> Iterator[ShownPlugin]:
    roots = dict.fromkeys(each.plugin.root for each in functions)
    for root in roots:
        own = tuple(each for each in functions if each.plugin.root == root)
        yield ShownPlugin(own[0].plugin, own)
