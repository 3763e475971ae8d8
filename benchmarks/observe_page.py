"""The section of docs/benchmarks.md on what metrics and traces cost."""

from __future__ import annotations

from typing import Any

INTRO = """\
## Metrics and traces

What `metrics` and `tracing` add to a whole request, through the fast entry's loop: CPU µs of the
function's process, log and datagrams included (`python -m benchmarks.observe --write`). One
process is told by requests in between what to observe next, a batch of {batch} requests each; of
{rounds} batches the least counts, as others on the machine only add to it. {machine}
"""

NOTES = """\
`GET /plain` answers a text; `GET /call` asks an app of Dify before. The second row is the same
as the first: what differs there is noise. Asked for are at most 15 µs for metrics and 30 µs for
tracing; in the bundle of a function without either there is none of their code.
"""


def observe_section(observe: dict[str, Any], machine: str) -> str:
    """Return the section for what `observe.py` has measured."""
    intro = INTRO.format(batch=observe["batch"], rounds=observe["rounds"], machine=machine)
    return "\n".join([intro, _table(observe), NOTES])


def _table(observe: dict[str, Any]) -> str:
    routes = observe["us"]
    lines = [
        "| | " + " | ".join(f"GET /{route}" for route in routes) + " |",
        "|---|" + "--:|" * len(routes),
    ]
    for number, name in enumerate(next(iter(routes.values()))):
        cells = [
            f"{cases[name]['us']:.1f}" + (f" ({cases[name]['more']:+.1f})" if number else "")
            for cases in routes.values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
