"""The pages of a new subscription, one after the other: how it is made, consent, the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from packager.console.fields import fields_of
from packager.console.pages import away, pages_of
from packager.console.source import Group
from packager.console.subscriptions.forms import parameter_fields, workflow_rows
from packager.console.subscriptions.pages import Filled, job_of, language, provider_of
from packager.endpoints.function import Values
from packager.errors import PackagerError
from packager.model.plugin import Parameter, Setting, TriggerProvider
from packager.subscriptions.drafts import Draft
from packager.subscriptions.job import Job
from packager.subscriptions.subscription import CredentialType
from packager.subscriptions.wanted import methods


async def new(request: Request) -> Response:
    """Show how a subscription can be made, and the first form of the way that is chosen."""
    group, provider = provider_of(request)
    possible = ways(request, provider)
    chosen = request.query_params.get("method", "")
    method = next((each for each in possible if each == chosen), possible[0])
    return new_page(request, group, Filled(method=method, **_begun(request, group, method)))


def new_page(request: Request, group: Group, form: Filled, status: int = 200) -> Response:
    """Return the first page of a new subscription."""
    assert group.provider is not None  # noqa: S101 - `provider_of` has found it
    return pages_of(request).page(
        request,
        "subscription_new.html",
        status,
        group=group,
        provider=group.provider,
        form=form,
        ways=ways(request, group.provider),
    )


async def consent(request: Request) -> Response:
    """Show where the user consents, and where what came back can be pasted."""
    group, _ = provider_of(request)
    return consent_page(request, group, draft_of(request, group))


def consent_page(
    request: Request, group: Group, draft: Draft, error: str = "", status: int = 200
) -> Response:
    """Return that page."""
    return pages_of(request).page(
        request, "subscription_consent.html", status, group=group, draft=draft, error=error
    )


async def rest(request: Request) -> Response:
    """Show the second form of a new subscription: parameters, with their options, and workflows."""
    group, provider = provider_of(request)
    draft = draft_of(request, group)
    made = provider.subscription_constructor
    parameters = made.parameters if made else ()
    if draft.subscription.credential_type == "oauth2" and not draft.subscription.credentials:
        raise HTTPException(404)
    await away(ask_options, job_of(request, group), draft, parameters)
    fields = parameter_fields(group, parameters, {}, language(request), draft.options)
    form = Filled(
        draft.name,
        draft.subscription.credential_type,
        base=group.function.base,
        fields=fields,
        rows=workflow_rows(()),
    )
    return rest_page(request, group, draft, form)


def rest_page(
    request: Request, group: Group, draft: Draft, form: Filled, status: int = 200
) -> Response:
    """Return that page."""
    return pages_of(request).page(
        request,
        "subscription_rest.html",
        status,
        group=group,
        provider=group.provider,
        draft=draft,
        form=form,
    )


def ask_options(job: Job, draft: Draft, parameters: Sequence[Parameter]) -> None:
    """Ask the service what parameters may be, once; what goes wrong is kept to be shown."""
    if draft.options or draft.problems:
        return
    subscription = draft.subscription
    for parameter in parameters:
        if parameter.type != "dynamic-select":
            continue
        try:
            found = job.open_constructor().options(
                parameter.name, job.credentials(subscription), subscription.credential_type
            )
        except PackagerError as error:
            draft.problems.append(str(error))
        else:
            draft.options[parameter.name] = found


def draft_of(request: Request, group: Group) -> Draft:
    """Return the draft that an address names."""
    draft = pages_of(request).console.drafts.get(request.path_params["draft"], group.id)
    if draft is None:
        raise HTTPException(404)
    return draft


def ways(request: Request, provider: TriggerProvider) -> tuple[CredentialType, ...]:
    """Return how a subscription can be made here: of a stack by hand alone."""
    return ("unauthorized",) if pages_of(request).console.stack else methods(provider)


def first_settings(provider: TriggerProvider, method: CredentialType) -> tuple[Setting, ...]:
    """Return what the first form of a way asks for."""
    made = provider.subscription_constructor
    if method == "unauthorized" or made is None:
        return provider.subscription_schema
    if method == "api-key":
        return made.credentials_schema
    return made.oauth_schema.client_schema if made.oauth_schema else ()


def _begun(request: Request, group: Group, method: CredentialType) -> dict[str, Any]:
    assert group.provider is not None  # noqa: S101 - `provider_of` has found it
    settings = first_settings(group.provider, method)
    fields = fields_of(group, Values(), language(request), settings)
    rows = workflow_rows(()) if method == "unauthorized" else []
    return {"fields": fields, "rows": rows}
