"""The part of docs/benchmarks.md that has the ten plugins shaped as published ones."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

_HEAD = """\
## Published plugins

Ten plugins shaped as published ones (`benchmarks/published/`), cold, with the first request that
each gets: CPU ms from spawn to the reply, the least of {rounds} rounds, in brackets beside the bare
handler on the stock client ({bare:.1f} ms). `packager` is the fast entry with `diet_plugin = true`;
the last is the same endpoint under werkzeug and apig-wsgi. Bedrock's call goes to a server on
loopback. {machine}
"""

_NOTES = """\
*Files* and *calls* are those of `packager`, then of werkzeug and apig-wsgi; *MB* (the peak of
memory) and *zip* (MB) have that of no diet between them.

Above 0.6 of apig-wsgi are three, whose requests use most of what they import:

- MCP: a pydantic model needs nearly all of pydantic. Importing that is 87 % of what this start
  takes beyond a static page's; making the validators of three models is the rest.
- SQL: SQLAlchemy's modules register listeners, dialects and types with each other while they are
  imported, so that little can wait: that is 94 %, the engine and its query are the rest.
- Bedrock: a client needs botocore's sessions, signers, parsers and retries (61 %), and makes its
  class from JSON that describes the service (32 %).
"""

_PHASES = """\
### Init phase and first request

The same plugins and requests by phases (`python -m benchmarks.published_phases --write`, as root).
The init phase ends when the process first asks for work, and has the machine: CPU ms. From then on
a quota of the CPU controller of cgroups gives it the share of its memory size (1769 MB is one CPU):
ms from the event to the reply. Each cell has `diet_plugin = true`, the default, no diet, and
werkzeug with apig-wsgi; the least of {rounds} rounds. {machine}
"""

_PHASES_NOTES = """\
By default, and without a diet, all that a source imports is imported in the init phase; with
`diet_plugin`, what the request uses is imported in the request, with its share
([when that pays](cold-start.md#why-it-is-not-the-default)).
"""


def published_section(record: dict[str, Any], machine: str) -> str:
    """Return the section for a record, as `published_cold` writes it."""
    head = _HEAD.format(rounds=record["rounds"], bare=record["bare_cpu_ms"], machine=machine)
    return "\n".join([head, _table(record), _NOTES])


def phases_section(record: dict[str, Any], machine: str) -> str:
    """Return the section for a record, as `published_phases` writes it."""
    ways = ("packager", "packager, no diet_plugin", "packager, no diet", "werkzeug + apig-wsgi")
    sizes: list[str] = next(iter(record["plugins"].values()))[ways[0]]["request_ms"]
    lines = [
        f"| | init phase | {' | '.join(f'{each} MB' for each in sizes)} |",
        "|---|--:|" + "--:|" * len(sizes),
    ]
    for name, row in record["plugins"].items():
        cells = [", ".join(f"{row[each]['init_ms']:.0f}" for each in ways)]
        cells += [
            ", ".join(_short(row[each]["request_ms"][size]) for each in ways) for size in sizes
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    totals = [", ".join(f"{each:.0f}" for each in _totals(record, ways, size)) for size in sizes]
    lines.append(f"| **both phases, median** | | {' | '.join(totals)} |")
    head = _PHASES.format(rounds=record["rounds"], machine=machine)
    return "\n".join([head, *lines, "", _PHASES_NOTES])


def _totals(record: dict[str, Any], ways: Sequence[str], size: str) -> list[float]:
    """Return the median of what both phases take, for each way, at one memory size."""
    rows = record["plugins"].values()
    return [
        median(row[each]["init_ms"] + row[each]["request_ms"][size] for row in rows)
        for each in ways
    ]


def _short(ms: float) -> str:
    return f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}"


def _table(record: dict[str, Any]) -> str:
    bare: float = record["bare_cpu_ms"]
    lines = [
        "| | packager | no diet | werkzeug + apig-wsgi | ratio | files | calls | MB | zip |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    ratios: list[tuple[float, float]] = []
    for name, row in record["plugins"].items():
        ours, peer = row["packager"], row["werkzeug + apig-wsgi"]
        kinds = (ours, row["packager, no diet"], peer)
        times = [f"{each['cpu_ms']:.1f} ({each['cpu_ms'] / bare:.2f})" for each in kinds]
        ratios.append((ours["cpu_ms"] / bare, ours["cpu_ms"] / peer["cpu_ms"]))
        pairs = [f"{ours.get(key)}, {peer.get(key)}" for key in ("files", "calls")]
        memory = ", ".join(f"{each['memory_mb']:.1f}" for each in kinds)
        zips = ", ".join(f"{each['zip_mb']:.2f}" for each in kinds)
        cells = [name, *times, f"{ratios[-1][1]:.2f}", *pairs, memory, zips]
        lines.append(f"| {' | '.join(cells)} |")
    of_bare, of_peer = (median(column) for column in zip(*ratios, strict=True))
    lines.append(f"| **median** | ({of_bare:.2f}) | | | {of_peer:.2f} | | | | |")
    return "\n".join(lines) + "\n"
