"""What it costs to load endpoints before the first request, and what that request saves.

    python -m benchmarks.init_phase [--rounds 20]

Each process starts from nothing. From its first request for work on it has the CPU share that
Lambda gives a memory size (1769 MB is one CPU: AWS Lambda, "Configure Lambda function memory"),
here a quota of the CPU controller of cgroups, version 1 or 2, which needs root; the init phase has
the machine, as it has some two CPUs on Lambda whatever the memory size. Times are medians, from
spawn to the first request for work (init phase) and from the event to the last byte of the reply.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from benchmarks import cold_contenders as contenders
from benchmarks.cold_api import ColdApi
from benchmarks.machine import describe_machine
from benchmarks.warm import make_event, target_python
from packager.host.interpreter import host_architecture

MEMORY = (128, 512, 1769)  # MB
FULL = 1769  # MB, with which a function has one CPU
PERIOD = 20_000  # us
KINDS = {"first request": False, "init phase": ["endpoints.duck"]}
# A light endpoint, and one whose dependency takes its time to import.
PLUGINS = {"neko": "", "neko and requests": "import requests\n"}
CGROUPS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))


@contextmanager
def cpu_share(megabytes: int) -> Iterator[Path]:
    """Yield the file that a process writes its id to, to have that much CPU and no more.

    It comes before others on the machine, so that these take none of its share.
    """
    root = next(each for each in CGROUPS if (each / "cgroup.procs").exists())
    folder = root / f"packager-{os.getpid()}"
    folder.mkdir()
    try:
        quota = PERIOD * megabytes // FULL
        if (folder / "cpu.max").exists():
            (folder / "cpu.weight").write_text("10000")
            (folder / "cpu.max").write_text(f"{quota} {PERIOD}")
        else:
            (folder / "cpu.shares").write_text("262144")
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
            (folder / "cpu.cfs_quota_us").write_text(str(quota))
        yield folder / "cgroup.procs"
    finally:
        folder.rmdir()


def build(folder: Path, extra: str, python: str, preload: object) -> Path:
    """Build the example, with `extra` at the top of the endpoint that is called."""
    plugin = Path(shutil.copytree(contenders.ROOT / "plugins" / "neko", folder / "neko"))
    source = plugin / "endpoints" / "duck.py"
    source.write_text(extra + source.read_text("utf-8"), "utf-8")
    configuration = plugin / "packager.toml"
    said = f"preload = {json.dumps(preload)}\n"
    configuration.write_text(said + configuration.read_text("utf-8"), "utf-8")
    if extra:
        with (plugin / "requirements.txt").open("a") as requirements:
            requirements.write("\nrequests\n")
    target = ("--runtime", python, "--arch", host_architecture())
    command = [sys.executable, "-m", "packager", "build", plugin, "-o", folder / "out", *target]
    subprocess.run(command, check=True, cwd=contenders.ROOT, stdout=subprocess.DEVNULL)
    return folder / "out" / "NekoFunction"


def start(api: ColdApi, bundle: Path, python: Path, procs: Path) -> tuple[float, float]:
    """Start a bundle once; return ms of its init phase and of its first request."""
    contender = contenders.Contender("", "", contenders.NEKO, entry="fast")
    env = contenders.environment(contender, bundle, api.address)
    before = perf_counter()
    process = subprocess.Popen(
        contenders.command(contender, bundle, python, python),
        cwd=bundle,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        event = json.dumps(make_event("2.0", "GET")).encode()
        reply = api.serve_one(event, lambda: procs.write_text(str(process.pid)) and None)
    finally:
        process.kill()
        process.wait()
        api.hang_up()
    return (reply.asked - before) * 1000, (reply.at - reply.sent) * 1000


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure the init phase and the first request.")
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    interpreter = target_python()
    api = ColdApi()
    with tempfile.TemporaryDirectory(prefix="init-") as name:
        work = Path(name)
        python = contenders.clean_interpreter(interpreter, work / "python")
        bundles = {
            (plugin, kind): build(work / f"{plugin} {kind}", extra, interpreter.python, preload)
            for plugin, extra in PLUGINS.items()
            for kind, preload in KINDS.items()
        }
        print(json.dumps(describe_machine(interpreter)))
        print(f"{'':20}{'MB':>6}{'endpoints in the':>18}{'init ms':>9}{'first request ms':>18}")
        for plugin in PLUGINS:
            for megabytes in MEMORY:
                found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
                with cpu_share(megabytes) as procs:
                    for turn in range(rounds + 1):
                        for kind in KINDS:
                            times = start(api, bundles[plugin, kind], python, procs)
                            if turn:  # the first warms the page cache
                                found[kind].append(times)
                for kind, each in found.items():
                    init, first = (statistics.median(column) for column in zip(*each, strict=True))
                    print(f"{plugin:20}{megabytes:>6}{kind:>18}{init:>9.1f}{first:>18.1f}")
    api.close()


if __name__ == "__main__":
    main()
