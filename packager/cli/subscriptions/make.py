"""`packager subscriptions create` and `update`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import click

from packager.cli.console import progress, say, warn
from packager.cli.endpoints.target import one_of
from packager.cli.endpoints.telling import effect
from packager.cli.options import format_option, language_option
from packager.cli.subscriptions.asking import (
    ask_method,
    ask_name,
    ask_parameters,
    ask_settings,
    ask_workflows,
)
from packager.cli.subscriptions.consent import Consent, consent_options
from packager.cli.subscriptions.target import (
    Target,
    id_option,
    name_option,
    target_options,
    url_option,
)
from packager.cli.subscriptions.telling import tell
from packager.cli.values_input import read_values_yaml
from packager.errors import Diagnostics, UsageError
from packager.settings.language import language_of
from packager.subscriptions import manage
from packager.subscriptions.constructor import Option
from packager.subscriptions.given import Given, read_given
from packager.subscriptions.job import Job
from packager.subscriptions.subscription import CredentialType, Subscription, subscription_of
from packager.subscriptions.wanted import (
    changed_subscription,
    check_apps,
    check_changed,
    methods,
    new_subscription,
)

file_option = click.option(
    "--file",
    "source",
    metavar="FILE",
    help="parameters, credentials, properties, oauth_client and workflows as YAML; - is stdin. "
    "{ssm: /name} and {secret: name, key: k} say where a secret is kept.",
)


@click.command()
@target_options
@name_option
@file_option
@consent_options
@click.option("--manual", is_flag=True, help="You tell the service the address yourself.")
@url_option
@click.option("--disabled", is_flag=True, help="Make it, and let it answer 404 until `enable`.")
@language_option
@format_option
def create(
    target: Target,
    name: str | None,
    source: str | None,
    consent: Consent,
    oauth: bool,
    manual: bool,
    disabled: bool,
    language: str | None,
    form: str,
) -> None:
    """Make a subscription: have the service send its webhooks, and say what they start.

    The plugin's constructor makes it at the service, here and with your credentials, or you do by
    hand. On a terminal everything is asked for; with --file it is read. What is given is checked
    before anything is done.

    \b
    Examples:
      packager subscriptions create plugins/github_trigger --stack prod
      sops decrypt cats.yaml | packager subscriptions create --stack prod --name cats --file -
      packager subscriptions create --stack prod --name inbox --file inbox.yaml --oauth
    """
    asks = source is None and sys.stdin.isatty()
    if oauth and manual:
        raise UsageError("--manual and --oauth are two ways to make it; choose one")
    if consent.paste and source == "-":
        raise UsageError("both --file - and --paste read stdin", hint="put the file on disk")
    if name is None and not asks:
        raise UsageError("say how the subscription is to be called: --name NAME")
    with target.job() as job:
        diagnostics = Diagnostics()
        if name is None:
            name = ask_name(job)
        manage.check_name(job, name, diagnostics)
        diagnostics.raise_errors()
        method = _method(job, oauth, manual, asks)
        if asks:
            words = language or language_of(os.environ)
            subscription = _asked(job, method, consent, words, diagnostics)
        else:
            given = _given(job, source, method == "oauth2", diagnostics)
            subscription = new_subscription(job.provider, given, method, diagnostics)
            check_apps(job.function, subscription.workflows, given.place, diagnostics)
            diagnostics.raise_errors()
            if method != "unauthorized":
                manage.check_base(job)
            if method == "oauth2":
                subscription = _consented(job, subscription, consent)
        with progress():
            wanted = manage.Wanted(name, subscription, enabled=not disabled)
            made = manage.create(job, wanted, diagnostics)
        when = "it answers once it is enabled" if disabled else "it answers from now on"
        if method == "unauthorized":
            when += "; tell the service this address"
        tell(job, made, f"created {name}: {when}", form, diagnostics, addressed=True)


@click.command()
@target_options
@name_option
@id_option
@file_option
@click.option("--rename", metavar="NAME", help="Call it so.")
@format_option
def update(
    target: Target,
    name: str | None,
    hook_id: str | None,
    source: str | None,
    rename: str | None,
    form: str,
) -> None:
    """Change a subscription: what --file has, and the name; its address stays.

    Of parameters, credentials and properties those change that the file has, and a null removes
    one; workflows are all that it has. With other parameters the subscription is ended at the
    service and made again.

    \b
    Examples:
      packager subscriptions update --stack prod --name cats --file workflows.yaml
      packager subscriptions update --stack prod --name cats --rename kittens
    """
    looked_for = one_of(name, hook_id)
    if source is None and rename is None:
        raise UsageError("say what to change", hint="--file FILE, or --file - for stdin; --rename")
    with target.job() as job:
        before = job.function.find(**looked_for)
        old = subscription_of(job.function, before)
        diagnostics = Diagnostics()
        given = _given(job, source, old.credential_type == "oauth2", diagnostics)
        subscription = changed_subscription(old, given)
        check_changed(job.provider, subscription, given.place, diagnostics)
        if given.workflows is not None:
            check_apps(job.function, given.workflows, given.place, diagnostics)
        diagnostics.raise_errors()
        with progress():
            after = manage.update(job, before, subscription, diagnostics, name=rename, say=warn)
        said = f"changed {after.name}: {effect(job.function)}"
        if after is before:
            said = f"{before.name} is as it was"
        tell(job, after, said, form, diagnostics)


def _method(job: Job, oauth: bool, manual: bool, asks: bool) -> CredentialType:
    possible = methods(job.provider)
    if manual:
        return "unauthorized"
    if oauth:
        if "oauth2" not in possible:
            raise UsageError(
                f"{job.provider.name} declares no OAuth",
                hint="leave out --oauth; " + _ways(possible),
            )
        return "oauth2"
    return ask_method(possible) if asks else possible[0]


def _ways(possible: tuple[CredentialType, ...]) -> str:
    return "give credentials" if "api-key" in possible else "make it by hand: --manual"


def _given(job: Job, source: str | None, oauth: bool, diagnostics: Diagnostics) -> Given:
    top = None if source is None else read_values_yaml(source, diagnostics)
    diagnostics.raise_errors()
    if top is None:
        return Given()
    return read_given(top, job.provider, oauth=oauth, diagnostics=diagnostics)


def _asked(
    job: Job, method: CredentialType, consent: Consent, language: str, diagnostics: Diagnostics
) -> Subscription:
    """Return a subscription as it is answered: credentials first, which options are asked with."""
    provider = job.provider
    if method == "unauthorized":
        properties = ask_settings(provider.subscription_schema, language)
        given = Given(properties=properties, workflows=ask_workflows(provider, language))
        return new_subscription(provider, given, method, diagnostics)
    manage.check_base(job)
    made = job.constructor
    if method == "oauth2":
        schema = made.oauth_schema
        client = ask_settings(schema.client_schema if schema else (), language)
        begun = Subscription(credential_type="oauth2", oauth_client=client)
        begun = _consented(job, begun, consent)
    else:
        credentials = ask_settings(made.credentials_schema, language)
        begun = Subscription(credential_type="api-key", credentials=credentials)

    def options(parameter: str) -> list[Option]:
        found = job.open_constructor()
        return found.options(parameter, begun.credentials, begun.credential_type)

    parameters = ask_parameters(made.parameters, language, options)
    given = Given(
        parameters=parameters,
        credentials=None if method == "oauth2" else begun.credentials,
        oauth_client=begun.oauth_client or None,
        workflows=ask_workflows(provider, language),
    )
    asked = new_subscription(provider, given, method, diagnostics)
    return replace(
        asked,
        credentials=begun.credentials,
        credentials_expire_at=begun.credentials_expire_at,
        redirect_uri=begun.redirect_uri,
    )


def _consented(job: Job, subscription: Subscription, consent: Consent) -> Subscription:
    say("the plugin is asked where to consent")
    granted, uri = consent.ask(job.open_constructor(), job.oauth_client(subscription))
    return replace(
        subscription,
        credentials=granted.credentials,
        credentials_expire_at=granted.expires_at,
        redirect_uri=uri,
    )
