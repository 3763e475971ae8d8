"""What cold first requests of published plugins cost: ten of their shape, beside other ways.

    python -m benchmarks.published_cold [--rounds 15] [--only TEXT] [--python 3.13] [--write]

Each plugin (`published_plugins.py`) is built as it is, with `diet = false`, and served by werkzeug
and apig-wsgi, by hand and with the real SDK. Every round starts each once. CPU time is that of all
threads from spawn to the reply; the least of the rounds counts, as what else runs on a machine
only ever adds to it. Files and system calls are strace's, memory is the peak up to the reply.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.page import write_page
from benchmarks.published_plugins import PLUGINS, Published
from benchmarks.published_subjects import KINDS, OURS, PEER, prepared
from packager.host.interpreter import Interpreter, find_interpreter, newest_supported

RESULTS = Path(__file__).resolve().parent / "results" / "published.json"


def _zipped(folder: Path) -> int:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder), compresslevel=6)
        return file.tell()


def measure(
    plugins: list[Published],
    kinds: list[str],
    rounds: int,
    interpreter: Interpreter,
    work: Path,
    *,
    counts: bool = True,
) -> dict[str, Any]:
    """Package what is not in `work` yet, and measure; return the whole record."""
    with prepared(plugins, kinds, interpreter, work) as (bench, bare, made):
        for turn in range(rounds + 1):
            for subject in (bare, *made):
                done = bench.start(subject)
                if turn:  # the first round warms the page cache
                    subject.cpu.append(done.cpu)
                    subject.found["memory_mb"] = round(done.memory, 1)
        for subject in made if counts else ():
            bench.count(subject)
            subject.found["zip_mb"] = round(_zipped(subject.folder) / 1e6, 3)
    rows: dict[str, Any] = {}
    for subject in made:
        assert subject.plugin
        row = rows.setdefault(subject.plugin.name, {})
        row[subject.contender.name] = {"cpu_ms": round(min(subject.cpu), 2), **subject.found}
    return {
        **describe_machine(interpreter),
        "rounds": rounds,
        "bare_cpu_ms": round(min(bare.cpu), 2),
        "plugins": rows,
    }


def show(record: dict[str, Any]) -> None:
    """Print a line for each plugin, and the medians."""
    bare = record["bare_cpu_ms"]
    print(f"bare handler on the stock client: {bare} ms of CPU; * is beside it, / beside apig-wsgi")
    ratios: dict[str, list[float]] = {"*": [], "/": []}
    for name, row in record["plugins"].items():
        print(name)
        for kind, found in row.items():
            line = f"  {kind:24}{found['cpu_ms']:>8.1f} ms {found['cpu_ms'] / bare:>6.2f}*"
            if PEER in row:
                line += f"{found['cpu_ms'] / row[PEER]['cpu_ms']:>6.2f}/"
            print(
                f"{line}{found.get('files', 0):>6} files{found.get('calls', 0):>7} calls"
                f"{found['memory_mb']:>7.1f} MB{found.get('zip_mb', 0):>8.2f} MB zip"
            )
        if OURS in row:
            ratios["*"].append(row[OURS]["cpu_ms"] / bare)
            if PEER in row:
                ratios["/"].append(row[OURS]["cpu_ms"] / row[PEER]["cpu_ms"])
    for mark, found in ratios.items():
        if found:
            print(f"median {mark} {statistics.median(found):.2f}, most {max(found):.2f}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Measure published plugins' cold requests.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", action="append", help="part of a plugin's name; repeatable")
    parser.add_argument("--kind", action="append", choices=KINDS, help="repeatable; default: all")
    parser.add_argument("--python", help="a Python version; default: the newest found")
    parser.add_argument("--work", type=Path, help="where what is packaged is kept for another run")
    parser.add_argument("--quick", action="store_true", help="CPU and memory alone")
    parser.add_argument("--write", action="store_true", help="keep the results, and write the page")
    options = parser.parse_args()
    interpreter = find_interpreter(options.python) if options.python else newest_supported()
    if interpreter is None:
        raise SystemExit("no such Python here")
    chosen = [p for p in PLUGINS if not options.only or any(t in p.name for t in options.only)]
    kinds = [kind for kind in KINDS if not options.kind or kind in options.kind]
    with tempfile.TemporaryDirectory(prefix="published-") as name:
        work = options.work or Path(name)
        counts = not options.quick
        record = measure(chosen, kinds, options.rounds, interpreter, work, counts=counts)
    show(record)
    if options.write:
        RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_page()


if __name__ == "__main__":
    main()
