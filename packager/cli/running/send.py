"""`packager send`: an event to a function that `packager serve` runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit

import click

from packager.cli.console import echo, write_bytes, write_log
from packager.cli.options import data_option
from packager.cli.running.sent import mapped_payload, read_event, read_request_body
from packager.errors import PackagerError, UsageError

_SECONDS = 1000  # Lambda's longest, and some


@click.command()
@click.option(
    "--server",
    metavar="URL",
    envvar="PACKAGER_SERVER",
    default="http://localhost:3001/_console/",
    show_default=True,
    help="The console's address, as `packager serve` writes it; or set PACKAGER_SERVER.",
)
@click.option("--function", metavar="ID", help="Which of several functions.")
@click.option(
    "--mapped",
    metavar="SOURCE[:PATH]",
    help="What the configuration's `events` send: sqs, sns, eventbridge, schedule or any; -d is "
    "the message, or the event's detail.",
)
@click.option("--event", metavar="FILE", help="An event's JSON; - is stdin.")
@data_option
def send(
    server: str, function: str | None, mapped: str | None, event: str | None, data: str | None
) -> None:
    """Send an event of a queue, topic, rule or schedule to a function that is served.

    The function's answer is written to stdout, its log and its times go to stderr; the server shows
    the event among its requests. The exit code is 1 if the function failed. Requests need no
    command of their own: curl sends them.

    \b
    Examples:
      packager send --mapped sqs -d '{"order": 7}'
      packager send --function MyFunction --mapped schedule:/nightly
      packager send --event event.json --server http://localhost:8081/_console/
    """
    if (mapped is None) == (event is None):
        raise click.UsageError("say what to send: one of --mapped and --event")
    said: dict[str, Any] = {"function": function}
    if mapped is not None:
        body = None if data is None else read_request_body(data, (), ())[0]
        said |= {"mapped": mapped, "payload": mapped_payload(mapped, body)}
    elif data is not None:
        raise click.UsageError("-d is for --mapped; an event has its own body")
    else:
        said["event"] = read_event(event or "")
    answer = _asked(server, said)
    write_log(answer["log"].encode())
    if answer["error"]:
        raise PackagerError(answer["error"])
    init = "" if answer["init_ms"] is None else f"Init Duration: {answer['init_ms']:.1f} ms  "
    echo(f"{init}Duration: {answer['duration_ms']:.1f} ms")
    write_bytes(answer["reply"].encode() + b"\n")


def _asked(server: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return what the server answers; raise `UsageError` where it is not one, or refuses."""
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("--server: expected a URL", hint="such as http://localhost:3001/_console/")
    # The token in the address is exchanged for a cookie; proxies are for other people's servers.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    where = f"{parts.scheme}://{parts.netloc}/_console/invocations"
    asking = urllib.request.Request(  # noqa: S310 - http or https, as checked above
        where, json.dumps(said).encode(), {"Content-Type": "application/json"}
    )
    try:
        if parts.query:
            opener.open(server, timeout=_SECONDS).close()
        with opener.open(asking, timeout=_SECONDS) as got:
            answer = json.loads(got.read())
    except urllib.error.HTTPError as refused:
        raise _refusal(refused) from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "reason", fault)
        raise UsageError(
            f"no `packager serve` answers at {parts.scheme}://{parts.netloc}: {reason}",
            hint="--server is the address of its console",
        ) from None
    if not isinstance(answer, dict) or "reply" not in answer:
        raise UsageError(f"{parts.scheme}://{parts.netloc} is not a console of `packager serve`")
    return answer


def _refusal(refused: urllib.error.HTTPError) -> PackagerError:
    with refused:
        text = refused.read().decode("utf-8", "replace")
    try:
        said = json.loads(text)
        return UsageError(said["fault"], hint=said["hint"])
    except (ValueError, TypeError, KeyError):
        line = text.strip().partition("\n")[0][:200] if refused.code in (401, 403, 421) else ""
        return UsageError(f"the server answers with {refused.code}" + (f": {line}" if line else ""))
