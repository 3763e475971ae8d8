"""Writes docs/benchmarks.md and its plot from the numbers in `results/`; nothing in it is typed.

python -m benchmarks.page
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.build_page import build_section
from benchmarks.cold_contenders import APIG_WSGI, BASELINE, OURS_FAST, OURS_STOCK
from benchmarks.observe_page import observe_section
from benchmarks.published_page import phases_section, published_section

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks-cold.svg"

CUT = 6  # multiples that the plot has room for

INTRO = """\
# Benchmarks

`make bench` measures all of this again, but for the sections after the warm events, which name
commands of their own, and writes this page: some 15 minutes on two idle cores. It needs the package
index once and, for files and system calls, `strace`. Absolute times are those of one machine; trust
the ratios, which were taken in one run.
"""

AWS = """\
## In an account of yours

None of these numbers is from AWS: there was no account to measure in. `python -m benchmarks.aws
--region eu-west-1` measures there: it makes a stack with a function for each contender, forces 20
cold starts of each by changing its description, reads init duration and duration from the REPORT
line that each invocation gives back, prints a table as above, with warm requests and memory, and
deletes the stack (`--keep` does not). It needs permission to make roles and functions, and costs
cents. Tests run it against a stand-in of AWS with recorded log lines: what moto can't show is
whether Lambda gives new environments for each change, so starts that were warm after all don't
count.
"""

COLD = """\
## Cold start

From spawn to the last byte of the reply to the same `GET /duck/42`, behind a Runtime API on
loopback that does next to nothing. Medians of {rounds} rounds; in each round every contender is
started once, in an order that moves on. {machine}

Each is packaged at its best: a folder of its own with what it needs and nothing else, bytecode of
this very interpreter that is never checked against its source, no `.pth` hooks, AWS's client
(`awslambdaric` {client}) in one folder for all. The page cache is warm; nothing is compiled while
it runs.

![Cold starts, as multiples of a bare handler on the stock client](benchmarks-cold.svg)
"""

COLD_NOTES = """\
*Ratio* is to the bare handler on the stock client; where others load the machine, trust that of
CPU time. *Files* are those opened, *calls* all system calls of the process up to its reply
(strace, a start of its own), *modules* what was imported (`-X importtime`), *MB* the unzipped
bundle without the interpreter and AWS's client.

The bare handler returns a literal and looks at nothing. `packager` serves the example `neko`, a
plugin of eight endpoints with settings; Chalice, Powertools and Starlette have requests of their
own, not werkzeug's. The SDK's row is the least that imports it: `from dify_plugin import
Endpoint`, one call of one class.
"""

CAUSES = """\
What the CPU time of a start with the fast entry consists of, measured as processes that each do a
little more, once a round:
"""

WARM = """\
## Warm events

Every contender answers the same requests in a process of its own; the driver asks each in turn
for one batch, and the median batch of {rounds} counts. The context has a clock, as Lambda's has: a
generator's body is read within the function's time, which takes a timer. CPU µs per event, in
brackets the ratio to apig-wsgi. {machine}
"""

WARM_NOTES = """\
A megabyte's base64, which all of them pay, is most of the last two columns. Those that say so in
brackets have requests of their own, not werkzeug's.
"""

RELOAD = """\
## From a saved file to the new answer

Servers of one's own machine, as a file of each is edited {rounds} times and the address asked until
the new text comes (`python -m benchmarks.reload --write`). `packager serve` builds the function
again and starts it cold in an environment of its own; `sam local` starts a container for each
request, here from an image that the tests make. {machine}
"""

STREAM = """\
## A piece of a streamed answer

