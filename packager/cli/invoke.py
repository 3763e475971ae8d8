"""`packager invoke`: one request to a function, run here as Lambda runs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from packager.bundle.read import (
    BuiltBundle,
    bundles_in,
    is_bundle,
)
from packager.cli.console import (
    echo,
    write,
    write_bytes,
    write_log,
)
from packager.cli.options import (
    PATH,
    RUNTIME,
    aws_option,
    aws_profile_option,
    data_option,
    debug_port_option,
    dify_script_option,
    env_file_option,
    fields_option,
    header_option,
    settings_file_option,
)
from packager.cli.permissions import permission_options
from packager.cli.running.bundle import Run, read_variables, unpacked
from packager.cli.running.sent import Sent, read_sent
from packager.errors import PackagerError
from packager.local.debugger import Debugger
from packager.local.environment import (
    aws_variables,
    dify_memory,
    dify_variables,
    endpoint_variables,
    local_variables,
    storage_variables,
)
from packager.local.http_reply import HttpReply, read_reply
from packager.local.invoke import Invocation, InvocationFailed, debug_bundle, invoke_bundle
from packager.local.log_paths import RenamedPaths, names_of_paths
from packager.local.mapped_event import arns_variable, events_of
from packager.local.request_event import (
    PAYLOADS,
    Payload,
)
from packager.local.streamed_reply import Part
from packager.model.permissions import Permissions
from packager.paths import is_file, is_inside
from packager.plugin.manifest import MANIFEST


@click.command()
@click.argument("path", metavar="[PLUGIN|BUNDLE]", default=Path(), type=PATH)
@click.option("--function", metavar="ID", help="Which of several functions.")
@click.option("--event", metavar="FILE", help="An event's JSON; - is stdin.")
@click.option("--request", metavar='"METHOD PATH"', help="An HTTP request to make an event of.")
@click.option(
    "--mapped",
    metavar="SOURCE[:PATH]",
    help="What the configuration's `events` send: sqs, sns, eventbridge, schedule or any; -d is "
    "the message, or the event's detail.",
)
@click.option(
    "--endpoint", metavar="NAME", help="The managed endpoint of this machine that --request is for."
)
@header_option
@data_option
@fields_option
@click.option(
    "--payload",
    type=click.Choice(PAYLOADS),
    help="What the request comes through: a REST API (1.0), an HTTP API (2.0) or a function URL.  "
    "[default: 2.0, or url where the function streams]",
)
@env_file_option
@aws_option
@aws_profile_option
@settings_file_option
@click.option(
    "--storage",
    type=PATH,
    metavar="FILE",
    help="A SQLite file for session.storage; by default one of yours that all invocations share, "
    "unless the configuration names a storage.",
)
@click.option(
    "--fake-dify",
    is_flag=True,
    help="Answer calls of Dify by a stand-in: any app, model and tool will do, without a key.",
)
@dify_script_option
@click.option("--runtime", type=RUNTIME, help="The runtime that a PLUGIN is built for.")
@click.option(
    "--debug", is_flag=True, help="Wait for a debugger before the function starts (docs/debug.md)."
)
@debug_port_option
@permission_options
@click.option(
    "-i", "--include", is_flag=True, help="Write the status and the headers before the body."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Write the body, or the function's whole reply as JSON.",
)
def invoke(
    path: Path,
    function: str | None,
    event: str | None,
    request: str | None,
    mapped: str | None,
    endpoint: str | None,
    headers: tuple[str, ...],
    data: str | None,
    fields: tuple[str, ...],
    payload: Payload | None,
    env_file: Path | None,
    aws: bool,
    aws_profile: str | None,
    settings_file: Path | None,
    storage: Path | None,
    fake_dify: bool,
    dify_script: Path | None,
    runtime: str | None,
    debug: bool,
    debug_port: int,
    permissions: Permissions,
    include: bool,
    form: str,
) -> None:
    """Send one event or request to a function, run here as Lambda runs it.

    A BUNDLE is what `packager build` wrote: a function's folder, its zip, or the folder of several.
    A PLUGIN is built for this machine first. The function runs in a fresh process of its Python,
    started by the entry that the bundle says (the fast one, or AWS's runtime client), with the
    bundle alone on its path. Of this shell's environment, and of PLUGIN/.env, it sees the variables
    that its settings come from; --env-file gives it more.

    The reply's body is written to stdout; the function's log and its times go to stderr. The exit
    code is 0 for any HTTP reply, whatever its status, and 1 if there is none. A streamed reply is
    written as it comes; one that fails midway ends with exit code 1.

    \b
    Examples:
      packager invoke plugins/neko --request "GET /duck/42"
      packager invoke build/NekoFunction.zip --event event.json
      packager invoke my-plugin --mapped sqs -d '{"task": 1}'
      packager invoke build --function NekoFunction --request "POST /echo" \\
        -H "Content-Type: application/json" -d @body.json -i --payload 1.0
    """
    make = read_sent(Sent(event, request, mapped, endpoint), headers, data, fields)
    variables = aws_variables(aws, aws_profile) | read_variables(env_file)
    run = Run(permissions, settings_file, variables, fake_dify or dify_script is not None)
    with (
        unpacked(path, function, runtime, run) as bundle,
        dify_variables(fake_dify, dify_memory(bundle, storage), dify_script) as dify,
    ):
        local = local_variables(path, bundle, settings_file) | dify
        local |= arns_variable(bundle.function, events_of(bundle)) | endpoint_variables(bundle)
        variables = local | storage_variables(bundle, storage, variables) | variables
        the_event = make(payload or ("url" if bundle.stream else "2.0"), bundle)
        stream = _StreamWriter(include) if form == "text" else None
        log = RenamedPaths(names_for_log(path, bundle), write_log)
        start: Callable[..., Invocation] = invoke_bundle
        if debug:
            start = partial(debug_bundle, debugger=Debugger(debug_port, _plugin_at(path)))
        try:
            done = start(bundle.folder, the_event, env=variables, on_log=log, on_part=stream)
        except InvocationFailed:
            if stream is not None and stream.fault is not None:
                raise stream.fault from None  # such as `| head`: not the function's failure
            raise
        finally:
            log.end()
    echo(f"Init Duration: {done.init_ms:.1f} ms  Duration: {done.duration_ms:.1f} ms")
    _write_reply(done, include, form)


def names_for_log(path: Path, bundle: BuiltBundle) -> tuple[tuple[bytes, bytes], ...]:
    """Return what the log calls a bundle's files, where PLUGIN|BUNDLE was unpacked for this run."""
    if is_inside(bundle.folder, path):
        return ()
    is_plugin = not is_bundle(path) and not bundles_in(path)
    return names_of_paths(bundle.folder, str(path) if is_plugin else None)


def _plugin_at(path: Path) -> Path | None:
    """Return the folder in which a debugger's user has the plugin."""
    return path if is_file(path / MANIFEST) else None


class _StreamWriter:
    """Writes a streamed reply as it comes."""

    def __init__(self, include: bool) -> None:
        self._include = include
        self.fault: Exception | None = None

    def __call__(self, part: Part) -> None:
        try:
            if isinstance(part, bytes):
                write_bytes(part)
            elif (reply := read_reply(part)) is not None and self._include:
                write(_head(reply))
        except (OSError, PackagerError) as fault:  # the thread it comes on has nobody to tell
            self.fault = fault
            raise OSError from fault  # hangs up


def _write_reply(done: Invocation, include: bool, form: str) -> None:
    if done.streamed and form == "text":
        return  # written as it came
    reply = read_reply(done.reply) if form == "text" else None
    if reply is None:
        write_bytes(done.payload + b"\n")
        return
    if include:
        write(_head(reply))
    write_bytes(reply.body)


def _head(reply: HttpReply) -> str:
    lines = [f"HTTP/1.1 {reply.status} {reply.reason}".rstrip()]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    return "\n".join(lines) + "\n\n"
