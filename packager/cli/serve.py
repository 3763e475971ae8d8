"""`packager serve`: plugins' functions on this machine, for as long as their author works."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from packager.cli.console import echo, say, say_briefly, show_diagnostics, write_log
from packager.cli.endpoints.page import Page, page_options
from packager.cli.options import (
    PATH,
    RUNTIME,
    aws_option,
    aws_profile_option,
    debug_port_option,
    dify_script_option,
    env_file_option,
    plugins_argument,
    settings_file_option,
)
from packager.cli.permissions import permission_options
from packager.local.environment import aws_variables, dify_memory_file, dify_variables
from packager.model.options import Api
from packager.model.permissions import Permissions
from packager.model.progress import Progress

if TYPE_CHECKING:
    from packager.serve.bench import Bench
    from packager.serve.request_log import RequestRecord
    from packager.serve.run import Hooks
    from packager.serve.state import ServedFunction

_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")


@click.command()
@plugins_argument
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=3000,
    show_default=True,
    help="Where requests are taken; 0 is any port that is free.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Others than this machine's own let others in.",
)
@click.option(
    "--console-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="The console's port; by default the next one.",
)
@page_options
@click.option(
    "--api",
    type=click.Choice(get_args(Api)),
    help="What requests come through; by default what each function is configured for.",
)
@click.option("--stage", metavar="NAME", help="The API's stage, which paths then start with.")
@click.option(
    "--max-environments",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    metavar="N",
    help="How many requests a function works on at once; others wait.",
)
@click.option(
    "--fake-dify",
    is_flag=True,
    help="Answer calls of Dify by a stand-in: any app, model and tool will do, without a key.",
)
@dify_script_option
@click.option(
    "--managed",
    is_flag=True,
    help="Serve every function as one of managed endpoints, whatever its configuration says.",
)
@click.option(
    "--schedules", is_flag=True, help="Send what schedules send, at their times, while it runs."
)
@env_file_option
@settings_file_option
@click.option(
    "--storage",
    type=PATH,
    metavar="FILE",
    help="A SQLite file for session.storage; by default the one that `invoke` uses.",
)
@aws_option
@aws_profile_option
@click.option("--runtime", type=RUNTIME, help="The runtime that plugins are built for.")
@click.option(
    "--reload/--no-reload",
    default=True,
    show_default=True,
    help="Build again what a saved file changes.",
)
@click.option(
    "--debug",
    "debugged",
    metavar="FUNCTION",
    help="Have this function's process wait for a debugger (docs/debug.md).",
)
@debug_port_option
@permission_options
def serve(
    plugins: tuple[Path, ...],
    port: int,
    host: str,
    console_port: int | None,
    page: Page,
    api: str | None,
    stage: str | None,
    max_environments: int,
    fake_dify: bool,
    dify_script: Path | None,
    managed: bool,
    schedules: bool,
    env_file: Path | None,
    settings_file: Path | None,
    storage: Path | None,
    aws: bool,
    aws_profile: str | None,
    runtime: str | None,
    reload: bool,
    debugged: str | None,
    debug_port: int,
    permissions: Permissions,
) -> None:
    """Serve the functions of plugins at an address of this machine, until Ctrl-C.

    Each function runs as on Lambda: in fresh processes of its Python behind a Runtime API, one
    request at a time, another process when all are busy. One function is served at the root,
    several below /<function>/; managed endpoints at /e/<hook id>/. A saved file takes effect at
    once; where it is at fault, the last good build stays in use. The console, a page at the next
    port, shows requests, makes endpoints and calls interfaces (docs/console.md).

    \b
    Examples:
      packager serve plugins/neko
      packager serve plugins/* --port 8080 --fake-dify
    """
    from packager.serve.children import end_children
    from packager.serve.run import Options, run_server
    from packager.serve.sources import Given, Sources

    if stage is not None and not _STAGE.fullmatch(stage):
        raise click.UsageError(f"--stage {stage}: letters, digits, - and _")
    fake_dify = fake_dify or dify_script is not None
    options = Options(
        host=host,
        port=port,
        console_port=console_port,
        limit=max_environments,
        api=api,
        stage=stage,
        watch=reload,
        fake_dify=fake_dify,
        schedules=schedules,
        debugged=debugged,
        debug_port=debug_port,
    )
    with dify_variables(fake_dify, dify_memory_file(storage), dify_script) as dify:
        given = Given(
            permissions,
            runtime,
            env_file,
            settings_file,
            storage,
            aws_variables(aws, aws_profile) | dify,
            fake_dify,
            managed,
        )
        try:
            with Sources(plugins, given) as sources:
                run_server(sources, options, _hooks(page))
        finally:
            end_children()


def _hooks(page: Page) -> Hooks:
    from packager.serve.bench import Listener
    from packager.serve.reload import Reports
    from packager.serve.run import Hooks

    return Hooks(
        listener=Listener(log=_show_log, done=_show_request),
        reports=Reports(built=_show_build, failed=show_diagnostics, said=echo),
        progress=Progress(say, say_briefly),
        console=page.application,
        started=partial(_show_addresses, page),
    )


def _show_log(function: ServedFunction, data: bytes) -> None:
    write_log(data)


def _show_request(function: ServedFunction, record: RequestRecord) -> None:
    what = f"{record.method} {record.path}" if record.source == "http" else record.source
    what += f"  {record.endpoint}" if record.endpoint else ""
    parts = [what, "failed" if record.status is None and record.error else str(record.status or "")]
    if record.duration_ms is not None:
        parts.append(f"{record.duration_ms:.1f} ms")
    if record.init_ms is not None:
        parts.append(f"cold, init {record.init_ms:.1f} ms")
    if record.late_ms is not None:
        parts.append(f"{record.late_ms:.0f} ms after the answer")
    echo("  ".join(part for part in parts if part))
    if record.error:
        echo(f"  {record.error}")


def _show_build(function: ServedFunction, seconds: float) -> None:
    echo(f"{function.id} built in {seconds:.2f} s")


def _show_addresses(page: Page, bench: Bench, console_port: int | None) -> None:
    for function in bench.functions:
        echo(f"{function.id}  {bench.public_base(function)}/")
        if function.debug_port is not None:
            echo(f"  its process waits for a debugger on port {function.debug_port}")
    if console_port is not None:
        echo(f"Console: {page.address(console_port)}")
        page.open(console_port)
    echo("Ctrl-C ends it")
