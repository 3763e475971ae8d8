"""The part of docs/benchmarks.md that has the ten plugins shaped as published ones."""

from __future__ import annotations

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
*Files*, *calls*, *MB* (the peak of memory) and *zip* (MB) are those of `packager`, then of werkzeug
and apig-wsgi. What is above 0.6 uses what it imports: pydantic's models, SQLAlchemy's engine,
boto3's client.
"""


def published_section(record: dict[str, Any], machine: str) -> str:
    """Return the section for a record, as `published_cold` writes it."""
    head = _HEAD.format(rounds=record["rounds"], bare=record["bare_cpu_ms"], machine=machine)
    return "\n".join([head, _table(record), _NOTES])


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
        pairs = [f"{ours.get(key)}, {peer.get(key)}" for key in ("files", "calls", "memory_mb")]
        zips = f"{ours['zip_mb']:.1f}, {peer['zip_mb']:.1f}"
        cells = [name, *times, f"{ratios[-1][1]:.2f}", *pairs, zips]
        lines.append(f"| {' | '.join(cells)} |")
    of_bare, of_peer = (median(column) for column in zip(*ratios, strict=True))
    lines.append(f"| **median** | ({of_bare:.2f}) | | | {of_peer:.2f} | | | | |")
    return "\n".join(lines) + "\n"
