"""What a cold start costs: from spawn to the reply to `GET /duck/42`, ours beside everybody else's.

    python -m benchmarks.cold [--rounds 40] [--only TEXT] [--write]

Each contender (`cold_contenders.py`) is packaged once. Then every round starts each of them again,
in an order that moves on from round to round, so that whatever else the machine does hits all
alike. Wall time is from before the process is spawned until the last byte of its reply has come;
CPU time is that of all its threads up to there. Files opened and system calls (strace) and modules
(`-X importtime`) are counted in starts of their own. Everything is in the page cache. `--write`
keeps the numbers in `results/` and writes docs/benchmarks.md again.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import cold_contenders as contenders
from benchmarks.cold_api import ColdApi
from benchmarks.cold_causes import Causes
from benchmarks.cold_start import Starter, count_calls
from benchmarks.machine import describe_machine
from benchmarks.page import write_page
from benchmarks.warm import make_event, target_python
from packager.local.stock_client import client_folder

ROUNDS = 40
RESULTS = Path(__file__).resolve().parent / "results" / "cold.json"


@dataclass(slots=True)
class Subject:
    """A packaged contender, and what was measured of it: ms of each round, and counts."""

    contender: contenders.Contender
    folder: Path
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    files: int | None = None
    calls: int | None = None
    modules: int = 0


class Bench:
    """Starts subjects, one at a time, behind a Runtime API."""

    def __init__(self, python: Path, client: Path) -> None:
        self.api = ColdApi()
        self.starter = Starter(self.api, python, client)
        self.events = {
            payload: json.dumps(make_event(payload, "GET")).encode() for payload in ("1.0", "2.0")
        }

    def start(
        self, subject: Subject, prefix: tuple[str, ...] = (), **environment: str
    ) -> tuple[float, float, str]:
        """Start a subject, take its reply, end it; return ms of wall and of CPU, and its stderr."""
        contender = subject.contender
        event = self.events[contender.payload]
        done = self.starter.start(contender, subject.folder, event, prefix, **environment)
        answer = json.loads(done.reply.body)
        assert int(answer["statusCode"]) == 200 and answer["body"] == "42 <br>", done.reply.body
        return done.wall, done.cpu, done.said

    def count(self, subject: Subject) -> None:
        """Count files opened, system calls, and modules, up to the reply."""
        _, _, said = self.start(subject, PYTHONPROFILEIMPORTTIME="1")
        names = re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", said, re.M)
        subject.modules = len(set(names))
        subject.files, subject.calls = count_calls(lambda prefix: self.start(subject, prefix))


def summary(subject: Subject, baseline: Subject) -> dict[str, object]:
    """Return what is kept of a subject's measurements."""
    quarters = statistics.quantiles(subject.wall, n=4)
    wall, cpu = statistics.median(subject.wall), statistics.median(subject.cpu)
    return {
        "wall_ms": round(wall, 2),
        "wall_quartiles_ms": [round(quarters[0], 2), round(quarters[2], 2)],
        "wall_ratio": round(wall / statistics.median(baseline.wall), 3),
        "cpu_ms": round(cpu, 2),
        "cpu_ratio": round(cpu / statistics.median(baseline.cpu), 3),
        "files": subject.files,
        "calls": subject.calls,
        "modules": subject.modules,
        "bytes": contenders.size(subject.folder),
        "versions": contenders.versions(subject.folder),
    }


def measure(chosen: list[contenders.Contender], rounds: int) -> dict[str, object]:
    """Package and measure; return the whole record."""
    interpreter = target_python()
    with tempfile.TemporaryDirectory(prefix="cold-") as name:
        work = Path(name)
        python = contenders.clean_interpreter(interpreter, work / "python")
        client = work / "client"
        shutil.copytree(client_folder(interpreter), client)
        contenders.compile_all(client, interpreter)
        subjects = []
        for contender in chosen:
            folder = work / contender.folder
            if not folder.exists():
                print(f"packaging {contender.name}", file=sys.stderr)
                contenders.package(contender, folder, interpreter)
            subjects.append(Subject(contender, folder))
        bench = Bench(python, client)
        ours = next((s.folder for s in subjects if s.contender.name == contenders.OURS_FAST), None)
        causes = Causes(python, ours) if ours else None
        try:
            for turn in range(rounds + 1):
                at = turn % len(subjects)
                for subject in subjects[at:] + subjects[:at]:
                    wall, cpu, _ = bench.start(subject)
                    if turn:  # the first round warms the page cache
                        subject.wall.append(wall)
                        subject.cpu.append(cpu)
                if causes and turn:
                    causes.round()
            for subject in subjects:
                bench.count(subject)
        finally:
            bench.api.close()
        return {
            **describe_machine(interpreter),
            "rounds": rounds,
            "causes_ms": causes.summary() if causes else {},
            "client": contenders.versions(client),
            "contenders": {s.contender.name: summary(s, subjects[0]) for s in subjects},
        }


def show(record: dict[str, object]) -> None:
    """Print one line for each contender."""
    found = record["contenders"]
    assert isinstance(found, dict)
    print(f"{'':34}{'wall ms':>9}{'ratio':>7}{'CPU ms':>9}{'files':>7}{'calls':>7}{'modules':>9}")
    for name, row in found.items():
        print(
            f"{name:34}{row['wall_ms']:>9.1f}{row['wall_ratio']:>7.2f}{row['cpu_ms']:>9.1f}"
            f"{row['files'] or '-':>7}{row['calls'] or '-':>7}{row['modules']:>9}"
        )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Measure cold starts.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", action="append", help="part of a name; repeatable")
    parser.add_argument("--write", action="store_true", help="keep the results, and write the page")
    options = parser.parse_args()
    chosen = [
        each
        for each in contenders.CONTENDERS
        if not options.only
        or each.name == contenders.BASELINE
        or any(part in each.name for part in options.only)
    ]
    record = measure(chosen, options.rounds)
    show(record)
    if shutil.which("strace") is None:
        print("no strace here: files and calls are not counted", file=sys.stderr)
    if options.write:
        RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_page()


if __name__ == "__main__":
    main()
