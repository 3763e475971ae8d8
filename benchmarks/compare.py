"""What a change costs: two states of our own in one run, and how far one and the same are apart.

    python -m benchmarks.compare BEFORE AFTER [--rounds 40]

BEFORE and AFTER are checkouts of the repository. Each builds `neko` and the benchmark's plugin with
its own packager. Every round measures both, and BEFORE a second time (A/A): a difference that is no
larger than between the latter two says nothing. Cold: from spawn to the reply, both entries; files
opened, system calls (strace) and instructions (valgrind) once, the latter the same however busy the
machine is. Warm: CPU time per event.
"""

from __future__ import annotations

import argparse
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import cold_contenders as contenders
from benchmarks import warm
from benchmarks.cold import Bench, Subject
from packager.host.interpreter import Interpreter, host_architecture
from packager.local.stock_client import client_folder

CASES = (("2.0", "GET"), ("1.0", "GET"), ("2.0", "POST 100 B"))
NAMES = ("before", "before again", "after")


def build(checkout: Path, plugin: str, out: Path, interpreter: Interpreter) -> Path:
    """Build a plugin of a checkout with that checkout's packager; return its bundle."""
    command = [sys.executable, "-m", "packager", "build", plugin, "-o", str(out)]
    command += ["--runtime", interpreter.python, "--arch", host_architecture()]
    subprocess.run(command, check=True, cwd=checkout, stdout=subprocess.DEVNULL)
    return next(path for path in out.iterdir() if path.is_dir())


def cold(folders: list[Path], entry: str, python: Path, client: Path, rounds: int) -> None:
    """Print wall and CPU time of each bundle's cold start, and what it opens and calls."""
    bench = Bench(python, client)
    model = contenders.Contender("", "", contenders.NEKO, entry=entry)
    subjects = [
        Subject(replace(model, name=name), folder)
        for name, folder in zip(NAMES, folders, strict=True)
    ]
    instructions: list[int | None] = []
    try:
        for turn in range(rounds + 1):
            at = turn % len(subjects)
            for subject in subjects[at:] + subjects[:at]:
                wall, cpu, _ = bench.start(subject)
                if turn:
                    subject.wall.append(wall)
                    subject.cpu.append(cpu)
        for subject in subjects:
            bench.count(subject)
            instructions.append(count_instructions(bench, subject))
    finally:
        bench.api.close()
    first = statistics.median(subjects[0].wall)
    for subject, count in zip(subjects, instructions, strict=True):
        wall, cpu = statistics.median(subject.wall), statistics.median(subject.cpu)
        print(
            f"cold, {entry:5}  {subject.contender.name:12}  {wall:6.1f} ms ({wall / first:.3f})  "
            f"CPU {cpu:5.1f} ms  {subject.files} files  {subject.calls} calls  "
            f"{count / 1e6 if count else math.nan:.2f} million instructions",
            flush=True,
        )


def count_instructions(bench: Bench, subject: Subject) -> int | None:
    """Return how many instructions a process takes from spawn to its end after the reply.

    Those of the kernel don't count. None without valgrind.
    """
    if shutil.which("valgrind") is None:
        return None
    contender = subject.contender
    command = contenders.command(
        contender, subject.folder, bench.starter.python, bench.starter.client
    )
    env = contenders.environment(contender, subject.folder, bench.api.address)
    prefix = (
        "valgrind",
        "--tool=callgrind",
        "--trace-children=yes",
        "--callgrind-out-file=/dev/null",
    )
    process = subprocess.Popen(
        [*prefix, *command],
        cwd=subject.folder,
        env=env | {"PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    bench.api.serve_one(bench.events[contender.payload])
    process.terminate()
    said = process.communicate(timeout=contenders.SECONDS)[1]
    bench.api.hang_up()
    found = re.search(r"Collected : (\d+)", said)
    return int(found[1]) if found else None


def warm_events(folders: list[Path], payload: str, case: str, python: str, rounds: int) -> None:
    """Print CPU microseconds per event of each bundle."""
    workers = [warm.start("packager", payload, case, folder, python) for folder in folders]
    samples: list[list[float]] = [[] for _ in folders]
    for turn in range(rounds + 1):
        for index in range(turn, turn + len(workers)):
            worker = workers[index % len(workers)]
            assert worker.stdin and worker.stdout
            worker.stdin.write(f"{warm.CASES[case][5]}\n")
            worker.stdin.flush()
            answer = float(worker.stdout.readline())
            if turn:
                samples[index % len(workers)].append(answer)
    for worker in workers:
        worker.communicate()
    first = statistics.median(samples[0])
    for name, values in zip(NAMES, samples, strict=True):
        median = statistics.median(values)
        print(
            f"warm, {case} {payload}  {name:12}  {median:6.2f} us ({median - first:+.2f})",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    interpreter = warm.target_python()
    with tempfile.TemporaryDirectory(prefix="compare-") as name:
        work = Path(name)
        bundles: dict[str, list[Path]] = {}
        for plugin in ("plugins/neko", "benchmarks/plugin"):
            made = [
                build(
                    checkout.resolve(), plugin, work / f"{number}-{Path(plugin).name}", interpreter
                )
                for number, checkout in enumerate((options.before, options.after))
            ]
            bundles[plugin] = [made[0], made[0], made[1]]
        python = contenders.clean_interpreter(interpreter, work / "python")
        client = work / "client"
        shutil.copytree(client_folder(interpreter), client)
        contenders.compile_all(client, interpreter)
        for entry in ("fast", "stock"):
            cold(bundles["plugins/neko"], entry, python, client, options.rounds)
        for payload, case in CASES:
            folders = bundles["benchmarks/plugin"]
            warm_events(folders, payload, case, str(interpreter.path), options.rounds)


if __name__ == "__main__":
    main()
