"""`packager estimate`: what functions do under a load, and what that costs.

It is long as its options are: their help is a third of it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from packager.cli.console import progress, say, say_briefly, warn, write, write_json
from packager.cli.options import (
    PATH,
    NumberRange,
    format_option,
    plugins_argument,
    settings_file_option,
)
from packager.cli.permissions import permission_options
from packager.cli.plans import planned
from packager.cli.profile import check_page
from packager.cli.running.bundle import Run, unpacked
from packager.cli.running.sent import addressed, endpoint_of
from packager.dataclass import dataclass
from packager.errors import Diagnostics, UsageError
from packager.estimate.durations import read_duration
from packager.estimate.estimate import Estimate, estimate_function, memory_sizes
from packager.estimate.function import estimated_function
from packager.estimate.measure import measure_times
from packager.estimate.model import (
    ACCOUNT_CONCURRENCY,
    GATEWAY_RATE,
    IDLE_SECONDS,
    Limits,
    Queue,
    Times,
)
from packager.estimate.page import render_page
from packager.estimate.prices import Prices, default_prices, read_prices
from packager.estimate.report_lines import Report, read_reports
from packager.estimate.text import facts, render_text
from packager.estimate.times import GivenTimes, times_of
from packager.estimate.traffic import Traffic, read_burst, synthetic_traffic
from packager.estimate.traffic_file import read_traffic
from packager.local.environment import endpoint_variables, local_variables, storage_variables
from packager.local.request_event import make_event, parse_request
from packager.model.permissions import Permissions
from packager.plugin.functions import FunctionPlan
from packager.profile.request import default_request
from packager.profile.start import function_of

_POSITIVE = NumberRange(min=0, min_open=True)
_MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says of each function alike."""

    memories: tuple[int, ...]
    given: GivenTimes
    reports: Sequence[Report]
    request: str | None
    run: Run
    provisioned: int | None
    queue: Queue | None
    reply_bytes: int
    log_bytes: int


@click.command()
@plugins_argument
@click.option(
    "--traffic",
    metavar="FILE",
    type=PATH,
    help="The requests that come: a time on each line, or time,requests, or what CloudWatch "
    "answers with a sum, as JSON.",
)
@click.option("--rps", type=_POSITIVE, metavar="N", help="Requests a second, at random moments.")
@click.option(
    "--burst",
    "bursts",
    metavar="RPS:SECONDS[:EVERY]",
    multiple=True,
    help="So many requests a second for a time, once or every so many seconds; may be repeated.",
)
@click.option(
    "--for",
    "seconds",
    type=_POSITIVE,
    metavar="SECONDS",
    help="How long --rps is simulated; by default a day or a million requests.",
)
@click.option(
    "--memory",
    "memories",
    type=click.IntRange(128, 10240),
    metavar="MIB",
    multiple=True,
    help="A memory size to compare; may be repeated.",
)
@click.option("--init", metavar="MS", help="The init phase's time, 80 or 80,200 (median, p99).")
@click.option("--duration", metavar="MS", help="A request's time, likewise.")
@click.option("--first", metavar="MS", help="An environment's first request's time, likewise.")
@click.option(
    "--cpu",
    type=NumberRange(0, 1),
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="How much of given times is CPU: that part changes with the memory size.",
)
@click.option(
    "--report",
    type=PATH,
    metavar="FILE",
    help="Lambda's log: times are those of its REPORT lines.",
)
@click.option(
    "--request",
    metavar='"METHOD PATH"',
    help="The request to measure; by default the group's first GET, POST / of a trigger.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, _MOST),
    default=ACCOUNT_CONCURRENCY,
    show_default=True,
    metavar="N",
    help="Environments that the account, or reserved concurrency, allows.",
)
@click.option(
    "--gateway-rate",
    type=_POSITIVE,
    default=GATEWAY_RATE,
    show_default=True,
    metavar="N",
    help="Requests a second that API Gateway takes of the account.",
)
@click.option(
    "--provisioned",
    type=click.IntRange(min=0),
    metavar="N",
    help="Environments kept ready; by default as its configuration says.",
)
@click.option(
    "--idle",
    type=_POSITIVE,
    default=IDLE_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long an idle environment is kept, which AWS does not say.",
)
@click.option(
    "--queue",
    "batch",
    type=click.IntRange(1, 10_000),
    metavar="BATCH",
    help="Requests wait in an SQS queue, taken up to BATCH at a time.",
)
@click.option(
    "--reply-bytes",
    type=click.IntRange(0, _MOST),
    default=1024,
    show_default=True,
    metavar="N",
    help="What an answer has.",
)
@click.option(
    "--log-bytes",
    type=click.IntRange(0, _MOST),
    default=400,
    show_default=True,
    metavar="N",
    help="What a request logs, Lambda's own lines among them.",
)
@click.option("--prices", "price_file", type=PATH, metavar="FILE", help="Another region's prices.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the random numbers.")
@settings_file_option
@permission_options
@click.option("--html", metavar="FILE", type=PATH, help="Write a page with charts.")
@format_option
def estimate(
    plugins: tuple[Path, ...],
    traffic: Path | None,
    rps: float | None,
    bursts: tuple[str, ...],
    seconds: float | None,
    memories: tuple[int, ...],
    init: str | None,
    duration: str | None,
    first: str | None,
    cpu: float,
    report: Path | None,
    request: str | None,
    concurrency: int,
    gateway_rate: float,
    provisioned: int | None,
    idle: float,
    batch: int | None,
    reply_bytes: int,
    log_bytes: int,
    price_file: Path | None,
    seed: int,
    settings_file: Path | None,
    permissions: Permissions,
    html: Path | None,
    form: str,
) -> None:
    """Simulate functions on Lambda under a load, and say what that costs.

    Each request and each execution environment is simulated: cold starts, the limits of
    concurrency and how fast it grows, the gateway's rate, queues, provisioned concurrency and
    SnapStart. Times of the init phase and of requests are measured on this machine, unless they are
    given or read from Lambda's log; the result says which. It is the same for the same --seed.

    \b
    Examples:
      packager estimate plugins/neko --rps 20
      packager estimate plugins/neko --rps 50 --burst 2000:10 --html estimate.html
      packager estimate plugins/neko --traffic invocations.json --report lambda.log
      packager estimate plugins/neko --rps 1000 --init 80,200 --duration 40,300 --cpu 0.2
    """
    if html is not None:
        check_page(html)
    init_time, time, first_time = (
        None if each is None else read_duration(each) for each in (init, duration, first)
    )
    given = GivenTimes(init_time, time, first_time, cpu)
    diagnostics = Diagnostics()
    came = _traffic(traffic, rps, bursts, seconds, seed, diagnostics)
    prices = default_prices() if price_file is None else read_prices(price_file, diagnostics)
    reports = () if report is None else read_reports(report, diagnostics)
    asked = _Asked(
        memories, given, reports, request, Run(permissions, settings_file, {}), provisioned,
        None if batch is None else Queue(batch), reply_bytes, log_bytes,
    )  # fmt: skip
    with planned(plugins, diagnostics, {}, permissions=permissions) as plans:
        diagnostics.raise_errors()
        assert came is not None and prices is not None  # noqa: S101 - it would have raised
        limits = Limits(concurrency=concurrency, gateway_rate=gateway_rate, idle=idle)
        with progress():
            found = [_estimated(plan, asked, came, limits, prices, seed) for plan in plans]
    _show(found, html, form)


