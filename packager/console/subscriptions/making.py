"""What the forms of a new subscription do, one after the other: credentials, consent, the rest."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from packager.console.fields import fields_of, filled, with_errors
from packager.console.forms import read_form
from packager.console.guard import PREFIX
from packager.console.pages import away, pages_of, see
from packager.console.source import Group
from packager.console.subscriptions.edits import (
    create_by_hand,
    path_of,
    values_given,
    without_part,
    wrong_of,
)
from packager.console.subscriptions.forms import (
    filled_rows,
    parameter_fields,
    parameters_of,
    workflow_rows,
    workflows_of,
)
from packager.console.subscriptions.new_pages import (
    consent_page,
    draft_of,
    first_settings,
    new_page,
    rest_page,
    ways,
)
from packager.console.subscriptions.pages import Filled, job_of, language, provider_of
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import Values
from packager.errors import Diagnostics, InvalidInput, PackagerError
from packager.subscriptions import manage
from packager.subscriptions.drafts import Draft
from packager.subscriptions.given import check_required, plain_of, references_of, with_defaults
from packager.subscriptions.job import Job
from packager.subscriptions.oauth import PATH, PORT, begin, finish
from packager.subscriptions.subscription import Subscription


async def create(request: Request) -> Response:
    """Take the first form: make a subscription of it, or go on to the second."""
    group, provider = provider_of(request)
    form = await read_form(request)
    possible = ways(request, provider)
    method = next((each for each in possible if each == form.text("method")), possible[0])
    settings = first_settings(provider, method)
    fields = fields_of(group, Values(), language(request), settings)
    shown = Filled(form.text("name"), method, form.has("enabled"), fields=fields)
    if method == "unauthorized":
        return await create_by_hand(request, group, form, shown)
    diagnostics = Diagnostics()
    values = with_defaults(values_given(fields, form, diagnostics), settings)
    part = "credentials" if method == "api-key" else "oauth_client"
    check_required(values, settings, part, None, diagnostics)
    job = job_of(request, group)
    again = replace(shown, fields=filled(fields, form))
    try:
        await away(manage.check_name, job, shown.name, diagnostics)
        diagnostics.raise_errors()
        subscription = Subscription(
            credential_type=method,
            credentials=plain_of(values) if method == "api-key" else {},
            oauth_client=plain_of(values) if method == "oauth2" else {},
            references=references_of(part, values),
        )
        if method == "api-key":
            await away(_validate, job, subscription)
        draft = pages_of(request).console.drafts.add(group.id, shown.name, subscription)
        if method == "oauth2":
            await away(_begin, request, job, draft)
            return see(f"{_at(group, draft)}/consent")
    except InvalidInput:
        again = replace(
            again,
            fields=with_errors(list(again.fields), without_part(diagnostics)),
            wrong=wrong_of(diagnostics),
        )
    except PackagerError as error:
        again = replace(again, others=[str(error)])
    else:
        return see(_at(group, draft))
    return new_page(request, group, again, 422)


async def consented(request: Request) -> Response:
    """Take what the browser came back with, and go on to the second form."""
    group, _ = provider_of(request)
    draft = draft_of(request, group)
    if draft.redirects is None or draft.redirects.came_back is None:
        return see(f"{_at(group, draft)}/consent")
    return await _finished(request, group, draft, draft.redirects.came_back)


async def pasted(request: Request) -> Response:
    """Take what was pasted of it."""
    group, _ = provider_of(request)
    form = await read_form(request)
    return await _finished(request, group, draft_of(request, group), form.text("pasted"))


async def finish_new(request: Request) -> Response:
    """Make the subscription of the second form."""
    group, provider = provider_of(request)
    form = await read_form(request)
    draft = draft_of(request, group)
    made = provider.subscription_constructor
    parameters = made.parameters if made else ()
    fields = parameter_fields(group, parameters, {}, language(request), draft.options)
    diagnostics = Diagnostics()
    values = with_defaults(parameters_of(fields, form, diagnostics), parameters)
    workflows, rows = workflows_of(filled_rows(form), provider, diagnostics)
    base = form.text("base").strip()
    job = job_of(request, group, base)
    again = Filled(
        draft.name,
        draft.subscription.credential_type,
        form.has("enabled"),
        base,
        filled(fields, form),
        rows + workflow_rows(()),
    )
    try:
        diagnostics.raise_errors()
        subscription = replace(draft.subscription, parameters=values, workflows=workflows)
        wanted = manage.Wanted(draft.name, subscription, enabled=form.has("enabled"))
        done: Endpoint = await away(manage.create, job, wanted, diagnostics)
    except InvalidInput:
        again = replace(
            again, fields=with_errors(list(again.fields), diagnostics), wrong=wrong_of(diagnostics)
        )
    except PackagerError as error:
        again = replace(again, others=[str(error)])
    else:
        pages_of(request).console.drafts.remove(draft)
        return see(path_of(group, done), done="created")
    return rest_page(request, group, draft, again, 422)


def _validate(job: Job, subscription: Subscription) -> None:
    job.open_constructor().call("validate", credentials=job.credentials(subscription))


def _begin(request: Request, job: Job, draft: Draft) -> None:
    """Ask the plugin where its user consents; without the port, what comes back is pasted."""
    drafts = pages_of(request).console.drafts
    drafts.stop_listening()
    uri = f"http://127.0.0.1:{PORT}{PATH}"
    try:
        uri = draft.listen(PORT).redirect_uri
    except PackagerError as error:
        draft.note = str(error)
    draft.authorization = begin(job.open_constructor(), job.oauth_client(draft.subscription), uri)
    draft.subscription = replace(draft.subscription, redirect_uri=uri)
    if draft.redirects is not None:
        own = str(request.base_url).rstrip("/")
        at = f"{own}{PREFIX}/functions/{draft.function}/subscriptions/new/{draft.id}/consented"
        draft.redirects.expect(draft.authorization.state, at)


async def _finished(request: Request, group: Group, draft: Draft, came_back: str) -> Response:
    if draft.authorization is None:
        return see(_at(group, draft))
    job, authorization = job_of(request, group), draft.authorization
    try:
        client = await away(job.oauth_client, draft.subscription)
        constructor = await away(job.open_constructor)
        granted = await away(finish, constructor, client, authorization, came_back)
    except PackagerError as error:
        return consent_page(request, group, draft, str(error), 422)
    draft.subscription = replace(
        draft.subscription,
        credentials=granted.credentials,
        credentials_expire_at=granted.expires_at,
    )
    draft.authorization = None
    draft.close()
    return see(_at(group, draft))


def _at(group: Group, draft: Draft) -> str:
    return f"/functions/{group.id}/subscriptions/new/{draft.id}"
