"""What builds take: `packager build` beside uv, sam, pex and serverless-python-requirements.

    python -m benchmarks.build [--rounds 5] [--large-rounds 3] [--write]

Each tool packages a handler with the same pinned packages: cold (its caches and uv's are empty,
what it needs comes from the index), again (nothing changed) and after an edit of one file. Each
round runs every tool once. Then ours alone: a plugin of three groups beside one of one, and
`--help`, `check` and `build` in time and peak memory. Wall times and CPU times, with what the
children took. Nothing is deleted until all is measured: for a while after, ext4 looks past each
deleted inode whenever a file is made. Nothing fails on a slow day.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.build_contenders import LARGE, SMALL, Contender, others, ours
from benchmarks.machine import describe_machine
from benchmarks.page import RESULTS, write_page
from packager.host.interpreter import Interpreter, newest_supported

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "plugins" / "slack_bot"
PATIENCE = 900
Measure = dict[str, float]  # "seconds", "cpu" in seconds, "mb" of memory at most
Rounds = dict[str, list[Measure]]


def run(command: Iterable[str], folder: Path, cache: Path, more: dict[str, str]) -> Measure:
    """Run a command, whose caches are in `cache`; return what it took."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), **more}
    environment.pop("UV_CACHE_DIR", None)
    before = time.perf_counter()
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [*command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - before
    if child.returncode:
        raise SystemExit(f"{command}: {(folder / 'log').read_text('utf-8', 'replace')[-2000:]}")
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024}


def build(contender: Contender) -> Measure:
    """Run a tool in its folder."""
    folder = contender.folder
    return run(contender.command, folder, folder / "cache", dict(contender.environment))


def cold(contender: Contender) -> Measure:
    """Build where no cache has anything; what an earlier build made is moved aside."""
    before = Path(tempfile.mkdtemp(dir=contender.folder, prefix="before-"))
    for each in ("cache", *contender.results):
        if (contender.folder / each).exists():
            (contender.folder / each).rename(before / each)
        (contender.folder / each).mkdir()
    return build(contender)


def edited(contender: Contender) -> Measure:
    """Build after an edit."""
    with (contender.folder / contender.edited).open("a") as source:
        source.write(f"\nedited = {time.time_ns()}\n")
    return build(contender)


def beside_others(
    folder: Path, target: Interpreter, packages: tuple[str, ...], rounds: int
) -> dict[str, Rounds]:
    """Measure all tools with `packages`, in `folder`: {"cold": {tool: rounds}, ...}."""
    found: dict[str, Rounds] = {"cold": {}, "again": {}, "edited": {}}
    tools = [ours(folder / "ours", target, packages), *others(folder, target, packages)]
    for number in range(rounds):
        for tool in (*tools[number % len(tools) :], *tools[: number % len(tools)]):
            for case, measure in (("cold", cold), ("again", build), ("edited", edited)):
                found[case].setdefault(tool.name, []).append(measure(tool))
                took = found[case][tool.name][-1]["seconds"]
                print(f"{number + 1}/{rounds} {case:7} {tool.name:36} {took:.2f} s", flush=True)
    return found


def groups(folder: Path, target: Interpreter, rounds: int) -> Rounds:
    """Measure ours with one group and three, built cold and again, in `folder`."""
    found: Rounds = {}
    tools = {number: ours(folder / str(number), target, SMALL, number) for number in (1, 3)}
    for _ in range(rounds):
        for number, tool in tools.items():
            for case, measure in (("cold", cold), ("again", build)):
                found.setdefault(f"{case}, {number}", []).append(measure(tool))
    return found


def commands(folder: Path, rounds: int) -> Rounds:
    """Measure commands on an example, in `folder`."""
    packager = str(Path(sys.executable).with_name("packager"))
    found: Rounds = {}
    folder.mkdir()
    cases = {
        "--help": (packager, "--help"),
        "check": (packager, "check", str(EXAMPLE)),
        "build, again": (packager, "build", str(EXAMPLE), "-o", "out"),
    }
    for command in cases.values():  # fills the caches
        run(command, folder, folder / "cache", {})
    for _ in range(rounds):
        for name, command in cases.items():
            found.setdefault(name, []).append(run(command, folder, folder / "cache", {}))
    return found


def medians(rounds: Rounds) -> dict[str, Measure]:
    """Return the median of each number."""
    return {
        name: {key: round(statistics.median(m[key] for m in all_of), 3) for key in all_of[0]}
        for name, all_of in rounds.items()
    }


def main() -> None:
    """Measure, print, and with --write keep the numbers and the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large-rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    target = newest_supported()
    if target is None:
        raise SystemExit("no Python that bundles can be built for")
    record: dict[str, object] = {**describe_machine(target), "rounds": options.rounds}
    record["large_rounds"] = options.large_rounds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        record["commands"] = medians(commands(folder / "commands", 4 * options.rounds))
        record["groups"] = medians(groups(folder / "groups", target, options.rounds))
        for name, packages, rounds in (
            ("small", SMALL, options.rounds),
            ("large", LARGE, options.large_rounds),
        ):
            found = beside_others(folder / name, target, packages, rounds)
            record[name] = {case: medians(of_case) for case, of_case in found.items()}
    print(json.dumps(record, indent=1))
    if options.write:
        (RESULTS / "build.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        write_page()


if __name__ == "__main__":
    main()
