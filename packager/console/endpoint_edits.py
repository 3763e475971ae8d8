"""What the forms of endpoints do: make, change, switch, move and delete, as the commands do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from packager.console.endpoint_pages import (
    Filled,
    endpoint_of,
    form_of,
    form_page,
    group_of,
    with_fault,
)
from packager.console.fields import fields_of, filled, given_of, with_errors
from packager.console.forms import Form, read_form
from packager.console.pages import away, language_of, pages_of, see
from packager.console.source import Group
from packager.endpoints import manage
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import Values
from packager.endpoints.manage import Done, Wanted
from packager.endpoints.store import Clash, NameTaken, RootTaken
from packager.errors import Diagnostic, Diagnostics, InvalidInput, PackagerError

_CHANGED = (
    "Somebody else changed this endpoint meanwhile. What it is now is below; change it again."
)


async def create(request: Request) -> Response:
    """Make an endpoint of a filled form."""
    group = group_of(request)
    form = await read_form(request)
    language = language_of(request.headers.get("accept-language", ""))
    empty = Filled(fields=fields_of(group, Values(), language))

    def write(wanted: Wanted, diagnostics: Diagnostics) -> Done:
        return manage.create(group.function, wanted, diagnostics)

    return await _written(request, group, None, (form, empty, write))


async def save(request: Request) -> Response:
    """Change an endpoint to what a filled form says."""
    group = group_of(request)
    form = await read_form(request)
    endpoint = await endpoint_of(request, group)
    shown = await form_of(request, group, endpoint)
    if form.text("version") != str(endpoint.version):
        late = replace(shown, others=[Diagnostic("conflicting-values", _CHANGED)])
        return form_page(request, group, endpoint, late, 409)

    def write(wanted: Wanted, diagnostics: Diagnostics) -> Done:
        return manage.edit(group.function, endpoint, wanted, diagnostics)

    return await _written(request, group, endpoint, (form, shown, write))


async def switch(request: Request) -> Response:
    """Enable or disable an endpoint."""
    group = group_of(request)
    await read_form(request)
    endpoint = await endpoint_of(request, group)
    enabled = request.url.path.endswith("/enable")
    wanted = Wanted(enabled=enabled)
    await away(manage.edit, group.function, endpoint, wanted, Diagnostics())
    return see(_path(group, endpoint), done="enabled" if enabled else "disabled")


async def rotate(request: Request) -> Response:
    """Give an endpoint another address."""
    group = group_of(request)
    await read_form(request)
    endpoint = await endpoint_of(request, group)
    after = await away(manage.rotate, group.function, endpoint)
    return see(_path(group, after), done="rotated")


async def delete(request: Request) -> Response:
    """Delete an endpoint."""
    group = group_of(request)
    await read_form(request)
    endpoint = await endpoint_of(request, group)
    await away(manage.delete, group.function, endpoint)
    return see(f"/functions/{group.id}/endpoints", done="deleted")


Write = Callable[[Wanted, Diagnostics], Done]


async def _written(
    request: Request, group: Group, before: Endpoint | None, how: tuple[Form, Filled, Write]
) -> Response:
    """Write what a form says, and show the endpoint; or the form again, with what is wrong."""
    form, shown, write = how
    diagnostics = Diagnostics()
    wanted = Wanted(
        name=form.text("name"),
        given=given_of(list(shown.fields), form, diagnostics),
        enabled=form.has("enabled") if before is None else None,
        root=form.has("root"),
    )
    again = Filled(
        form.text("name"),
        form.has("root"),
        form.has("enabled"),
        filled(list(shown.fields), form),
        shown.version,
    )
    try:
        done: Done = await away(write, wanted, diagnostics)
    except InvalidInput:
        again = _with_diagnostics(again, diagnostics)
    except NameTaken as taken:
        again = with_fault(again, "name", str(taken))
    except RootTaken as taken:
        again = with_fault(again, "root", f"{taken}; take it from there first")
    except Clash as clash:
        pages = pages_of(request)
        return pages.failure(request, clash, 409)
    except PackagerError as error:
        again = replace(again, others=[Diagnostic("invalid-value", str(error), hint=error.hint)])
    else:
        said = "saved" if before is not None else "created"
        notes = ",".join(dict.fromkeys(each.code for each in diagnostics.warnings))
        query = {"done": "kept" if done.action == "keep" else said} | (
            {"note": notes} if notes else {}
        )
        return see(_path(group, done.endpoint), **query)
    return form_page(request, group, before, again, 422)


def _with_diagnostics(form: Filled, diagnostics: Diagnostics) -> Filled:
    names = {each.name for each in form.fields}
    others: Sequence[Diagnostic] = [each for each in diagnostics.errors if each.key not in names]
    form = replace(form, fields=with_errors(list(form.fields), diagnostics))
    rest = []
    for each in others:
        # That a name is taken belongs to no setting, and says so by its code.
        if each.key in ("name", "root") or each.code == "duplicate":
            form = with_fault(form, each.key or "name", each.message)
        else:
            rest.append(each)
    return replace(form, others=rest)


def _path(group: Group, endpoint: Endpoint) -> str:
    return f"/functions/{group.id}/endpoints/{endpoint.hook_id}"
