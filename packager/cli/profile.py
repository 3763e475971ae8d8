"""`packager profile`: where a function's cold start spends its time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from packager.bundle.read import BuiltBundle
from packager.cli.console import progress, say, say_briefly, warn, write, write_json
from packager.cli.options import (
    PATH,
    RUNTIME,
    NumberRange,
    data_option,
    env_file_option,
    fields_option,
    format_option,
    header_option,
    settings_file_option,
)
from packager.cli.permissions import permission_options
from packager.cli.running.bundle import NO_DIET, Run, read_variables, unpacked
from packager.cli.running.sent import addressed, endpoint_of, read_request_body
from packager.contract import ENTRIES
from packager.errors import PackagerError, UsageError
from packager.formatting import byte_size, counted
from packager.local.environment import endpoint_variables, local_variables, storage_variables
from packager.local.request_event import Payload, make_event, parse_request
from packager.model.options import Entry
from packager.model.permissions import Permissions
from packager.paths import is_folder, missing, unseen
from packager.profile.facts import Profile
from packager.profile.page import render_page
from packager.profile.request import default_request
from packager.profile.run import profile_functions
from packager.profile.sizes import read_size
from packager.profile.start import function_of
from packager.profile.text import facts, render_text

STARTS = 20


@click.command()
@click.argument("path", metavar="[PLUGIN|BUNDLE]", default=Path(), type=PATH)
@click.option("--function", metavar="ID", help="Which of several functions.")
@click.option(
    "-n",
    "--starts",
    type=click.IntRange(1, 10_000),
    default=STARTS,
    show_default=True,
    help="How many cold starts to measure; the median counts.",
)
@click.option(
    "--request",
    metavar='"METHOD PATH"',
    help="The request to answer; by default the group's first GET, POST / of a trigger.",
)
@click.option(
    "--endpoint",
    metavar="NAME",
    help="The managed endpoint of this machine that it is for; by default the first.",
)
@header_option
@data_option
@fields_option
@click.option(
    "--entry",
    type=click.Choice(ENTRIES),
    help="How the function is started; by default as its configuration says.",
)
@click.option(
    "--compare",
    metavar="BUNDLE|diet=false",
    type=PATH,
    help="Another built bundle, measured in turn with it, or PLUGIN without the import diet.",
)
@env_file_option
@settings_file_option
@click.option("--runtime", type=RUNTIME, help="The runtime that a PLUGIN is built for.")
@permission_options
@click.option("--html", metavar="FILE", type=PATH, help="Write a page that shows all of it.")
@click.option(
    "--budget",
    type=NumberRange(min=0, min_open=True),
    metavar="MS",
    help="Fail if the median cold start takes longer.",
)
@click.option("--max-size", metavar="SIZE", help="Fail if the bundle is bigger, unzipped: 3.5MB.")
@format_option
def profile(
    path: Path,
    function: str | None,
    starts: int,
    request: str | None,
    endpoint: str | None,
    headers: tuple[str, ...],
    data: str | None,
    fields: tuple[str, ...],
    entry: Entry | None,
    compare: Path | None,
    env_file: Path | None,
    settings_file: Path | None,
    runtime: str | None,
    permissions: Permissions,
    html: Path | None,
    budget: float | None,
    max_size: str | None,
    form: str,
) -> None:
    """Start a function cold, again and again, and show where its time goes.

    A PLUGIN is built for this machine first; a BUNDLE is taken as it is. Every start is a fresh
    process behind a Runtime API, as Lambda starts one, and answers one request. Times are medians
    of starts that nothing interferes with; what they are made of comes from further, traced ones.
    Where this machine can hold a process to less than a CPU, the starts are repeated at what a
    function of 128, 512 and 1769 MB gets.

    \b
    Examples:
      packager profile plugins/neko
      packager profile plugins/neko --request "POST /echo" -d '{}' --html profile.html
      packager profile plugins/neko --compare build/NekoFunction.zip
      packager profile plugins/neko --compare diet=false
      packager profile plugins/neko --budget 40 --max-size 3MB --format json
    """
    limit = read_size(max_size) if max_size else None
    if html is not None:
        check_page(html)
    variables = read_variables(env_file)
    body, sent = read_request_body(data, fields, headers)
    with ExitStack() as stack:
        run = Run(permissions, settings_file, variables)
        bundles = [stack.enter_context(unpacked(path, function, runtime, run))]
        if compare == Path(NO_DIET):
            bare = replace(run, as_ships=True)
            bundles.append(stack.enter_context(unpacked(path, function, runtime, bare)))
        elif compare is not None:
            bundles.append(stack.enter_context(unpacked(compare, function, None, run)))
        if entry:
            bundles = [replace(bundle, entry=entry) for bundle in bundles]
        method, target = _asked(request, bundles[0], posts=data is not None or bool(fields))
        payload: Payload = "url" if bundles[0].stream else "2.0"
        path_of = addressed(endpoint_of(endpoint, bundles[0]), target, bundles[0])
        event = make_event(method, path_of, sent, body, payload)
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="packager-")))
        functions = [
            function_of(
                bundle,
                event,
                local_variables(path, bundle, settings_file)
                | storage_variables(bundle, state / "storage.db")
                | endpoint_variables(bundle)
                | variables,
            )
            for bundle in bundles
        ]
        say(f"measuring {counted(starts, 'cold start')}")
        with progress():
            profiles = profile_functions(
                functions, f"{method} {target}", starts=starts, progress=say_briefly
            )
    _show(profiles, html, form)
    _check(profiles[0], budget, limit)


def _asked(request: str | None, bundle: BuiltBundle, *, posts: bool) -> tuple[str, str]:
    """Return the method and target of the request to answer."""
    if request is None:
        return default_request(bundle.routes)
    method, target = parse_request(request)
    return method or ("POST" if posts else "GET"), target


def _show(profiles: Sequence[Profile], page: Path | None, form: str) -> None:
    for each in profiles:
        if each.status is None or each.status >= 400:
            warn(f"the reply's status is {each.status}: this is the profile of a failure")
    if page is not None:
        page.write_text(render_page(profiles), "utf-8")
    if form == "json":
        write_json({"profiles": [facts(each) for each in profiles]})
    else:
        write(render_text(profiles))


def check_page(page: Path) -> None:
    """Raise `UsageError` where no page can be written, before anything is measured."""
    if is_folder(page):
        raise UsageError(f"--html: {page} is a folder", hint="name a file")
    if not is_folder(page.parent):
        problem = missing("folder", page.parent)
        raise UsageError(f"--html: {problem}", hint="make it first")
    if unseen(page):
        raise UsageError(f"--html: {page} can't be written{unseen(page)}", hint="name another file")


def _check(measured: Profile, budget: float | None, limit: int | None) -> None:
    """Raise `PackagerError` for what is over its budget."""
    over = []
    if budget is not None and measured.wall > budget:
        over.append(f"the cold start takes {measured.wall:.1f} ms, its budget is {budget:g} ms")
    if limit is not None and measured.bytes > limit:
        over.append(
            f"the bundle has {byte_size(measured.bytes)} unzipped ({measured.bytes} bytes), its "
            f"budget is {limit} bytes"
        )
    if over:
        raise PackagerError(f"{measured.function}: {'; '.join(over)}")
