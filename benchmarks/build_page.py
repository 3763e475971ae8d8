"""The section of docs/benchmarks.md on what builds take."""

from __future__ import annotations

from typing import Any

from benchmarks.build_contenders import BASELINE, LARGE, OURS, SMALL

INTRO = """\
## Builds

`packager build` beside other tools (`python -m benchmarks.build --write`): {what}.
Rounds of the small set: {rounds}, of the large one: {large_rounds}; in each every tool is run once,
and medians count. *Cold*: its caches and uv's are empty, and what it needs comes from the package
index. *Again*: nothing has changed. *Edited*: a line of the function's own source has. The small
set is {small};
the large one, some 70 MB unzipped, has {large} besides. {machine}
"""

IDLE = "seconds of wall time, with those of CPU, children included, in brackets"
BUSY = (
    "seconds of CPU,\nchildren included. There are no wall times, as the machine was busy: the "
    "load was {load}\non {cores} cores, which makes CPU times longer, too, by half or more. A dash "
    "is what was not over in time"
)

NOTES = """\
`uv pip install --target` only installs: no zip, and bytecode, as it is, with `--compile-bytecode`
alone. `sam build` and pex don't compile, and `sam build` writes no zip. `sam build, uv` is its
build method `python-uv` (beta), both are run with `--cached`; serverless-python-requirements is
that of the Serverless Framework 3.
"""


def build_section(build: dict[str, Any], machine: str) -> str:
    """Return the section for what `build.py` has measured."""
    intro = INTRO.format(
        rounds=build["rounds"],
        large_rounds=build["large_rounds"],
        small=", ".join(SMALL),
        large=", ".join(LARGE[len(SMALL) :]),
        machine=machine,
        what=BUSY.format(**build) if _is_busy(build) else IDLE,
    )
    return "\n".join([intro, _table(build), NOTES, _own(build)])


def _is_busy(build: dict[str, Any]) -> bool:
    return bool(build["load"] > build["cores"])


def _table(build: dict[str, Any]) -> str:
    columns = [(size, case) for size in ("small", "large") for case in build[size]]
    lines = [
        "| | " + " | ".join(f"{size}, {case}" for size, case in columns) + " |",
        "|---|" + "--:|" * len(columns),
    ]
    names = [OURS, BASELINE, *(n for n in build["small"]["cold"] if n not in (OURS, BASELINE))]
    for name in names:
        found = [build[size][case].get(name) for size, case in columns]
        cells = [_cell(each, busy=_is_busy(build)) for each in found]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _own(build: dict[str, Any]) -> str:
    """Return the sentences and the table on the tool alone."""
    groups, small = build["groups"], build["small"]["cold"]
    kind, of = ("cpu", " of CPU") if _is_busy(build) else ("seconds", "")
    said = "."
    if "again, 3" in groups:
        cold, again = (
            groups[f"{case}, 3"][kind] / groups[f"{case}, 1"][kind] for case in ("cold", "again")
        )
        said = (
            ". A plugin of three groups\n"
            f"takes {cold:.2f} times as long as one of one cold, and {again:.2f} times again."
        )
    allowed = 1.3 * small[BASELINE][kind] + 1
    lines = [
        f"A cold build of the small set takes {small[OURS][kind]:.2f} s{of}, where 1.3 times",
        f"`{BASELINE}` of the same set plus 1 s are {allowed:.2f} s{said}",
        "",
        f"| `plugins/slack_bot` | {'' if of else 'ms | '}CPU ms | peak memory, MB |",
        "|---|--:|--:|" + ("" if of else "--:|"),
    ]
    rows = {**build["commands"], "build, cold, the large set": build["large"]["cold"][OURS]}
    for name, took in rows.items():
        wall = "" if of else f"{took['seconds'] * 1000:.0f} | "
        lines.append(f"| `{name}` | {wall}{took['cpu'] * 1000:.0f} | {took['mb']:.0f} |")
    return "\n".join(lines) + "\n"


def _cell(took: dict[str, float] | None, *, busy: bool) -> str:
    if took is None:
        return "-"
    return f"{took['cpu']:.2f}" if busy else f"{took['seconds']:.2f} ({took['cpu']:.2f})"
