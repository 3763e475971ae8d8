"""What the forms of subscriptions do: make, change, switch, renew and end, as the commands do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from packager.console.endpoint_pages import endpoint_of
from packager.console.fields import Field, filled, given_of, with_errors
from packager.console.forms import Form, read_form
from packager.console.pages import away, pages_of, see
from packager.console.source import Group
from packager.console.subscriptions.forms import (
    filled_rows,
    parameters_of,
    workflow_rows,
    workflows_of,
)
from packager.console.subscriptions.new_pages import new_page
from packager.console.subscriptions.pages import (
    Filled,
    edit_page,
    form_of,
    job_of,
    provider_of,
    sure_page,
)
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.store import Clash
from packager.errors import Diagnostics, InvalidInput, PackagerError
from packager.subscriptions import manage
from packager.subscriptions.given import Given
from packager.subscriptions.subscription import subscription_of
from packager.subscriptions.wanted import changed_subscription, check_changed, new_subscription

_CHANGED = "Somebody else changed this subscription meanwhile. What it is now is below."


async def create_by_hand(request: Request, group: Group, form: Form, shown: Filled) -> Response:
    """Make a subscription that the user tells the service of."""
    _, provider = provider_of(request)
    diagnostics = Diagnostics()
    rows = filled_rows(form)
    properties = values_given(shown.fields, form, diagnostics)
    workflows, rows = workflows_of(rows, provider, diagnostics)
    name = form.text("name")
    given = Given(properties=properties, workflows=workflows)
    try:
        subscription = new_subscription(provider, given, "unauthorized", diagnostics)
        job = job_of(request, group)
        await away(manage.check_name, job, name, diagnostics)
        diagnostics.raise_errors()
        wanted = manage.Wanted(name, subscription, enabled=form.has("enabled"))
        made: Endpoint = await away(manage.create, job, wanted, diagnostics)
    except InvalidInput:
        again = replace(
            shown,
            name=name,
            enabled=form.has("enabled"),
            fields=with_errors(filled(list(shown.fields), form), without_part(diagnostics)),
            rows=rows + workflow_rows(()),
            wrong=wrong_of(diagnostics),
        )
        return new_page(request, group, again, 422)
    return see(path_of(group, made), done="created")


async def save(request: Request) -> Response:
    """Change a subscription to what a filled form says."""
    group, provider = provider_of(request)
    form = await read_form(request)
    endpoint = await endpoint_of(request, group)
    shown = await form_of(request, group, endpoint)
    if form.text("version") != str(endpoint.version):
        return edit_page(request, group, endpoint, replace(shown, others=[_CHANGED]), 409)
    diagnostics = Diagnostics()
    workflows, rows = workflows_of(filled_rows(form), provider, diagnostics)
    before = await away(subscription_of, group.function, endpoint)
    given = Given(workflows=workflows)
    if before.constructed:
        if shown.fields:
            said = parameters_of(shown.fields, form, diagnostics)
            gone = {each.name: None for each in shown.fields if each.name not in said}
            given = replace(given, parameters={**said, **gone})
    else:
        given = replace(given, properties=values_given(shown.fields, form, diagnostics))
    after = changed_subscription(before, given)
    name, job = form.text("name"), job_of(request, group)
    again = replace(
        shown,
        name=name,
        fields=filled(list(shown.fields), form),
        rows=rows + workflow_rows(()),
    )
    try:
        check_changed(provider, after, None, diagnostics)
        if name != endpoint.name:
            await away(manage.check_name, job, name, diagnostics)
        diagnostics.raise_errors()
        told: list[str] = []

        def update() -> Endpoint:
            return manage.update(job, endpoint, after, diagnostics, name=name, say=told.append)

        done: Endpoint = await away(update)
    except InvalidInput:
        again = replace(
            again,
            fields=with_errors(list(again.fields), without_part(diagnostics)),
            wrong=wrong_of(diagnostics),
        )
    except Clash as clash:
        return pages_of(request).failure(request, clash, 409)
    except PackagerError as error:
        again = replace(again, others=[str(error)])
    else:
        return see(path_of(group, done), done="kept" if done is endpoint else "saved")
    return edit_page(request, group, endpoint, again, 422)


async def switch(request: Request) -> Response:
    """Enable or disable a subscription."""
    group, _ = provider_of(request)
    await read_form(request)
    endpoint = await endpoint_of(request, group)
    enabled = request.url.path.endswith("/enable")
    await away(manage.enable, job_of(request, group), endpoint, enabled, Diagnostics())
    return see(path_of(group, endpoint), done="enabled" if enabled else "disabled")


async def refresh(request: Request) -> Response:
    """Renew what of a subscription can expire."""
    group, _ = provider_of(request)
    await read_form(request)
    endpoint = await endpoint_of(request, group)

    def renew() -> manage.Renewed:
        return manage.refresh(job_of(request, group), endpoint, Diagnostics(), due=False)

    done: manage.Renewed = await away(renew)
    return see(path_of(group, endpoint), done="renewed" if done.parts else "kept")


async def delete(request: Request) -> Response:
    """End a subscription at the service, and forget it."""
    group, _ = provider_of(request)
    form = await read_form(request)
    endpoint = await endpoint_of(request, group)

    def end() -> str | None:
        return manage.delete(job_of(request, group), endpoint, force=form.has("force"))

    try:
        await away(end)
    except PackagerError as error:
        return sure_page(request, group, endpoint, str(error), 502)
    return see(f"/functions/{group.id}/subscriptions", done="deleted")


def values_given(fields: Sequence[Field], form: Form, diagnostics: Diagnostics) -> dict[str, Any]:
    """Return what a form says of settings; wrong ones are absent, and noted."""
    given = given_of(list(fields), form, diagnostics)
    return {name: each.value for name, each in given.items() if not each.wrong}


def without_part(diagnostics: Diagnostics) -> Diagnostics:
    """Return errors by the names of fields: `properties.secret` is the field `secret`."""
    found = Diagnostics()
    for each in diagnostics.errors:
        found.add(replace(each, key=each.key.rpartition(".")[2]))
    return found


def wrong_of(diagnostics: Diagnostics) -> Mapping[str, str]:
    """Return what is wrong with a name."""
    for each in diagnostics.errors:
        if each.key == "name" or (each.code == "duplicate" and "named" in each.message):
            return {"name": each.message}
    return {}


def path_of(group: Group, endpoint: Endpoint) -> str:
    """Return a subscription's address in the console."""
    return f"/functions/{group.id}/subscriptions/{endpoint.hook_id}"
