"""The pages of a provider's subscriptions: all of them, one, its form, and those of a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from packager.console.endpoint_pages import endpoint_of
from packager.console.fields import Field, fields_of
from packager.console.pages import away, language_of, pages_of
from packager.console.source import Group
from packager.console.subscriptions.forms import WorkflowRow, parameter_fields, workflow_rows
from packager.dataclass import dataclass
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import Values
from packager.errors import PackagerError, UsageError
from packager.model.plugin import Setting, TriggerProvider
from packager.settings.aws import Aws
from packager.settings.language import text_in
from packager.subscriptions.constructor import Constructor
from packager.subscriptions.job import Job
from packager.subscriptions.shown import expiry_text, made_by, shown_values, url_of
from packager.subscriptions.subscription import (
    CredentialType,
    Subscription,
    shown_subscription,
    subscription_of,
)

HEADS = {"name": "Name", "base": "Address", "pasted": "Address or code"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it stands: what is in it, and what is wrong with it."""

    name: str = ""
    method: CredentialType = "unauthorized"
    enabled: bool = True
    base: str = ""
    fields: Sequence[Field] = ()
    rows: Sequence[WorkflowRow] = ()
    version: int = 0  # of the subscription that the form was made from
    wrong: Mapping[str, str] = field(default_factory=dict)  # messages by the names in HEADS
    others: Sequence[str] = ()  # what belongs to no field

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """What is wrong: where on the page, what it is called there, and the message."""
        rows = [
            (f"workflow-{number}", f"Workflow {number + 1}", said)
            for number, row in enumerate(self.rows)
            for said in row.errors
        ]
        return [
            *((f"field:{each}", HEADS[each], said) for each, said in self.wrong.items()),
            *((each.id, each.label, each.error) for each in self.fields if each.error),
            *rows,
            *(("", "", said) for said in self.others),
        ]


def provider_of(request: Request) -> tuple[Group, TriggerProvider]:
    """Return the provider that an address names."""
    group = pages_of(request).console.group(request.path_params["function"])
    if group is None or group.provider is None:
        raise HTTPException(404)
    return group, group.provider


def job_of(request: Request, group: Group, base: str | None = None) -> Job:
    """Return what makes a provider's subscriptions; `base` is where services reach it."""
    workbench = pages_of(request).console.workbench

    def open_constructor() -> Constructor:
        if workbench is None or group.served is None:
            raise UsageError(
                "the plugin's constructor is not here, but its deployed function alone",
                hint="packager subscriptions PLUGIN --stack runs it",
            )
        return workbench.constructor(group.served)

    function = group.function
    return Job(function, open_constructor, base or function.base, function_aws(group))


def function_aws(group: Group) -> Any:
    """Return what gives the clients that values kept elsewhere are read with."""
    aws = group.function.aws
    return (lambda: aws) if aws is not None else Aws


async def listing(request: Request) -> Response:
    """Show every subscription of a provider."""
    group, provider = provider_of(request)
    endpoints: list[Endpoint] = await away(group.function.store.all)
    endpoints.sort(key=lambda each: (each.name.lower(), each.name))
    return pages_of(request).page(
        request,
        "subscriptions.html",
        group=group,
        provider=provider,
        subscriptions=[(each, shown_subscription(each)) for each in endpoints],
        made_by=made_by,
        expiry=expiry_text,
        takes=group.function.takes,
    )


async def show(request: Request) -> Response:
    """Show a subscription: its address, its values, what it starts, what can be done with it."""
    group, provider = provider_of(request)
    endpoint = await endpoint_of(request, group)
    note = ""
    try:
        subscription: Subscription = await away(subscription_of, group.function, endpoint)
    except PackagerError as error:
        subscription, note = shown_subscription(endpoint), str(error)
    return pages_of(request).page(
        request,
        "subscription.html",
        group=group,
        provider=provider,
        endpoint=endpoint,
        subscription=subscription,
        values=shown_values(group.function, subscription),
        labels=_labels(provider, language(request)),
        url=url_of(group.function, endpoint),
        made=made_by(subscription),
        expires=expiry_text(subscription.expires_at),
        credentials_expire=expiry_text(subscription.credentials_expire_at),
        takes=group.function.takes(endpoint),
        note=note,
    )


async def edit(request: Request) -> Response:
    """Show the form of a subscription that there is."""
    group, _ = provider_of(request)
    endpoint = await endpoint_of(request, group)
    form = await form_of(request, group, endpoint)
    return edit_page(request, group, endpoint, form)


async def form_of(request: Request, group: Group, endpoint: Endpoint) -> Filled:
    """Return the form of a subscription as its store has it."""
    subscription: Subscription = await away(subscription_of, group.function, endpoint)
    return Filled(
        endpoint.name,
        subscription.credential_type,
        endpoint.enabled,
        fields=edit_fields(request, group, subscription),
        rows=workflow_rows(subscription.workflows),
        version=endpoint.version,
    )


def edit_fields(request: Request, group: Group, subscription: Subscription) -> list[Field]:
    """Return what of a subscription can be changed: properties, or parameters if it was made."""
    assert group.provider is not None  # noqa: S101 - `provider_of` has found it
    made = group.provider.subscription_constructor
    if not subscription.constructed or made is None:
        own = {
            key.removeprefix("properties."): source
            for key, source in subscription.references.items()
            if key.startswith("properties.")
        }
        values = Values(subscription.properties, own)
        return fields_of(group, values, language(request), group.provider.subscription_schema)
    # Without the constructor nothing can be made again with others.
    if group.served is None:
        return []
    return parameter_fields(group, made.parameters, subscription.parameters, language(request), {})


def edit_page(
    request: Request, group: Group, endpoint: Endpoint, form: Filled, status: int = 200
) -> Response:
    """Return the page of a form."""
    return pages_of(request).page(
        request,
        "subscription_form.html",
        status,
        group=group,
        provider=group.provider,
        endpoint=endpoint,
        form=form,
    )


async def sure(request: Request) -> Response:
    """Ask before a subscription ends."""
    group, _ = provider_of(request)
    endpoint = await endpoint_of(request, group)
    return sure_page(request, group, endpoint)


def sure_page(
    request: Request, group: Group, endpoint: Endpoint, error: str = "", status: int = 200
) -> Response:
    """Return that page."""
    return pages_of(request).page(
        request,
        "subscription_sure.html",
        status,
        group=group,
        endpoint=endpoint,
        subscription=shown_subscription(endpoint),
        error=error,
    )


def language(request: Request) -> str:
    """Return the language that a browser likes best."""
    return language_of(request.headers.get("accept-language", ""))


def _labels(provider: TriggerProvider, words: str) -> dict[str, str]:
    made = provider.subscription_constructor
    declared: list[Setting] = [*provider.subscription_schema]
    if made is not None:
        declared += [*made.parameters, *made.credentials_schema]
        if made.oauth_schema is not None:
            declared += [*made.oauth_schema.client_schema, *made.oauth_schema.credentials_schema]
    return {each.name: text_in(each.label, words) or each.name for each in declared}