From the moment a plugin makes a piece to that at which a client of `packager serve` has it, in
{rounds} warm answers of ten pieces (`python -m benchmarks.served_stream --write`). {machine}
"""

Record = dict[str, Any]


def read_records() -> dict[str, Record]:
    """Return what is in `results/`, by the names of the modules that wrote it."""
    found = {path.stem: path for path in sorted(RESULTS.glob("*.json"))}
    return {name: json.loads(path.read_text("utf-8")) for name, path in found.items()}


def render_page(records: Mapping[str, Record]) -> str:
    """Return the page for the records in `results/`; those of builds and phases may be missing."""
    cold, warm, reload = records["cold"], records["warm"], records["reload"]
    stream, observe = records["served_stream"], records["observe"]
    published, phases = records["published"], records.get("published_phases")
    build = records.get("build")
    parts = [
        INTRO,
        COLD.format(
            rounds=cold["rounds"], machine=_machine(cold), client=cold["client"]["awslambdaric"]
        ),
        _cold_table(cold),
        COLD_NOTES,
        _held(cold),
        CAUSES,
        _causes(cold),
        _versions(cold["contenders"]),
        published_section(published, _machine(published)),
        *([phases_section(phases, _machine(phases))] if phases else []),
        WARM.format(rounds=warm["rounds"], machine=_machine(warm)),
        _warm_table(warm),
        WARM_NOTES,
        RELOAD.format(rounds=reload["rounds"], machine=_machine(reload)),
        _reload_table(reload),
        STREAM.format(rounds=stream["rounds"], machine=_machine(stream)),
        _stream_table(stream),
        observe_section(observe, _machine(observe)),
        *([build_section(build, _machine(build))] if build else []),
        AWS,
    ]
    return "\n".join(parts)


def render_plot(cold: dict[str, Any]) -> str:
    """Return the plot of the cold starts: one bar each, in multiples of the baseline."""
    rows = sorted(cold["contenders"].items(), key=lambda row: row[1]["wall_ratio"])
    most = CUT
    left, width, height = 250, 440, 22
    total = height * len(rows) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 100} {total}" '
        'font-family="sans-serif" font-size="12" fill="#6e7781">',
        "<title>Cold starts, as multiples of a bare handler on the stock client</title>",
    ]
    for index, (name, row) in enumerate(rows):
        y = 8 + index * height
        colour = "#2f81f7" if name.startswith("packager") else "#8c959f"
        bar = max(1, round(width * min(row["wall_ratio"], most) / most))
        note = " (cut off)" if row["wall_ratio"] > most else ""
        middle = y + height / 2 + 4
        lines += [
            f'<text x="{left - 8}" y="{middle:g}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{left}" y="{y + 3}" width="{bar}" height="{height - 6}" fill="{colour}"/>',
            f'<text x="{left + bar + 6}" y="{middle:g}">{row["wall_ratio"]:.2f}{note}</text>',
        ]
    at = left + width / most
    lines.append(
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="4" y2="{total - 4}" stroke="#cf222e" '
        'stroke-dasharray="3 3"/>'
    )
    return "\n".join([*lines, "</svg>"]) + "\n"


def write_page() -> None:
    """Write the page and its plot from `results/`."""
    records = read_records()
    PAGE.write_text(render_page(records), "utf-8")
    PLOT.write_text(render_plot(records["cold"]), "utf-8")


def _machine(record: dict[str, Any]) -> str:
    nice = record.get("nice", 0)
    others = f" at niceness {nice} beside others" if nice else ""
    return (
        f"CPython {record['python']}, {record['processor']}, {record['cores']} cores, "
        f"{record['system']}; load {record['load']} before{others}, {record['date']}."
    )


def _cold_table(cold: dict[str, Any]) -> str:
    lines = [
        "| | wall ms | ratio | quartiles | CPU ms | ratio | files | calls | modules | MB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, row in cold["contenders"].items():
        low, high = row["wall_quartiles_ms"]
        shown = f"**{name}**" if name.startswith("packager") else name
        lines.append(
            f"| {shown} | {row['wall_ms']:.1f} | {row['wall_ratio']:.2f} | {low:.1f} to {high:.1f} "
            f"| {row['cpu_ms']:.1f} | {row['cpu_ratio']:.2f} "
            f"| {_count(row['files'])} | {_count(row['calls'])} | {row['modules']} "
            f"| {row['bytes'] / 1e6:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _held(cold: dict[str, Any]) -> str:
    """What the project asks of itself, and what came out."""
    rows = cold["contenders"]
    fast, stock, peer = rows[OURS_FAST], rows[OURS_STOCK], rows[APIG_WSGI]
    lines = [
        "| asked for | measured |",
        "|---|---|",
        f"| fast entry: at most 1.2 times the {BASELINE} | {_both(fast)} |",
        f"| stock entry: at most 1.6 times | {_both(stock)} |",
    ]
    for what, key in (("files opened", "files"), ("system calls", "calls")):
        if fast[key] and peer[key]:
            lines.append(
                f"| {what}, fast entry: at most half of {APIG_WSGI}'s "
                f"| {fast[key] / peer[key]:.2f} |"
            )
    return "\n".join(lines) + "\n"


def _both(row: dict[str, Any]) -> str:
    return f"{row['wall_ratio']:.2f} (CPU {row['cpu_ratio']:.2f})"


def _causes(cold: dict[str, Any]) -> str:
    causes: dict[str, float] = cold["causes_ms"]
    rest = cold["contenders"][OURS_FAST]["cpu_ms"] - sum(causes.values())
    rows = [*causes.items(), ("connection, event, request, response, reply", rest)]
    lines = ["| | CPU ms |", "|---|--:|", *(f"| {name} | {ms:.1f} |" for name, ms in rows)]
    return "\n".join(lines) + "\n"


def _versions(contenders: dict[str, Any]) -> str:
    named = {
        package.split(" ")[0].lower()
        for package in (
            *("werkzeug", "aws-wsgi", "apig-wsgi", "serverless-wsgi", "flask", "starlette"),
            *("mangum", "aws-lambda-powertools", "chalice", "dify-plugin"),
        )
    }
    found: dict[str, set[str]] = {}
    for row in contenders.values():
        for package, version in row["versions"].items():
            if package in named:
                found.setdefault(package, set()).add(version)
    listed = ", ".join(f"{name} {' and '.join(sorted(found[name]))}" for name in sorted(found))
    return f"Versions: {listed}.\n"


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _warm_table(warm: dict[str, Any]) -> str:
    results, baseline = warm["us"], warm["baseline"]
    columns = [(case, payload) for case in results for payload in results[case]]
    lines = [
        "| | " + " | ".join(f"{case}, {payload}" for case, payload in columns) + " |",
        "|---|" + "--:|" * len(columns),
    ]
    names: list[str] = []
    for case, payload in columns:
        names += [name for name in results[case][payload] if name not in names]
    for name in names:
        cells = []
        for case, payload in columns:
            own, other = results[case][payload].get(name), results[case][payload][baseline]
            ratio = f" ({own / other:.2f})" if own and name != baseline else ""
            cells.append(f"{own:.1f}{ratio}" if own else "-")
        shown = f"**{name}**" if name == "packager" else name
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _reload_table(reload: Record) -> str:
    lines = ["| | median s | slowest s |", "|---|--:|--:|"]
    for name, seconds in reload["seconds"].items():
        shown = f"**{name}**" if name.startswith("packager") else name
        lines.append(f"| {shown} | {median(seconds):.2f} | {max(seconds):.2f} |")
    return "\n".join(lines) + "\n"


def _stream_table(stream: Record) -> str:
    lines = ["| | median ms | 95 % within | most |", "|---|--:|--:|--:|"]
    for name, key in (("first piece", "first"), ("those after it", "others")):
        row = stream[key]
        lines.append(f"| {name} | {row['median_ms']} | {row['p95_ms']} | {row['most_ms']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_page()
