"""`packager subscriptions list` and `show`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from packager.cli.console import say, warn, write, write_json
from packager.cli.endpoints.target import one_of
from packager.cli.endpoints.telling import effect
from packager.cli.options import format_option
from packager.cli.subscriptions.target import Target, id_option, name_option, target_options
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.function import ManagedFunction
from packager.errors import PackagerError
from packager.formatting import columns
from packager.subscriptions.shown import (
    expiry_text,
    listed_facts,
    made_by,
    shown_values,
    url_of,
)
from packager.subscriptions.subscription import (
    Subscription,
    shown_subscription,
    subscription_of,
)

_TITLES = {"oauth_client": "OAuth client"}


@click.command("list")
@target_options
@format_option
def list_subscriptions(target: Target, form: str) -> None:
    """List subscriptions, of all providers unless --group says which.

    \b
    Examples:
      packager subscriptions list plugins/github_trigger
      packager subscriptions list --stack prod --format json | jq -r '.subscriptions[].url'
    """
    found = [
        (function, endpoint, shown_subscription(endpoint))
        for function in target.functions()
        for endpoint in sorted(function.store.all(), key=lambda each: each.name)
    ]
    if form == "json":
        write_json({"subscriptions": [listed_facts(*each) for each in found]})
        return
    heading = ("NAME", "PROVIDER", "STATE", "MADE", "EXPIRES", "WORKFLOWS", "HOOK ID")
    write(columns([heading, *(_row(*each) for each in found)]) if found else "")
    if not found:
        say("there is no subscription yet; `packager subscriptions create` makes one")


@click.command()
@target_options
@name_option
@id_option
@format_option
def show(target: Target, name: str | None, hook_id: str | None, form: str) -> None:
    """Show a subscription's address, values and workflows, no secrets.

    \b
    Examples:
      packager subscriptions show plugins/github_trigger --name cats
      packager subscriptions show --stack prod --id 5bxqk2vdm7ohw3tapzre4l6c
    """
    looked_for = one_of(name, hook_id)
    with target.job() as job:
        function = job.function
        endpoint = function.find(**looked_for)
        try:
            subscription = subscription_of(function, endpoint)
        except PackagerError as error:  # who may see the table need not be allowed to read its key
            warn(f"secrets, parameters and properties are left out: {error}")
            subscription = shown_subscription(endpoint)
        values = shown_values(function, subscription)
        if form == "json":
            write_json(listed_facts(function, endpoint, subscription) | values)
            return
        write(_page(function, endpoint, subscription, values))
        say(f"of what is changed: {effect(function)}")


def _page(
    function: ManagedFunction,
    endpoint: Endpoint,
    subscription: Subscription,
    values: Mapping[str, Mapping[str, Any]],
) -> str:
    provider = function.declaration.group
    lines = [
        f"{endpoint.name}  {provider}, {function.where}",
        f"  {_state(function, endpoint, subscription)}, made {_made(subscription)}, "
        f"version {endpoint.version} of {endpoint.updated}",
        f"  address      {url_of(function, endpoint)}",
        f"  expires      {expiry_text(subscription.expires_at)}",
    ]
    if subscription.credential_type == "oauth2":
        lines.append(f"  credentials  {expiry_text(subscription.credentials_expire_at)}")
    text = "\n".join(lines) + "\n"
    for part, shown in values.items():
        if shown:
            rows = [(name, _text(each)) for name, each in shown.items()]
            text += f"  {_TITLES.get(part, part)}\n{columns(rows, '    ')}"
    if subscription.workflows:
        started = [
            (
                each.event,
                each.app,
                _text(dict(each.parameters)) if each.parameters else "",
                ", ".join(f"{name} = {path}" for name, path in each.inputs.items()),
            )
            for each in subscription.workflows
        ]
        text += "  workflows\n" + columns(started, "    ")
    return text


def _row(
    function: ManagedFunction, endpoint: Endpoint, subscription: Subscription
) -> tuple[str, ...]:
    ends = [subscription.expires_at, subscription.credentials_expire_at]
    return (
        endpoint.name,
        function.declaration.group,
        _state(function, endpoint, subscription),
        made_by(subscription),
        expiry_text(min((each for each in ends if each >= 0), default=-1)),
        str(len(subscription.workflows)),
        endpoint.hook_id,
    )


def _made(subscription: Subscription) -> str:
    how = made_by(subscription)
    return how if how.startswith("by") else f"with {how}"


def _state(function: ManagedFunction, endpoint: Endpoint, subscription: Subscription) -> str:
    if not function.takes(endpoint):
        return "another stack's: delete it, and make it again"
    if subscription.pending:
        return "not made yet"
    return "enabled" if endpoint.enabled else "disabled"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
