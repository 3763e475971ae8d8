"""What the init phase and the first request of published plugins take, at three memory sizes.

    python -m benchmarks.published_phases [--rounds 5] [--only TEXT] [--python 3.13] [--write]

Ten plugins (`published_plugins.py`), packaged with `diet_plugin`, without it, without any diet, and
under werkzeug and apig-wsgi. From its first request for work on each process has the CPU share of a
memory size, as `init_phase.py` gives it, which needs root; the init phase has the machine. Its ms
are of CPU, so that nothing else on the machine counts, the request's are those from the event to
the last byte of the reply; the least of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.cold_start import cpu_ms
from benchmarks.init_phase import MEMORY, cpu_share
from benchmarks.machine import describe_machine
from benchmarks.page import write_page
from benchmarks.published_plugins import PLUGINS, Published
from benchmarks.published_subjects import DEFAULT, FULL, OURS, PEER, Bench, Subject, prepared
from packager.host.interpreter import Interpreter, find_interpreter, newest_supported

RESULTS = Path(__file__).resolve().parent / "results" / "published_phases.json"
KINDS = (OURS, DEFAULT, FULL, PEER)


def phases_of(bench: Bench, subject: Subject, procs: Path) -> tuple[float, float]:
    """Start a subject; return the CPU ms of its init phase, and the ms of its first request."""
    init = 0.0

    def throttle(pid: int) -> None:
        nonlocal init
        init = cpu_ms(pid)
        procs.write_text(str(pid))

    reply = bench.start(subject, at_next=throttle).reply
    return init, (reply.at - reply.sent) * 1000


def measure(
    plugins: list[Published], rounds: int, interpreter: Interpreter, work: Path
) -> dict[str, Any]:
    """Package what is not in `work` yet, and measure; return the whole record."""
    machine = describe_machine(interpreter)
    rows: dict[str, Any] = {}
    with prepared(plugins, [*KINDS], interpreter, work) as (bench, _, subjects):
        found: dict[tuple[Subject, int], list[tuple[float, float]]] = defaultdict(list)
        for megabytes in MEMORY:
            with cpu_share(megabytes) as procs:
                for turn in range(rounds + 1):
                    for subject in subjects:
                        times = phases_of(bench, subject, procs)
                        if turn:  # the first round warms the page cache
                            found[subject, megabytes].append(times)
        for subject in subjects:
            assert subject.plugin
            of_each = {each: found[subject, each] for each in MEMORY}
            rows.setdefault(subject.plugin.name, {})[subject.contender.name] = {
                "init_ms": round(min(init for each in of_each.values() for init, _ in each), 1),
                "request_ms": {
                    str(megabytes): round(min(request for _, request in each), 1)
                    for megabytes, each in of_each.items()
                },
            }
    return {**machine, "rounds": rounds, "plugins": rows}


def show(record: dict[str, Any]) -> None:
    """Print a line for each plugin and way."""
    print(f"{'':50}{'':26}{'init':>8}" + "".join(f"{each:>8} MB" for each in MEMORY))
    for name, row in record["plugins"].items():
        for kind, found in row.items():
            requests = "".join(f"{each:>11.1f}" for each in found["request_ms"].values())
            print(f"{name:50}{kind:26}{found['init_ms']:>8.1f}{requests}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Measure both phases of published plugins.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", help="part of a plugin's name; repeatable")
    parser.add_argument("--python", help="a Python version; default: the newest found")
    parser.add_argument("--work", type=Path, help="where what is packaged is kept for another run")
    parser.add_argument("--write", action="store_true", help="keep the results, and write the page")
    options = parser.parse_args()
    interpreter = find_interpreter(options.python) if options.python else newest_supported()
    if interpreter is None:
        raise SystemExit("no such Python here")
    chosen = [p for p in PLUGINS if not options.only or any(t in p.name for t in options.only)]
    with tempfile.TemporaryDirectory(prefix="published-") as name:
        record = measure(chosen, options.rounds, interpreter, options.work or Path(name))
    show(record)
    if options.write:
        RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_page()


if __name__ == "__main__":
    main()
