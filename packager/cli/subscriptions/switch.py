"""`packager subscriptions enable`, `disable`, `refresh` and `delete`."""

from __future__ import annotations

import click

from packager.cli.console import progress, say, warn, write_json
from packager.cli.endpoints.target import ask_to_delete, found_by, one_of, one_or_all
from packager.cli.endpoints.telling import effect
from packager.cli.options import format_option
from packager.cli.subscriptions.target import Target, id_option, name_option, target_options
from packager.cli.subscriptions.telling import tell
from packager.errors import Diagnostics, PackagerError
from packager.subscriptions import manage
from packager.subscriptions.shown import expiry_text, listed_facts
from packager.subscriptions.subscription import shown_subscription


@click.command()
@target_options
@name_option
@id_option
@format_option
def enable(target: Target, name: str | None, hook_id: str | None, form: str) -> None:
    """Let a subscription take webhooks again.

    \b
    Example:
      packager subscriptions enable --stack prod --name cats
    """
    _switch(target, one_of(name, hook_id), True, form)


@click.command()
@target_options
@name_option
@id_option
@format_option
def disable(target: Target, name: str | None, hook_id: str | None, form: str) -> None:
    """Answer a subscription's webhooks 404, until it is enabled again.

    At the service nothing changes: some end what is answered so for long.

    \b
    Example:
      packager subscriptions disable --stack prod --name cats
    """
    _switch(target, one_of(name, hook_id), False, form)


@click.command()
@target_options
@name_option
@id_option
@click.option("--all", "every", is_flag=True, help="Every subscription of the provider.")
@click.option("--due", is_flag=True, help="What expires soon, or has, and nothing else.")
@format_option
def refresh(
    target: Target, name: str | None, hook_id: str | None, every: bool, due: bool, form: str
) -> None:
    """Renew a subscription that can expire, and its OAuth credentials.

    The schedule of a deployed function does the same. With several, all are tried.

    \b
    Examples:
      packager subscriptions refresh plugins/gmail --name inbox
      packager subscriptions refresh plugins/gmail --stack prod --all --due
    """
    looked_for = one_or_all(name, hook_id, every, "subscription")
    with target.job() as job:
        function = job.function
        found = found_by(function, looked_for)
        facts, failed = [], []
        for each in sorted(found, key=lambda one: one.name):
            diagnostics = Diagnostics()
            try:
                with progress():
                    done = manage.refresh(job, each, diagnostics, due=due)
            except PackagerError as error:
                if not every:
                    raise
                warn(f"{each.name}: {error}")
                failed.append(each.name)
                continue
            shown = shown_subscription(done.endpoint)
            facts.append(
                listed_facts(function, done.endpoint, shown) | {"renewed": list(done.parts)}
            )
            if not done.parts:
                say(f"{each.name}: nothing of it {'expires soon' if due else 'can expire'}")
            else:
                until = expiry_text(shown.expires_at)
                say(f"{each.name}: renewed {' and '.join(done.parts)}, expires {until}")
        if form == "json":
            write_json({"subscriptions": facts, "failed": failed})
        if failed:
            raise PackagerError(f"these were not renewed: {', '.join(failed)}")


@click.command()
@target_options
@name_option
@id_option
@click.option("--all", "every", is_flag=True, help="Every subscription of the provider.")
@click.option("--force", is_flag=True, help="Forget it, though the service does not end it.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@format_option
def delete(
    target: Target,
    name: str | None,
    hook_id: str | None,
    every: bool,
    force: bool,
    yes: bool,
    form: str,
) -> None:
    """End a subscription at the service, and forget it.

    One that was made by hand is to be ended there by hand, too. It is asked for on a terminal;
    elsewhere --yes says so.

    \b
    Examples:
      packager subscriptions delete plugins/github_trigger --stack prod --name cats
      packager subscriptions delete plugins/github_trigger --all --force --yes
    """
    looked_for = one_or_all(name, hook_id, every, "subscription")
    with target.job() as job:
        function = job.function
        found = found_by(function, looked_for)
        names = ", ".join(sorted(each.name for each in found))
        if found and not yes:
            ask_to_delete(function, names)
        for each in found:
            said = manage.delete(job, each, force=force)
            if said:
                warn(f"{each.name} was not ended at the service: {said}")
        say(f"deleted {names}: {effect(function)}" if found else "there is nothing to delete")
        if form == "json":
            gone = [{"name": each.name, "hook_id": each.hook_id} for each in found]
            write_json({"deleted": gone})


def _switch(target: Target, looked_for: dict[str, str | None], enabled: bool, form: str) -> None:
    with target.job() as job:
        diagnostics = Diagnostics()
        before = job.function.find(**looked_for)
        after = manage.enable(job, before, enabled, diagnostics)
        word = "enabled" if enabled else "disabled"
        said = f"{word} {before.name}: {effect(job.function)}"
        if after is before:
            said = f"{before.name} is {word} already"
        tell(job, after, said, form, diagnostics)