def _traffic(
    file: Path | None,
    rps: float | None,
    bursts: Sequence[str],
    seconds: float | None,
    seed: int,
    diagnostics: Diagnostics,
) -> Traffic | None:
    """Return the requests that the options mean; raise `UsageError` unless it is one kind."""
    if (file is None) == (rps is None):
        said = "say which requests come" if rps is None else "requests come from one of the two"
        raise UsageError(f"{said}: --rps N, or --traffic FILE")
    if rps is not None:
        return synthetic_traffic(
            rps, [read_burst(each) for each in bursts], seconds=seconds, seed=seed
        )
    if bursts or seconds is not None:
        raise UsageError("--burst and --for are for --rps; a --traffic FILE says it all")
    assert file is not None  # noqa: S101
    return read_traffic(file, diagnostics, seed=seed)


def _estimated(
    plan: FunctionPlan,
    asked: _Asked,
    came: Traffic,
    limits: Limits,
    prices: Prices,
    seed: int,
) -> Estimate:
    function = estimated_function(plan)
    setup = replace(function.setup, queue=asked.queue)
    if asked.provisioned is not None:
        setup = replace(setup, provisioned=asked.provisioned)
    if setup.provisioned > (limits.concurrency or math.inf):
        raise UsageError(
            f"{function.name} can't keep {setup.provisioned:,} environments ready of "
            f"{limits.concurrency:,} that are allowed",
            hint="ask for more: --concurrency",
        )
    function = replace(
        function, setup=setup, reply_bytes=asked.reply_bytes, log_bytes=asked.log_bytes
    )
    memories = memory_sizes(function.memory, asked.memories)
    times = times_of(
        memories,
        function.memory,
        asked.given,
        asked.reports,
        partial(_measured, plan, asked, memories),
    )
    say_briefly(f"simulating {len(came.times):,} requests of {function.name}")
    return estimate_function(function, times, came, limits, prices, seed=seed)


def _measured(plan: FunctionPlan, asked: _Asked, memories: Sequence[int]) -> Mapping[int, Times]:
    """Build the function for this machine, and measure it."""
    path = Path(plan.plugin.display)  # as the command line names it
    say(f"measuring {plan.logical_id}")
    with (
        unpacked(path, plan.logical_id, None, asked.run) as bundle,
        tempfile.TemporaryDirectory(prefix="packager-") as state,
    ):
        if asked.request is None:
            method, target = default_request(bundle.routes)
        else:
            said, target = parse_request(asked.request)
            method = said or "GET"
        url = addressed(endpoint_of(None, bundle), target, bundle)
        event = make_event(method, url, (), b"", "url" if bundle.stream else "2.0")
        variables = local_variables(path, bundle, asked.run.settings_file)
        variables |= storage_variables(bundle, Path(state) / "storage.db")
        variables |= endpoint_variables(bundle)
        times, status = measure_times(function_of(bundle, event, variables), memories, say_briefly)
    if status is None or status >= 400:
        warn(
            f"{method} {target} is answered with the status {status}: these are the times of a "
            "failure; --request names another"
        )
    return times


def _show(estimates: Sequence[Estimate], page: Path | None, form: str) -> None:
    if page is not None:
        page.write_text(render_page(estimates), "utf-8")
    if form == "json":
        write_json({"estimates": [facts(each) for each in estimates]})
    else:
        write(render_text(estimates))
