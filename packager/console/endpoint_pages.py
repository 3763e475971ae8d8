"""The pages of a group's endpoints: all of them, one, its form, and the question before the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from packager.console.fields import Field, fields_of
from packager.console.function_pages import function_of
from packager.console.pages import away, language_of, pages_of, see
from packager.console.source import Group
from packager.console.urls import managed_urls, single_urls
from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import Values
from packager.endpoints.shown import shown_settings
from packager.errors import Diagnostic
from packager.settings.language import text_in


@dataclass(frozen=True, slots=True)
class Filled:
    """A form of an endpoint as it stands: what is in it, and what is wrong with it."""

    name: str = ""
    root: bool = False
    enabled: bool = True
    fields: Sequence[Field] = ()
    version: int = 0  # of the endpoint that the form was made from
    wrong: dict[str, str] = field(default_factory=dict)  # messages by "name", "root"
    others: Sequence[Diagnostic] = ()  # what belongs to no field

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """What is wrong: where on the page, what it is called there, and the message."""
        heads = {"name": "Name", "root": "Root address"}
        return [
            *((f"field:{each}", heads.get(each, each), said) for each, said in self.wrong.items()),
            *((each.id, each.label, each.error) for each in self.fields if each.error),
            *(("", each.key, each.message) for each in self.others),
        ]


def group_of(request: Request) -> Group:
    """Return the group that an address names."""
    group = pages_of(request).console.group(request.path_params["function"])
    if group is None or group.provider is not None:  # whose subscriptions have pages of their own
        raise HTTPException(404)
    return group


async def endpoint_of(request: Request, group: Group) -> Endpoint:
    """Return the endpoint that an address names."""
    found: Endpoint | None = await away(group.function.store.get, request.path_params["hook_id"])
    if found is None:
        raise HTTPException(404)
    return found


async def listing(request: Request) -> Response:
    """Show every endpoint of a group; the one endpoint of a group that has no others."""
    pages = pages_of(request)
    known = pages.console.group(request.path_params["function"])
    if known is not None and known.provider is not None:
        return see(f"/functions/{known.id}/subscriptions")
    if known is None:
        workbench, served = function_of(request)
        urls = single_urls(workbench, served)
        return pages.page(request, "single.html", served=served, urls=urls)
    group = group_of(request)
    endpoints = await away(group.function.store.all)
    endpoints.sort(key=lambda each: (each.name.lower(), each.name))
    return pages_of(request).page(
        request, "endpoints.html", group=group, endpoints=endpoints, takes=group.function.takes
    )


async def new(request: Request) -> Response:
    """Show the form of an endpoint to be made."""
    group = group_of(request)
    fields = fields_of(group, Values(), _language(request))
    return form_page(request, group, None, Filled(fields=fields))


async def edit(request: Request) -> Response:
    """Show the form of an endpoint that there is."""
    group = group_of(request)
    endpoint = await endpoint_of(request, group)
    return form_page(request, group, endpoint, await form_of(request, group, endpoint))


async def form_of(request: Request, group: Group, endpoint: Endpoint) -> Filled:
    """Return the form of an endpoint as its store has it."""
    values = await away(group.function.values, endpoint)
    return Filled(
        endpoint.name,
        endpoint.root,
        endpoint.enabled,
        fields_of(group, values, _language(request)),
        endpoint.version,
    )


def form_page(
    request: Request, group: Group, endpoint: Endpoint | None, form: Filled, status: int = 200
) -> Response:
    """Return the page of a form."""
    return pages_of(request).page(
        request, "endpoint_form.html", status, group=group, endpoint=endpoint, form=form
    )


async def show(request: Request) -> Response:
    """Show an endpoint: its addresses, its settings, what can be done with it."""
    group = group_of(request)
    endpoint = await endpoint_of(request, group)
    values = await away(group.function.values, endpoint)
    language = _language(request)
    labels = {
        each.name: text_in(each.label, language) or each.name
        for each in group.function.declaration.settings
    }
    return pages_of(request).page(
        request,
        "endpoint.html",
        group=group,
        endpoint=endpoint,
        takes=group.function.takes(endpoint),
        urls=managed_urls(group.function, endpoint),
        settings=shown_settings(group.function, values),
        labels=labels,
    )


async def sure(request: Request) -> Response:
    """Ask before an address of an endpoint ends."""
    group = group_of(request)
    endpoint = await endpoint_of(request, group)
    what = request.url.path.rpartition("/")[2]
    return pages_of(request).page(
        request, "endpoint_sure.html", group=group, endpoint=endpoint, what=what
    )


def with_fault(form: Filled, name: str, message: str) -> Filled:
    """Return a form with something wrong that is not of a setting."""
    return replace(form, wrong={**form.wrong, name: message})


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language", ""))
